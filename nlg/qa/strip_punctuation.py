"""Strip marks from the ends of an answer, where a reader may copy one too many."""

STOPS = "，。！？；：、…,.!?;:"
PAIRS = ("()", "（）", "[]", "【】", "《》", "〈〉", "「」", "『』", "“”", "‘’")
OPENED = {pair[1]: pair[0] for pair in PAIRS}
CLOSED = {opens: closes for closes, opens in OPENED.items()}


def stripped(text: str) -> tuple[int, int]:
    """Return [start, end) of `text` without marks at its ends; it may be empty.

    Blanks and stops are stripped, and so are brackets and quotation marks without their
    other half. A stop after a Latin letter stays: Yahoo!, U.S.

    Example:
        >>> [text[slice(*stripped(text))] for text in ("广州市！", "伫立)", "《论语》")]
        ['广州市', '伫立', '《论语》']
    """
    start, end = 0, len(text)
    while start < end and _is_loose(text[start], CLOSED, text[start:end]):
        start += 1
    while start < end and _is_loose(text[end - 1], OPENED, text[start:end]):
        before = text[end - 2 : end - 1]
        if text[end - 1] in STOPS and before.isascii() and before.isalpha():
            break
        end -= 1
    return start, end


def _is_loose(mark: str, other_half: dict[str, str], text: str) -> bool:
    """Return whether `mark`, at an end of `text`, is to be stripped."""
    if mark in other_half:
        return other_half[mark] not in text
    return mark.isspace() or mark in STOPS or mark in OPENED or mark in CLOSED
