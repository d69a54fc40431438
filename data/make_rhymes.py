"""Make the tables of rhymes and readings that `nlg.text.prosody` reads.

    python data/count_readings.py RHYME_FOLDER poems.jsonl.gz counts.json
    python data/make_rhymes.py RHYME_FOLDER counts.json nlg/text data/decided.tsv

`rhyme_sources` says what RHYME_FOLDER holds. Written are

    rhymes.txt    平水韵   tone  group  部     characters    a fact of a rhyme book
                  普通话   tone  final         characters    how they are said today
                  用例     tone                characters    no book has them
    readings.txt  字       character  tones in use  share of 平, %  uses  words
                  韵       group  characters that never rhyme there
    decided.tsv   character  readings kept  readings dropped, by vote of `rhyme_votes`

平 in 普通话 are its first and second tone. 部 are those of 词林正韵, which parts nine
groups of 平水韵 in two. Of the words, 相～平 says that 思 is 平 after 相, ～量平 that
it is before 量, ～酒多 that it is either.
"""

import collections
import json
import pathlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import rhyme_sources as sources
from rhyme_sources import Readings, is_level
from rhyme_votes import BOUND, Decision, Use, Voters, interval, use_of

from nlg.text.normalize import simplified
from nlg.text.rhymes import XINYUN, group_of_final

COMMENT = (
    "# Facts of charlesix59/chinese_word_rhyme and hulbji/couyun (both MIT), put "
    "together by data/make_rhymes.py."
)
WORD_BOUND = 0.05  # share of a word's uses below which its character is not read so
FEWEST = 20  # uses of a character that are told
WORD_FIRM = 0.10  # share above which it is, even if the character alone is not
SEEN = 300  # uses of characters whose errors prove `BOUND`
WORD_SEEN = 50  # and of words that prove `WORD_BOUND`, but for one in a thousand
UNIFIED = range(0x4E00, 0xA000)  # the ideographs that are written, but for rare ones
TONES = "平上去入"


def assert_bounds(counts: dict[str, Any]) -> None:
    """Check that poets err less often, in characters of one tone, than the bounds say.

    Raises:
        AssertionError: a reading that is none would be taken for one.
    """
    certain = counts["certain"]
    alone = [_error(certain[c], n) for c, n in counts["alone"].items() if c in certain]
    words = [
        _error(certain[word[0]], n)
        for word, n in counts["in_word"].items()
        if word[0] in certain
    ]
    worst = max(error for error, uses in alone if uses >= SEEN)
    in_words = sorted(error for error, uses in words if uses >= WORD_SEEN)
    assert worst < BOUND, worst
    assert in_words[int(len(in_words) * 0.999)] < WORD_BOUND, in_words[-30:]


def _error(tone: int, counts: list[int]) -> tuple[float, int]:
    """Return the share of uses in the other tone, and the uses."""
    return counts[tone > 0] / sum(counts), sum(counts)


def written(books: Iterable[Iterable[str]], met: Iterable[str]) -> list[str]:
    """Return the characters of the tables: simplified ones, and those of the poems.

    A rare one counts if it is the simplified form of another.
    """
    known = sorted(set().union(*books))
    pairs = zip(known, simplified(known), strict=True)
    common = {short for c, short in pairs if ord(c) in UNIFIED or c != short}
    return sorted({*common, *met, "〇"})


# --- 平水韵


class Parts:
    """Which 部 of 词林正韵 a reading of 平水韵 belongs to."""

    def __init__(
        self, couyun: Readings, cilin: Readings, mandarin: dict[str, list[str]]
    ):
        self.cilin, self.mandarin = cilin, mandarin
        self.parts: dict[str, set[str]] = collections.defaultdict(set)
        self.said: dict[tuple[str, str], collections.Counter[str]] = (
            collections.defaultdict(collections.Counter)
        )
        for character, readings in couyun.items():
            parts = cilin.get(character, ())
            if len(readings) == len(parts) == 1:
                reading, part = min(readings), min(parts)[1:]
                self.parts[reading].add(part)
                for spoken in mandarin.get(character, ()):
                    self.said[reading, spoken][part] += 1

    def of(self, character: str, reading: str) -> str:
        """Return the 部; of two that a group is parted in, the one cilin.json has.

        What it does not say goes with those that sound alike in Mandarin.
        """
        parts = self.parts[reading]
        own = {p[1:] for p in self.cilin.get(character, ()) if p[0] == reading[0]}
        if len(parts & own or parts) == 1:
            return min(parts & own or parts)
        counts: collections.Counter[str] = collections.Counter()
        for spoken in self.mandarin.get(character, ()):
            counts += self.said[reading, spoken]
        return counts.most_common(1)[0][0] if counts else min(parts, key=int)


def pingshui_rows(
    decisions: dict[str, Decision], parts: Parts, order: list[str]
) -> Iterator[str]:
    """Yield the 106 groups of 平水韵, each in one row or two."""
    rows = collections.defaultdict(list)
    for character, decision in decisions.items():
        for reading in decision.kept:
            rows[reading, parts.of(character, reading)].append(character)
    for reading, part in sorted(rows, key=lambda r: (order.index(r[0]), int(r[1]))):
        characters = "".join(rows[reading, part])
        yield "\t".join(("平水韵", reading[0], reading[1:], part, characters))


# --- Mandarin


