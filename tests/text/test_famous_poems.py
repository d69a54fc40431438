"""What a teacher says of famous poems, from the handbooks (王力, 诗词格律).

famous_poems.tsv has a poem a row: title, author, rhyme, what is to be said of which
line, and the poem. docs/prosody.md shows the same.
"""

import pathlib

import pytest

from nlg.text.normalize import verses
from nlg.text.prosody import FREE_STYLES, check

ROWS = [
    row.split("\t")
    for row in pathlib.Path(__file__)
    .with_name("famous_poems.tsv")
    .read_text("utf-8")
    .splitlines()
]
TOLD = {"三仄尾", "孤雁入群", "孤雁出群", "首句不入韵"}  # of the notes
PAGE = pathlib.Path(__file__).parents[2] / "docs" / "prosody.md"


def said_of(verdict):
    """The style, and each fault, remark and 拗救 with its line."""
    if verdict.style in {*FREE_STYLES, "拗体"}:
        return {verdict.style}
    notes = [note for note in verdict.notes if note.kind in TOLD]
    found = (*verdict.violations, *notes, *verdict.rescues)
    return {f"{one.kind} {one.line}" for one in found} | {verdict.style} - {""}


def test_there_are_sixty_poems_and_more():
    assert len(ROWS) >= 60
    assert len({row[-1] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_famous_poem_gets_the_verdict_of_the_handbooks(row):
    _, _, rhyme, expected, poem = row
    verdict = check(verses(poem))
    assert verdict.form
    assert verdict.rhyme == rhyme
    assert said_of(verdict) == set(filter(None, expected.split("，")))


def test_the_page_shows_the_same_verdicts():
    page = PAGE.read_text("utf-8")
    for title, author, rhyme, expected, _ in ROWS:
        row = f"| {title} | {author} | {rhyme} | {expected or '合律'} |"
        assert row in page, title
