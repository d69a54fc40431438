"""Which column of a table is the text, and which one its label.

    服务很好 TAB 1              without a header the label is the last column, or the
    1 TAB 服务很好              first, if values recur in that one alone
    qid TAB label TAB text_a    a first line that names its columns tells
    label,review                values between commas are read where such a line is

This file knows no label: a column of labels is one whose values recur.
"""

import collections
import csv
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

TEXT_NAMES = (
    *("text", "text_a", "sentence", "content", "review", "comment"),
    *("文本", "正文", "内容", "评论", "句子"),
)
TEXT_NAME = re.compile("|".join(TEXT_NAMES), re.I)
LABEL_NAME = re.compile("label|labels|class|category|sentiment|标签|类别|情感", re.I)
DOUBT = 10  # rows that show whether values recur
WAY_OUT = "name the columns in a first line, such as label TAB text"

Line = tuple[int, str]  # its number in the file, from 1, and what stands there


class Cells(NamedTuple):
    """A text and its label, "" if there is none, at line `number`."""

    number: int
    text: str
    label: str


def cells(lines: Sequence[Line]) -> list[Cells]:
    r"""Return the text and the label of each row; a header is left out.

    Raises:
        ValueError: it cannot be told which column is the label, or which the text.

    Example:
        >>> cells([(1, "label\ttext_a"), (2, "1\t服务很好")])
        [Cells(number=2, text='服务很好', label='1')]
    """
    rows = _rows(lines)
    header = _header([fields for _, fields in rows])
    if header:
        return [_named(number, fields, header) for number, fields in rows[1:]]
    last = label_is_last([fields for _, fields in rows if len(fields) > 1])
    return [_split(number, fields, last) for number, fields in rows]


def mostly_own(values: Sequence[str | None]) -> bool:
    """Return whether more than half of the values stand once: they are no labels."""
    counts = collections.Counter(values)
    return 2 * sum(count == 1 for count in counts.values()) > len(values)


def _rows(lines: Sequence[Line]) -> list[tuple[int, list[str]]]:
    """Return the fields of each line; where commas part the first, of each record."""
    first = lines[0][1] if lines else ""
    if "\t" not in first and _places(first.split(","), LABEL_NAME):
        try:
            return list(_comma_separated(lines))
        except csv.Error as error:
            raise ValueError(f"no values between commas: {error}") from None
    return [(number, line.split("\t")) for number, line in lines]


def _comma_separated(lines: Sequence[Line]) -> Iterator[tuple[int, list[str]]]:
    """Yield the records, a quoted line end inside them made a blank."""
    reader, begun = csv.reader(f"{line}\n" for _, line in lines), 0
    for fields in reader:
        yield lines[begun][0], [" ".join(x.split()) for x in fields]
        begun = reader.line_num


def _header(rows: Sequence[Sequence[str]]) -> tuple[int, int] | None:
    """Return the places of text and label if the first row names them, or None.

    A name counts if it stands nowhere below: 情感 may be a label of news.
    """
    if not rows or len(rows[0]) < 2:
        return None
    first, below = rows[0], rows[1:]
    own = [
        "" if any(row[n : n + 1] == [name] for row in below) else name
        for n, name in enumerate(first)
    ]
    texts, labels = _places(own, TEXT_NAME), _places(own, LABEL_NAME)
    if len(first) == 2 and len(texts) != len(labels):  # one name tells the other
        texts = texts or [1 - labels[0]]
        labels = labels or [1 - texts[0]]
    if texts and labels:
        return texts[0], labels[0]
    if texts or labels:
        raise ValueError(
            f"the first line names no {'label' if texts else 'text'}: "
            f"{' '.join(first)}; {WAY_OUT}"
        )
    return None


def _places(fields: Sequence[str], name: re.Pattern[str]) -> list[int]:
    """Return the places of the fields that are such a name, quoted or not."""
    return [n for n, x in enumerate(fields) if name.fullmatch(x.strip().strip('"'))]


def _named(number: int, fields: list[str], header: tuple[int, int]) -> Cells:
    text, label = ("".join(fields[place : place + 1]) for place in header)
    return Cells(number, text, label)


def label_is_last(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the label is the last column of some rows, and not the first.

    Raises:
        ValueError: many rows, and values recur in neither.
    """
    firsts, lasts = [row[0] for row in rows], [row[-1] for row in rows]
    if not mostly_own(lasts):
        return True
    shorter = sum(map(len, firsts)) < sum(map(len, lasts))
    if shorter and len(set(firsts)) > 1 and not mostly_own(firsts):
        return False
    if len(rows) < DOUBT:
        return True
    raise ValueError(
        f"{len(rows):,} rows have {len(set(lasts)):,} different values in the last "
        f"column, too many for labels; {WAY_OUT}"
    )


def _split(number: int, fields: list[str], last: bool) -> Cells:
    """Return a row's cells; a text may have tabs inside, and no label."""
    if len(fields) == 1:
        return Cells(number, fields[0], "")
    if last:
        return Cells(number, "\t".join(fields[:-1]), fields[-1])
    return Cells(number, "\t".join(fields[1:]), fields[0])
