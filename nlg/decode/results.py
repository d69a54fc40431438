"""Judge and draw on the host what goes into a search and comes out; no Keras here.

This file knows neither the vocabulary nor how the search ran.

Shapes: B rows, N lines a row, T longest output.
"""

from collections.abc import Sequence

import numpy as np

from nlg.errors import OptionError

NEG_INF = -1e9  # finite, so that masked scores can be added without giving NaN
IMPOSSIBLE = NEG_INF / 2  # a line below this holds a masked token, so it is none
NO_TOKEN = -1  # in an array of tokens: nothing stands there
COLDEST = 1e-3  # temperature that stands for 0 where a graph divides by it


def refuse_impossible(log_probs: np.ndarray, rules: Sequence[str]) -> None:
    """Stop if a row has no line that keeps all rules.

    Args:
        log_probs: (B, N), best first.
        rules: the words for each rule in the error.

    Raises:
        OptionError: names the rows and the rules.

    Example:
        >>> refuse_impossible(np.array([[-1.2]]), ["begins with 春"])
        >>> rules = ["begins with 春", "春 is banned"]
        >>> refuse_impossible(np.array([[-1e9]]), rules)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        nlg.errors.OptionError: input 1: no line was found that keeps all of: begins...
    """
    rows = np.flatnonzero(np.asarray(log_probs)[:, 0] < IMPOSSIBLE)
    if len(rows):
        named = ", ".join(str(row + 1) for row in rows)
        raise OptionError(
            f"input {named}: no line was found that keeps all of: "
            f"{'; '.join(rules)}. Drop one of them or search with more beams"
        )


def refuse_repeats(count: int, temperature: float, what: str) -> None:
    """Stop if `count` draws of one source would all be the most probable line.

    Raises:
        OptionError: there are several, and the temperature is 0.

    Example:
        >>> refuse_repeats(2, 0.8, "text")
        >>> refuse_repeats(2, 0.0, "text")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        nlg.errors.OptionError: at temperature 0 there is one text; ask for one, or...
    """
    if count > 1 and temperature == 0:
        raise OptionError(
            f"at temperature 0 there is one {what}; ask for one, or raise the "
            "temperature"
        )


def line_of(token_ids: Sequence[int], end_id: int, pad_id: int = 0) -> list[int]:
    """Return the tokens before the end, and before padding at the end.

    Example:
        >>> line_of([7, 8, 3, 0, 0], end_id=3)
        [7, 8]
    """
    line = [int(token) for token in token_ids]
    if end_id in line:
        return line[: line.index(end_id)]
    while line and line[-1] == pad_id:
        line.pop()
    return line


def uniforms(seeds: Sequence[int | Sequence[int]], length: int) -> np.ndarray:
    """Return one number in [0, 1) for every seed and place, float32 (B, T).

    A row depends on its seed alone, and a longer row begins as a shorter one does; so a
    sampled line depends neither on its batch nor on the longest line asked for.

    Example:
        >>> bool(np.all(uniforms([7, 8], 3)[1] == uniforms([8], 5)[0, :3]))
        True
    """
    rows = [np.random.default_rng(seed).random(length, "float32") for seed in seeds]
    return np.stack(rows)
