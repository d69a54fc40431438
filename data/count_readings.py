"""Count in which tone and rhyme poets use each character.

    python data/count_readings.py RHYME_FOLDER poems.jsonl.gz counts.json

A poem counts where it keeps a standard pattern but for the place that is looked at, so
the pattern says which tone the poet heard there. Only places are looked at that the
pattern fixes: the even ones and the last. In lines 中仄平平仄 and 中平平仄仄 the last
even place counts only after a level tone, as 平平仄平仄 may stand for the latter; it is
taken in both, so that a tone before an oblique end is no likelier than the other.

Characters of one tone, on which both books of `rhyme_sources` agree, tell which pattern
it is; and counted like all others they tell how often poets err (`make_rhymes.BOUNDS`).

Shapes: N poems of R lines by C characters, P patterns.
"""

import collections
import gzip
import json
import pathlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from rhyme_sources import chinese_word_rhyme, couyun, is_level

from nlg.text.forms import Form, form_of
from nlg.text.patterns import patterns

SIGNS = {"平": 1, "仄": -1, "中": 0}
UNITS = {5: (0, 2, 3), 7: (0, 2, 4, 5)}  # where two characters may be a word, 2-2-3
FEWEST = 20  # uses of a word that is counted
CODES = 0x30000  # code points that an ideograph may have


def certain_tones(folder: pathlib.Path) -> dict[str, int]:
    """Return 1 or -1 for characters that both books have in one tone only."""
    one, other = chinese_word_rhyme(folder), couyun(folder)
    tones = {
        character: {is_level(reading) for reading in one[character] | other[character]}
        for character in one.keys() & other.keys()
    }
    return {
        c: 1 if True in level else -1 for c, level in tones.items() if len(level) == 1
    }


def certain_groups(folder: pathlib.Path) -> dict[str, str]:
    """Return the level group of characters that both books have in that one only."""
    one, other = (
        {c: frozenset(filter(is_level, found)) for c, found in book(folder).items()}
        for book in (chinese_word_rhyme, couyun)
    )
    return {
        character: min(groups)[1:]
        for character, groups in one.items()
        if len(groups) == 1 and groups == other.get(character)
    }


def read_poems(path: pathlib.Path) -> dict[Form, list[list[str]]]:
    """Return the lines of all poems by form."""
    poems = collections.defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as rows:
        for row in rows:
            lines = json.loads(row)["lines"]
            form = form_of(lines)
            if form:
                poems[form].append(lines)
    return poems


def wanted_tones(form: Form) -> np.ndarray:
    """Return what each pattern fixes, int8 (P, R, C): 1 level, -1 oblique, 0 free."""
    marks = [[[SIGNS[m] for m in line] for line in p.lines] for p in patterns(form)]
    wanted = np.array(marks, "int8")
    wanted[:, :, :-1:2] = 0  # odd places, counted from 1
    return wanted


def settled(wanted: np.ndarray, tones: np.ndarray) -> np.ndarray:
    """Return `wanted` for each poem, (N, P, R, C), without what a trade may upset."""
    wanted = np.broadcast_to(wanted, (len(tones), *wanted.shape)).copy()
    oblique_end = wanted[..., -1] < 0
    unsure = tones[:, None, :, -3] <= 0
    wanted[..., -2][oblique_end & unsure] = 0
    return wanted


def fitted(form: Form, tones: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the tone that each place should have, int8 (N, R, C), and errors (N,).

    Of patterns that fit a poem as well, only what they agree in is wanted.
    """
    wanted = settled(wanted_tones(form), tones)
    errors = (wanted * tones[:, None] < 0).sum((2, 3))  # (N, P)
    fewest = errors.min(1)
    best = (errors == fewest[:, None])[..., None, None]
    least, most = np.where(best, wanted, 2).min(1), np.where(best, wanted, -2).max(1)
    return np.where(least == most, least, 0), fewest


def looked_at(form: Form, tones: np.ndarray) -> np.ndarray:
    """Return the tone that each place counts as, int8 (N, R, C); 0 if it does not."""
    wanted, errors = fitted(form, tones)
    here = wanted * tones < 0
    return np.where(errors[:, None, None] == here, wanted, 0)


def places_of(codes: np.ndarray, signs: np.ndarray) -> Iterator[tuple[str, int, int]]:
    """Yield character, tone and how often it counts as that."""
    there = signs != 0
    yield from _tally(codes[there][:, None], signs[there])


def words_of(
    codes: np.ndarray, signs: np.ndarray, start: int
) -> Iterator[tuple[str, int, int, int]]:
    """Yield word, which of its characters counts, tone, how often."""
    words = codes[:, :, start : start + 2]
    for which in (0, 1):
        there = signs[:, :, start + which] != 0
        for word, tone, count in _tally(
            words[there], signs[:, :, start + which][there]
        ):
            yield word, which, tone, count


def _tally(codes: np.ndarray, signs: np.ndarray) -> Iterator[tuple[str, int, int]]:
    table = np.concatenate([codes, signs[:, None]], axis=1)
    rows, counts = np.unique(table, axis=0, return_counts=True)
    for row, count in zip(rows.tolist(), counts.tolist(), strict=True):
        yield "".join(map(chr, row[:-1])), row[-1], count


def count_tones(
    poems: dict[Form, list[list[str]]], certain: dict[str, int]
) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Return how often [level, oblique]: a character, and one in a word (思 in 相_)."""
    tone_of = _table(certain)
    alone: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0])
    in_word: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0])
    for form, pages in poems.items():
        codes = _codes(form, pages)
        signs = looked_at(form, tone_of[codes])
        for character, tone, count in places_of(codes, signs):
            alone[character][tone < 0] += count
        for start in UNITS[form.columns]:
            for word, which, tone, count in words_of(codes, signs, start):
                in_word[_marked(word, which)][tone < 0] += count
    return alone, in_word


