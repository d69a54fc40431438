"""The rules of an answer in plain Python, apart from `nlg.text.couplets`."""

import unicodedata

from nlg.text.normalize import to_simplified


def letters(line):
    """Return the places of what is answered."""
    return [n for n, c in enumerate(line) if unicodedata.category(c)[0] in "LN"]


def pattern(line):
    """Return for each letter the first place where it stands."""
    return [line.index(line[n]) for n in letters(line)]


def assert_answers(given, answer):
    """Check all that an answer promises for any line: length, marks, repeats, reuse."""
    assert len(answer) == len(given)
    assert letters(answer) == letters(given)
    for n in set(range(len(given))) - set(letters(given)):
        assert answer[n] == given[n]
    known = "".join(map(to_simplified, given))
    assert len(known) == len(given)
    assert pattern(answer) == pattern(known)
    assert not {known[n] for n in letters(known)} & {answer[n] for n in letters(answer)}
