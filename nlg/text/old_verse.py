"""排律 and 古风: verse of lines of one length that is none of the four regulated forms.

排律 is regulated verse of ten lines or more: one rhyme in level tone, and nearly all
lines 律句. All else is 古风, whose tones are free and whose rhyme may change:

    长安一片月，万户捣衣声。秋风吹不尽，总是玉关情。…    五言古风   情 声 征
"""

from collections.abc import Iterator, Sequence

from nlg.text.ci_rhymes import Foot, parts_of, rhyme_of_feet, rhymes_across, tone_in_use
from nlg.text.prosody import LINE_RULES, Verdict, Violation, tone_violations
from nlg.text.readings import word_tones
from nlg.text.remarks import Note
from nlg.text.rhymes import LEVEL, PINGSHUI
from nlg.text.rhyming import Rhyme, rhyme_of

NUMBERS = "零一二三四五六七八九"
LONG_VERSE, FREE_VERSE = "排律", "古风"
LONGEST = 10  # lines that make regulated verse 排律
FEWEST = 4  # lines that make a poem
IRREGULAR = 5  # one line of 排律 in so many may be no 律句, one foot may not rhyme
TONES = "平仄"  # the note that tells how many lines are 律句


def check_old_verse(lines: Sequence[str], book: str = PINGSHUI) -> Verdict | None:
    """Return what there is to say of 排律 and 古风; None of any other shape.

    Only rhymes make violations: 出韵, a foot of 排律 outside its group, or of 古风 that
    rhymes with none beside it.

    Args:
        lines: simplified characters, no marks.
        book: whose tones and rhymes count.

    Example:
        >>> lines = ["长安一片月", "万户捣衣声", "秋风吹不尽"]
        >>> lines += ["总是玉关情", "何日平胡虏", "良人罢远征"]
        >>> found = check_old_verse(lines)
        >>> found.form, found.cilin[0].feet
        ('五言古风', '声情征')
    """
    lengths = {*map(len, lines)}
    if len(lengths) > 1 or len(lines) < FEWEST or max(lengths) >= len(NUMBERS):
        return None
    marks = tuple(word_tones(line, book) for line in lines)
    rhyme = rhyme_of(lines, book)
    regular = _regular(marks)
    name = FREE_VERSE
    if _is_long(lines, rhyme, regular):
        name = LONG_VERSE
    runs = list(_runs(lines))
    if name == LONG_VERSE:
        lost = [
            n for n in range(2, len(lines) + 1, 2) if lines[n - 1][-1] in rhyme.others
        ]
    else:
        lost = list(_alone(lines, runs))
    return Verdict(
        f"{NUMBERS[len(lines[0])]}言{name}",
        "",
        rhyme.group if name == LONG_VERSE else "",
        marks,
        tuple(Violation("出韵", n, len(lines[n - 1])) for n in lost),
        name,
        (),
        (Note(TONES, len(lines), 1, f"{regular} of {len(lines)}"),),
        tuple(r for _, r in runs if name == FREE_VERSE and len(r.feet) > 1),
    )


def _regular(marks: Sequence[str]) -> int:
    """Return how many lines are 律句."""
    broken = {one.line for one in tone_violations(marks) if one.kind in LINE_RULES}
    return len(marks) - len(broken)


def _is_long(lines: Sequence[str], rhyme: Rhyme, regular: int) -> bool:
    """Return whether a poem is 排律."""
    count = len(lines)
    few = IRREGULAR * (count - regular) <= count
    rhymes = IRREGULAR * len(rhyme.others) <= count // 2
    shape = count >= LONGEST and count % 2 == 0 and len(lines[0]) in (5, 7)
    return shape and few and rhymes and rhyme.tone == LEVEL


def _runs(lines: Sequence[str]) -> Iterator[tuple[list[int], Rhyme]]:
    """Yield the rhymes of the even lines, one after the other, and which they join.

    A foot goes with those before it where they have a 部 in common, or the next foot
    has.
    """
    numbers = list(range(2, len(lines) + 1, 2))
    parts = [parts_of(_heard(lines[number - 1])) for number in numbers]
    start, common = 0, parts[0]
    for at in range(1, len(numbers) + 1):
        ahead = frozenset[str]().union(*parts[at : at + 2]) & common
        if ahead:
            common &= parts[at] or common
            common = common or ahead
            continue
        run = numbers[start:at]
        yield run, rhyme_of_feet([_heard(lines[number - 1]) for number in run])
        start, common = at, parts[at] if at < len(parts) else frozenset()


def _alone(
    lines: Sequence[str], runs: Sequence[tuple[list[int], Rhyme]]
) -> Iterator[int]:
    """Yield the lines that rhyme neither in their run nor with the line before.

    Nor across 部 with their run, or one beside it.
    """
    for at, (numbers, run) in enumerate(runs):
        groups = [one.group for _, one in runs[max(at - 1, 0) : at + 2]]
        for number in numbers:
            foot, before = (_heard(lines[number - back]) for back in (1, 2))
            inside = len(run.feet) > 1 and foot.character in run.feet
            across = any(rhymes_across(foot, g) for g in groups if g != run.group)
            across = across or rhymes_across(foot, run.group) != "" != run.others
            if not inside and not across and not parts_of(foot) & parts_of(before):
                yield number


def _heard(line: str) -> Foot:
    return Foot(line[-1], tone_in_use(line[-1]))
