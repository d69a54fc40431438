"""How many columns text takes on a terminal: a Chinese character takes two."""

import unicodedata


def width(text: str) -> int:
    """Return the columns that `text` takes.

    Example:
        >>> width("nlg 五绝")
        8
    """
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def padded(text: str, columns: int) -> str:
    """Return `text` with the spaces after it that fill `columns`.

    Example:
        >>> padded("春", 4) + "|"
        '春  |'
    """
    return text + " " * (columns - width(text))
