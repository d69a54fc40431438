"""The verdict on a poem as rows of text: what a person gets to read.

    1     白日依山尽         3     中平平仄仄    with --explain: the pattern above
          仄仄平平仄               欲穷千里目
                                   仄平平仄仄

Below a line stand ＾ under what is at fault, ～ under a tone against the pattern (拗)
and 〇 under the one that makes up for it (救). A command imports this file when it
runs.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.verdicts import NO_FAULT, conclusion, line_rows, row
from nlg.text.forms import FORMS
from nlg.text.rhymes import CILIN

if TYPE_CHECKING:
    from nlg.poem.check import Examination, Polyphone
    from nlg.text.prosody import Verdict, Violation
    from nlg.text.remarks import Note

CI, OLD_VERSE = "词", ("排律", "古风")  # styles
FAULT, DEPARTS, MAKES_UP = "＾～〇"
COLOURS = {FAULT: "red", DEPARTS: "yellow", MAKES_UP: "green"}
FAULTS = {
    "失替": "the even places do not alternate",
    "失对": "the line does not oppose the one before",
    "失粘": "the line does not begin as the one before did",
    "孤平": "仄平仄仄平 has one level tone besides the rhyme",
    "三平尾": "three level tones end the line",
    "出韵": "{character} does not rhyme {in_rhyme}",
    "韵脚仄声": "{character} ends an even line in an oblique tone",
    "重韵": "{character} rhymes a second time",
    "失律": "{character} should be {wanted}",
    "失叠": "the clause does not say again what stands before",
    "字数": "the pattern has a line of another length here",
    "拗句": "{character} is against the pattern, and made up for",
}
REPEAT = "重字"  # these share a row
TONES = "平仄"  # of the whole poem
NOTES = {
    "三仄尾": "three oblique tones end the line",
    "撞韵": "{character} sounds like the rhyme, but for its tone",
    "孤雁入群": "{character} rhymes in a neighbour of {rhyme}: {about}",
    "孤雁出群": "{character} rhymes in a neighbour of {rhyme}: {about}",
    "首句不入韵": "{character} is level and does not rhyme",
    "通押": "{character} is of {about}, which poets rhyme with {rhyme}",
    "上尾": "{character} ends in the same tone as two lines before: {about}",
}
RESCUES = {
    "本句自救": "places {by_place} and {place} trade tones, 平平仄平仄",
    "对句相救": "place {place} is oblique; place {by_place} of line {by_line} is level "
    "for it",
    "孤平拗救": "place {place} is oblique; place {by_place} is level for it",
}
WHY = {
    "word": "so in {word}",
    "rhyme": "it rhymes{share}",
    "pattern": "the pattern asks for it{share}",
    "use": "hardly ever otherwise{share}",
    "free": "either will do{share}",
}


def poem_rows(
    found: "Examination", explain: bool = False, colour: bool = False
) -> Iterator[str]:
    """Yield the lines with their tones, what is known of the poem, what is wrong.

    Args:
        found: what there is to say.
        explain: draw the pattern above each line.
        colour: paint what the signs below a line point to.
    """
    for number in range(len(found.lines)):
        yield from _line(found, number, explain, colour)
    yield ""
    yield from _about(found)
    yield from _rescued(found)
    for polyphone in found.polyphones:
        yield f"多音  {_polyphone(polyphone)}"
    yield from _notes(found)
    yield from _known(found)
    for fault in found.verdict.faults:
        yield _worded(fault, FAULTS, found)
    yield from _conclusion(found)


def _line(
    found: "Examination", number: int, explain: bool, colour: bool
) -> Iterator[str]:
    line, tones = found.lines[number], found.verdict.tones[number]
    signs = _signs(found, number, explain)
    if not explain:
        yield from line_rows(str(number + 1), line, tones, _places(signs, FAULT))
        return
    rows = [line, tones, "".join(signs).rstrip(NO_FAULT)]
    head = str(number + 1)
    for text in (*found.patterns[number : number + 1], *filter(None, rows)):
        painted = _painted(text, signs) if colour and text in rows[:2] else text
        yield row(head, text).replace(text, painted)
        head = ""


def _signs(found: "Examination", number: int, explain: bool) -> list[str]:
    """Return the sign below each place of a line."""
    signs = [NO_FAULT] * len(found.lines[number])
    for rescue in found.verdict.rescues if explain else ():
        for line, place, sign in (
            (rescue.line, rescue.place, DEPARTS),
            (rescue.by_line, rescue.by_place, MAKES_UP),
        ):
            if line == number + 1:
                signs[place - 1] = sign
    for fault in found.verdict.faults:
        if fault.line == number + 1:
            signs[fault.place - 1] = FAULT
    return signs


def _places(signs: list[str], sign: str) -> set[int]:
    return {place for place, one in enumerate(signs, 1) if one == sign}


def _painted(text: str, signs: list[str]) -> str:
    painted = (
        click.style(character, fg=COLOURS[sign], bold=True)
        if sign in COLOURS
        else character
        for character, sign in zip(text, signs, strict=True)
    )
    return "".join(painted)


def _about(found: "Examination") -> Iterator[str]:
    verdict = found.verdict
    if verdict.style == CI:
        yield f"词牌  {verdict.form}, {verdict.pattern}"
    elif verdict.style in OLD_VERSE:
        yield f"格律  {verdict.form}"
    elif verdict.form:
        style = f", {verdict.style}" if verdict.style else ""
        yield f"格律  {verdict.form}, {verdict.pattern or 'no standard pattern'}{style}"
    else:
        yield f"格律  none of {' '.join(FORMS)}, so only tones and rhyme are looked at"
    if found.near:
        yield f"词牌  fits none; near are {', '.join(found.near)}"
    for book, rhyme in (*found.rhymes.items(), *((CILIN, r) for r in verdict.cilin)):
        if rhyme.group:
            others = f"; not {' '.join(rhyme.others)}" if rhyme.others else ""
            tone = rhyme.tone if book == CILIN else ""
            yield f"押韵  {book} {rhyme.group}{tone}: {' '.join(rhyme.feet)}{others}"


def _rescued(found: "Examination") -> Iterator[str]:
    for rescue in found.verdict.rescues:
        needless = ", and need not be" if rescue.optional else ""
        what = RESCUES[rescue.kind].format(**rescue._asdict())
        yield f"拗救  {rescue.kind}  line {rescue.line}: {what}{needless}"


def _polyphone(found: "Polyphone") -> str:
    """Return how a character is read, and why."""
    share = "" if found.level is None else f"; 平 in {found.level:g} % of its use"
    why = WHY[found.why].format(word=found.word, share=share)
    return f"{found.character} {found.line}:{found.place} {found.reading}: {why}"


def _notes(found: "Examination") -> Iterator[str]:
    for note in found.verdict.notes:
        if note.kind == TONES:
            yield f"附注  平仄  {note.about} lines are 律句; tones are free here"
        elif note.kind != REPEAT:
            yield f"附注  {_worded(note, NOTES, found)}"
    repeats = [
        f"{found.lines[note.line - 1][note.place - 1]} {note.line}:{note.place}"
        for note in found.verdict.notes
        if note.kind == REPEAT
    ]
    if repeats:
        yield f"附注  {REPEAT}  {', '.join(repeats)}: stand in the poem before"
    if found.modern:
        yield (
            f"附注  {' '.join(found.modern)}: in no old book, so with the tone of "
            "today and no rhyme"
        )
    if found.unknown:
        yield f"附注  {' '.join(found.unknown)}: not known, so free in tone and rhyme"
    if found.left_out:
        yield f"附注  {' '.join(found.left_out)}: no Chinese characters, left out"


def _worded(
    one: "Violation | Note", words: dict[str, str], found: "Examination"
) -> str:
    """Return what is found where, in words."""
    character = found.lines[one.line - 1][one.place - 1]
    pattern = "".join(found.patterns[one.line - 1 : one.line])
    rhyme = _rhyme_around(character, found.verdict)
    facts: dict[str, Any] = {
        "character": character,
        "rhyme": rhyme,
        "in_rhyme": f"in {rhyme}" if rhyme else "with the lines around",
        "wanted": pattern[one.place - 1 : one.place],
    }
    what = words[one.kind].format(**facts | one._asdict())
    return f"{one.kind}  line {one.line}, place {one.place}: {what}"


def _rhyme_around(character: str, verdict: "Verdict") -> str:
    """Return the group that a character should rhyme in: a 词 may have several."""
    groups = (one.group for one in verdict.cilin if character in one.others)
    return next(groups, verdict.rhyme)


def _known(found: "Examination") -> Iterator[str]:
    known, run = found.known_lines, found.longest_shared_run
    shared = f"; one ends as a line there does, for {run} characters" if run else ""
    yield f"出处  {known} of {len(found.lines)} lines stand in the training set{shared}"


def _conclusion(found: "Examination") -> Iterator[str]:
    """Yield whether the poem is regulated verse, or what else it is."""
    verdict = found.verdict
    if not verdict.form:
        return
    if len(verdict.faults) < len(verdict.violations):
        places = (f"{one.kind} {one.line}:{one.place}" for one in verdict.violations)
        yield (
            f"{verdict.style}  it rhymes in {verdict.rhyme} and is not bound by the "
            f"rules of regulated verse: {', '.join(places)}"
        )
    elif verdict.style in STYLES:
        faults = len(verdict.violations)
        yield f"{verdict.style}  {STYLES[verdict.style]}, {_count(faults)}"
    elif verdict.style in OLD_VERSE:
        faults = len(verdict.violations)
        yield f"{verdict.style}  {_count(faults) if faults else 'it rhymes'}"
    else:
        yield conclusion(len(verdict.violations))


STYLES = {
    "折腰体": "the second half does not begin as the first ended",
    "拗体": "lines of old verse in a regulated form",
}


def _count(faults: int) -> str:
    return f"{faults} fault{'s' * (faults > 1)}"
