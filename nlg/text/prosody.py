"""What regulated verse asks of a poem: the rules that it breaks, and what is no fault.

The books are in `nlg.text.rhymes`, the tones that poets use in `nlg.text.readings`, the
standard patterns in `nlg.text.patterns`, what a poem rhymes in in `nlg.text.rhyming`,
what makes up for a tone against the pattern in `nlg.text.rescues`, and what is remarked
without being a fault in `nlg.text.remarks`.

Tones are 平 (level) and 仄 (oblique). 多 (read in both) and ？ (unknown) satisfy
either, so they never make a violation by themselves. Source: 王力, 诗词格律.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nlg.text.forms import Form, form_of
from nlg.text.patterns import line_patterns, nearest_pattern
from nlg.text.readings import OPPOSITE, rhyme_groups, word_tones
from nlg.text.remarks import Note, remarks
from nlg.text.rescues import Rescue, hear, settle
from nlg.text.rhymes import OBLIQUE, PINGSHUI
from nlg.text.rhyming import Rhyme, is_oblique_rhyme, rhyme_of

TONE_RULES = ("失替", "失对", "失粘", "孤平", "三平尾")
BAD_ENDS = {"孤平": "仄平仄仄平", "三平尾": "平平平"}  # of lines
RHYME_RULES = ("出韵", "韵脚仄声", "重韵")
DEPARTURE = "拗句"  # a tone that another makes up for; a fault only if asked for
LINE_RULES = frozenset({"失替", "三平尾"})  # a line that breaks one is no 律句
OLD_QUATRAIN, OBLIQUE_VERSE = "古绝", "仄韵诗"
UNBOUND, BENT = "拗体", "折腰体"
FREE_STYLES = frozenset({OLD_QUATRAIN, OBLIQUE_VERSE})  # no rule of tones holds there
IRREGULAR = 2  # lines that are no 律句 make a poem one of another style


class Violation(NamedTuple):
    """A rule that a poem breaks, of `TONE_RULES` and `RHYME_RULES`, or `DEPARTURE`."""

    kind: str
    line: int  # from 1
    place: int  # from 1


class Verdict(NamedTuple):
    """What `check` finds in a poem."""

    form: str  # 五绝 七绝 五律 七律, a tune or a kind of 古风; "" for any other shape
    pattern: str  # the pattern that every even place and line end keeps, or ""
    rhyme: str  # the group that most lines rhyme in, or ""
    tones: tuple[str, ...]  # marks 平, 仄, 多 and ？, a string a line
    violations: tuple[Violation, ...]  # of regulated verse, in the order of the lines
    style: str = ""  # 古绝 仄韵诗 拗体 折腰体 词 排律 古风; "" for regulated verse
    rescues: tuple[Rescue, ...] = ()  # 拗救
    notes: tuple[Note, ...] = ()  # in the order of the lines
    cilin: tuple[Rhyme, ...] = ()  # of 词 and 古风: their rhymes, one after the other

    @property
    def faults(self) -> tuple[Violation, ...]:
        """Return the violations; 古绝 and 仄韵诗 are not bound by these rules."""
        return () if self.style in FREE_STYLES else self.violations

    @property
    def clean(self) -> bool:
        """Return whether it keeps all rules of a form."""
        return self.form != "" and not self.violations


def _beats(marks: str) -> list[tuple[int, str]]:
    """Return each certain even place with the tone it makes one expect at place 2."""
    beats = [(place, marks[place - 1]) for place in range(2, len(marks) + 1, 2)]
    return [
        (place, tone if place % 4 == 2 else OPPOSITE[tone])
        for place, tone in beats
        if tone in OPPOSITE
    ]


def _lost_alternation(lines: Sequence[str]) -> Iterator[Violation]:
    for number, marks in enumerate(lines, 1):
        beats = _beats(marks)
        for (_, before), (place, tone) in itertools.pairwise(beats):
            if tone != before:
                yield Violation("失替", number, place)


def _lost_contrast(lines: Sequence[str]) -> Iterator[Violation]:
    for number in range(2, len(lines) + 1, 2):
        upper, lower = _beats(lines[number - 2]), _beats(lines[number - 1])
        if upper and lower and upper[0][1] == lower[0][1]:
            yield Violation("失对", number, 2)


def _lost_bond(lines: Sequence[str]) -> Iterator[Violation]:
    for number in range(3, len(lines) + 1, 2):
        upper, lower = _beats(lines[number - 2]), _beats(lines[number - 1])
        if upper and lower and upper[0][1] != lower[0][1]:
            yield Violation("失粘", number, 2)


def _bad_ends(lines: Sequence[str]) -> Iterator[Violation]:
    for kind, end in BAD_ENDS.items():
        for number, marks in enumerate(lines, 1):
            if marks.endswith(end):
                yield Violation(kind, number, len(marks) - len(end) + 1)


def tone_violations(marks: Sequence[str]) -> list[Violation]:
    """Return where lines of tone marks break 替, 对 or 粘, have 孤平 or 三平尾.

    What another tone makes up for (拗救) is no violation.
    """
    settled, _ = settle(marks)
    rules = (_lost_alternation, _lost_contrast, _lost_bond, _bad_ends)
    return [violation for rule in rules for violation in rule(settled)]


def _oblique_feet(lines: Sequence[str]) -> Iterator[Violation]:
    for number in range(2, len(lines) + 1, 2):
        if lines[number - 1].endswith(OBLIQUE):
            yield Violation("韵脚仄声", number, len(lines[number - 1]))


def _lost_rhyme(lines: Sequence[str], rhyme: Rhyme, book: str) -> Iterator[Violation]:
    for number in range(2, len(lines) + 1, 2):
        groups = rhyme_groups(lines[number - 1][-1], book)
        if groups and rhyme.group not in groups:
            yield Violation("出韵", number, len(lines[number - 1]))


def _same_foot(lines: Sequence[str], rhyme: Rhyme) -> Iterator[Violation]:
    met = set()
    for number in range(2, len(lines) + 1, 2):
        foot = lines[number - 1][-1]
        if foot in met and foot in rhyme.feet:
            yield Violation("重韵", number, len(lines[number - 1]))
        met.add(foot)


def _style(
    form: Form, lines: Sequence[str], rhyme: Rhyme, found: Sequence[Violation]
) -> str:
    """Return what else than regulated verse of the usual kind a poem is."""
    irregular = {one.line for one in found if one.kind in LINE_RULES}
    if is_oblique_rhyme(lines, rhyme):
        return OLD_QUATRAIN if form.lines == 4 else OBLIQUE_VERSE
    rhymes = not any(one.kind in RHYME_RULES for one in found)
    if len(irregular) >= IRREGULAR and rhymes:
        return OLD_QUATRAIN if form.lines == 4 else UNBOUND
    middle = form.lines // 2 + 1
    bent = [(one.kind, one.line) for one in found] == [("失粘", middle)]
    return BENT if bent else ""


def check(
    lines: Sequence[str], book: str = PINGSHUI, strict_tones: bool = False
) -> Verdict:
    """Return form, pattern, rhyme and tones of a poem and the rules that it breaks.

    A poem in none of the four forms gets tones and rhyme only. 失对 and 失粘 are judged
    once a line, by the first even place that is certain; a first line that does not
    rhyme is no violation.

    Args:
        lines: simplified characters, no marks.
        book: whose tones and rhymes count.
        strict_tones: take a tone that another makes up for (拗救) as a fault, 拗句.

    Raises:
        OptionError: there is no such book.

    Example:
        >>> check(["白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼"])[:3]
        ('五绝', '仄起首句不入韵', '十一尤')
    """
    marks = tuple(word_tones(line, book) for line in lines)
    rhyme = rhyme_of(lines, book)
    form = form_of(lines)
    if form is None:
        return Verdict("", "", rhyme.group, marks, ())
    pattern, kept = nearest_pattern(lines, marks, form, book)
    heard = list(map(hear, marks, line_patterns(lines, marks, form, book)))
    settled, rescues = settle(heard)
    found = [
        *tone_violations(heard),
        *_oblique_feet(marks),
        *_lost_rhyme(lines, rhyme, book),
        *_same_foot(lines, rhyme),
    ]
    found.sort(key=lambda violation: violation[1:])
    style = _style(form, lines, rhyme, found)
    if strict_tones:
        found += [Violation(DEPARTURE, *r[1:3]) for r in rescues if not r.optional]
        found.sort(key=lambda violation: violation[1:])
    return Verdict(
        form.name,
        pattern.name if kept else "",
        rhyme.group,
        marks,
        tuple(found),
        style,
        tuple(rescues),
        tuple(remarks(lines, settled, rhyme, book)),
    )