def lean(
    poems: dict[Form, list[list[str]]], certain: dict[str, int], others: set[str]
) -> dict[str, float]:
    """Return for each of `others` whether its places are level (> 0) or oblique ones.

    For characters that no book has: what their poems' patterns want counts 1 a place,
    and where they leave it open, what most characters there are.
    """
    tone_of = _table(certain)
    found: dict[str, float] = collections.defaultdict(float)
    for form, pages in poems.items():
        codes = _codes(form, pages)
        tones = tone_of[codes]
        mine = np.isin(codes, [ord(c) for c in others])
        usual = tones.mean(0)  # (R, C)
        rows = mine.any((1, 2))
        wanted, _ = fitted(form, tones[rows])
        weight = np.where(wanted != 0, wanted, usual)
        for code, value in zip(
            codes[rows][mine[rows]], weight[mine[rows]], strict=True
        ):
            found[chr(code)] += float(value)
    return found


def _table(certain: dict[str, int]) -> np.ndarray:
    table = np.zeros(CODES, "int8")
    table[[ord(c) for c in certain]] = list(certain.values())
    return table


def _codes(form: Form, pages: list[list[str]]) -> np.ndarray:
    """Return the code points of poems of one form, (N, R, C)."""
    flat = "".join("".join(page) for page in pages)
    return np.array([ord(c) for c in flat]).reshape(-1, form.lines, form.columns)


def _marked(word: str, which: int) -> str:
    """Return 思<相 for 思 after 相, 思>量 for 思 before 量."""
    return f"{word[1]}<{word[0]}" if which else f"{word[0]}>{word[1]}"


def count_feet(
    poems: dict[Form, list[list[str]]], certain: dict[str, str]
) -> dict[str, dict[str, int]]:
    """Return how often a character rhymes in each group, where two others agree on it.

    The first line may borrow the rhyme of a neighbour; it is evidence, and not counted.
    """
    feet: dict[str, collections.Counter[str]] = collections.defaultdict(
        collections.Counter
    )
    for pages in poems.values():
        for lines in pages:
            for foot, group in _rhymes(lines, certain):
                feet[foot][group] += 1
    return feet


def _rhymes(lines: Sequence[str], certain: dict[str, str]) -> Iterator[tuple[str, str]]:
    ends = [line[-1] for line in (*lines[1::2], lines[0])]
    groups = [certain.get(end, "") for end in ends]
    if len(lines) > 4:
        groups[-1] = ""  # three others are enough without it
    for number, foot in enumerate(ends[:-1]):
        others = [g for n, g in enumerate(groups) if g and n != number]
        if len(others) > 1 and len(set(others)) == 1:
            yield foot, others[0]


def main(folder: str, poems_path: str, out: str) -> None:
    """Count, and write what `make_rhymes.py` wants to know."""
    source = pathlib.Path(folder)
    poems = read_poems(pathlib.Path(poems_path))
    certain = certain_tones(source)
    alone, in_word = count_tones(poems, certain)
    met = {c for pages in poems.values() for page in pages for c in "".join(page)}
    strangers = met - couyun(source).keys() - chinese_word_rhyme(source).keys()
    counts: dict[str, Any] = {
        "certain": certain,
        "alone": alone,
        "in_word": {w: n for w, n in in_word.items() if sum(n) >= FEWEST},
        "feet": count_feet(poems, certain_groups(source)),
        "strangers": lean(poems, certain, strangers),
        "met": sorted(met),
    }
    pathlib.Path(out).write_text(json.dumps(counts, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: python data/count_readings.py RHYME_FOLDER POEMS OUT")
    main(*sys.argv[1:])