def spoken_rows(
    characters: Iterable[str], mandarin: dict[str, list[str]], xinyun: Readings
) -> Iterator[str]:
    """Yield the finals of Mandarin.

    Of the readings that finals.json has, the first counts, and those that xinyun.json
    has too; all if it lacks the character.
    """
    rows = collections.defaultdict(list)
    for character in characters:
        said = mandarin.get(character, [])
        own = xinyun.get(character)
        for number, reading in enumerate(dict.fromkeys(said)):
            if not number or own is None or _group(reading) in own:
                rows[reading].append(character)
    for reading in sorted(rows):
        yield "\t".join(("普通话", reading[0], reading[1:], "", "".join(rows[reading])))


def _group(reading: str) -> str:
    """Return tone and group of 中华新韵: 平ong -> 平十一庚."""
    return reading[0] + group_of_final(XINYUN)[reading[1:]]


def stranger_rows(characters: set[str], lean: dict[str, float]) -> Iterator[str]:
    """Yield, by the tone that poems want of them, characters that no book has."""
    for tone, sign in (("平", 1), ("仄", -1), ("多", 0)):
        mine = sorted(c for c in characters & lean.keys() if _sign(lean[c]) == sign)
        yield "\t".join(("用例", tone, "", "", "".join(mine)))


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


# --- readings in use


def reading_rows(decisions: dict[str, Decision], use: Use) -> Iterator[str]:
    """Yield what characters of both tones are read as, alone and in words."""
    words = collections.defaultdict(list)
    for word in use.in_word:
        words[word[0]].append(word)
    for character, decision in decisions.items():
        if len({is_level(reading) for reading in decision.kept}) == 2:
            alone = _tones(use.share(character, level=True), BOUND)
            uses = use.alone.get(character, [0, 0])
            share = 100 * uses[0] / max(1, sum(uses))
            decided = sorted(_words(alone, words[character], use))
            if sum(uses) < FEWEST and not decided:
                continue
            row = ("字", character, alone, f"{share:.1f}", str(sum(uses)))
            yield "\t".join((*row, " ".join(decided)))


def _tones(level: tuple[float, float], bound: float) -> str:
    """Return 平, 仄 or 多, given between which bounds the share of 平 lies."""
    if level[1] < bound:
        return "仄"
    return "平" if level[0] > 1 - bound else "多"


def _words(alone: str, words: Iterable[str], use: Use) -> Iterator[str]:
    """Yield the words that decide otherwise than the character `alone` does."""
    for word in words:
        level, oblique = use.in_word[word]
        share = interval(level, level + oblique)
        tones = _tones(share, WORD_BOUND)
        firm = {"多": True, "平": share[1] < 1 - WORD_FIRM, "仄": share[0] > WORD_FIRM}
        if tones != alone and firm[alone]:
            other = word[2]
            yield (f"{other}～" if word[1] == "<" else f"～{other}") + tones


def unrhymed_rows(decisions: dict[str, Decision], use: Use) -> Iterator[str]:
    """Yield, by group, the characters of several that poets do not rhyme in it."""
    rows = collections.defaultdict(list)
    for character, decision in decisions.items():
        groups = [reading[1:] for reading in decision.kept if is_level(reading)]
        for group in groups:
            if len(groups) > 1 and use.rhyme_share(character, group)[1] < BOUND:
                rows[group].append(character)
    for group in sorted(rows):
        yield "\t".join(("韵", group, "".join(rows[group])))


def decided_rows(
    decisions: dict[str, Decision], books: Iterable[Readings]
) -> Iterator[str]:
    """Yield what the vote decided, where both books have the character."""
    one, other = books
    for character, decision in decisions.items():
        if decision.disputed and character in one and character in other:
            kept = " ".join(sorted(decision.disputed - decision.dropped))
            yield "\t".join((character, kept, " ".join(sorted(decision.dropped))))


def main(folder: str, counts_path: str, tables: str, decided: str) -> None:
    """Vote, and write the tables."""
    source = pathlib.Path(folder)
    counts = json.loads(pathlib.Path(counts_path).read_text("utf-8"))
    assert_bounds(counts)
    books = sources.chinese_word_rhyme(source), sources.couyun(source)
    mandarin, xinyun = sources.mandarin(source), sources.xinyun(source)
    use = use_of(counts)
    voters = Voters(*books, mandarin, use)
    characters = written((*books, xinyun, mandarin), counts["met"])
    in_book = [c for c in characters if any(c in book for book in books)]
    decisions = {character: voters.decide(character) for character in in_book}
    parts = Parts(books[1], sources.cilin(source), mandarin)
    order = [
        sources.RENAMED.get(r, r) for r in sources.load(source, "pingshui_guangyun")
    ]
    strangers = set(characters) - decisions.keys()
    rhymes = (
        *pingshui_rows(decisions, parts, order),
        *spoken_rows(characters, mandarin, xinyun),
        *stranger_rows(strangers, counts["strangers"]),
    )
    assert_known(counts["met"], rhymes)
    readings = *reading_rows(decisions, use), *unrhymed_rows(decisions, use)
    write(pathlib.Path(tables, "rhymes.txt"), (COMMENT, *rhymes))
    write(pathlib.Path(tables, "readings.txt"), (COMMENT, *readings))
    write(pathlib.Path(decided), decided_rows(decisions, books))


def assert_known(met: Iterable[str], rows: Iterable[str]) -> None:
    """Check that the table has a tone for every character of the poems.

    Raises:
        AssertionError: those that it has none for.
    """
    unknown = set(met).difference(*(row.split("\t")[-1] for row in rows))
    assert not unknown, unknown


def write(path: pathlib.Path, rows: Iterable[str]) -> None:
    """Write a table, one row a line."""
    path.write_text("".join(f"{row}\n" for row in rows), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: python data/make_rhymes.py RHYME_FOLDER COUNTS TABLES DECIDED")
    main(*sys.argv[1:])
