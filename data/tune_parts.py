"""Find where the parts (片) of a tune meet, which 词谱 as data does not say.

Poets' texts do: of those with as many characters and the same stops as a variant, most
agree where the second part begins. A variant that nobody wrote to is parted where
another one of its tune is, counted from either end, if it rhymes there; else it is
left whole.
"""

import collections
import gzip
import itertools
import json
import pathlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nlg.text.normalize import to_simplified, verses
from nlg.text.tunes import AFTER, HEAD

PARTS = {"单调": 1, "双调": 2, "三段": 3, "四段": 4}
DOUBLED = 1.7  # a variant of 单调 that is so much longer than the first is sung twice

Meets = tuple[int, ...]  # the characters before each part but the first


class Shape(NamedTuple):
    """Where a variant stops, in characters from its beginning."""

    stops: tuple[int, ...]
    hard: frozenset[int]  # stops that everybody writes: not 豆
    rhymes: frozenset[int]


class Text(NamedTuple):
    """A 词 that a poet wrote."""

    name: str  # of its tune
    stops: frozenset[int]
    meets: Meets


def shape(clauses: Sequence[tuple[str, str]]) -> Shape:
    """Return the shape of clauses: tones, and the sign of the end."""
    stops = tuple(itertools.accumulate(len(tones) for tones, _ in clauses))
    signs = list(zip(stops, (sign for _, sign in clauses), strict=True))
    return Shape(
        stops,
        frozenset(stop for stop, sign in signs if sign != "、"),
        frozenset(stop for stop, sign in signs if sign.isalpha()),
    )


def read(path: str) -> Iterator[Text]:
    """Yield the 词 of a file of verse (JSON lines: kind, title, paragraphs)."""
    lines = gzip.decompress(pathlib.Path(path).read_bytes()).decode().splitlines()
    for fields in map(json.loads, filter(None, lines)):
        if fields["kind"] == "词":
            parts = [list(map(len, verses(part))) for part in fields["paragraphs"]]
            head = HEAD.match(to_simplified(fields["title"]))
            ends = itertools.accumulate(map(sum, parts))
            stops = itertools.accumulate(itertools.chain.from_iterable(parts))
            yield Text(head[0] if head else "", frozenset(stops), (*ends,)[:-1])


def meets(
    tunes: Sequence[tuple[Sequence[str], str, Sequence[Shape]]], texts: Sequence[Text]
) -> Iterator[list[Meets]]:
    """Yield for each tune where the parts of each variant meet; () is not at all.

    Args:
        tunes: names, kind (of `PARTS`) and variants.
        texts: what poets wrote.
    """
    by_name = collections.defaultdict(list)
    for text in texts:
        for name in {text.name, AFTER.sub("", text.name)}:
            by_name[name].append(text)
    for names, kind, shapes in tunes:
        sung = [text for name in names for text in by_name[name]]
        wanted = [parts_of(kind, one, shapes[0]) for one in shapes]
        found = [_voted(*pair, sung) for pair in zip(shapes, wanted, strict=True)]
        yield [
            one or _as_others(shapes[n], wanted[n], shapes, found)
            for n, one in enumerate(found)
        ]


def parts_of(kind: str, one: Shape, first: Shape) -> int:
    """Return how many parts a variant has."""
    longer = one.stops[-1] > DOUBLED * first.stops[-1]
    return 2 if PARTS[kind] == 1 and longer else PARTS[kind]


def _voted(one: Shape, parts: int, texts: Sequence[Text]) -> Meets:
    """Return where most texts of this shape have their parts meet."""
    found = collections.Counter(
        text.meets
        for text in texts
        if len(text.meets) + 1 == parts
        and one.hard <= text.stops <= {*one.stops}
        and one.hard.issuperset(text.meets)
    )
    return found.most_common(1)[0][0] if found and parts > 1 else ()


def _as_others(
    one: Shape, parts: int, shapes: Sequence[Shape], found: Sequence[Meets]
) -> Meets:
    """Return where another variant is parted, if this one rhymes there."""
    if parts != 2:
        return ()
    whole = one.stops[-1]
    for other, ends in zip(shapes, found, strict=True):
        if len(ends) == 1:
            for place in (ends[0], whole - (other.stops[-1] - ends[0])):
                if place in one.rhymes and place < whole:
                    return (place,)
    return ()
