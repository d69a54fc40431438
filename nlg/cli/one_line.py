"""An error on one line that a screen can show, whatever it quotes.

What a person typed stands in it: line ends, control characters, thousands of them.
"""

LONGEST, START = 700, 480  # characters of a line; of its start, where it is cut


def one_line(text: str) -> str:
    r"""Return `text` with blanks joined, controls escaped, and its middle left out.

    Example:
        >>> one_line("春\n\x08眠")
        '春 \\x08眠'
    """
    line = " ".join(text.split())
    line = "".join(map(_shown, line))
    if len(line) <= LONGEST:
        return line
    return f"{line[:START]} … {line[START - LONGEST :]}"


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode()
