"""Which tokens of a pretrained vocabulary are kept, and in which rows they stand.

Google's vocab.txt for Chinese has 21,128 tokens. A third of them are `##` and an
ideograph, which no tokenizer yields, and names like `[unused1]`: bert4keras drops both
(`load_vocab(simplified=True)`), and so does "simplified" here.

This file knows no weights: it says row numbers.
"""

import json
import pathlib
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from nlg.errors import CheckpointError
from nlg.text.tokenizer import CONTINUES, STANDS_ALONE
from nlg.text.vocab import MASK, SPECIAL

KEEP = ("simplified", "full")
SHOWN = 6  # tokens that an error lists
PADDING = (8, 16, 32, 64, 128)  # rows of a table are a multiple


class Kept(NamedTuple):
    """A vocabulary of ours, and where its tokens were."""

    tokens: list[str]
    rows: list[int]  # of the tokens before; -1 for a [MASK] that was not there


def read_tokens(path: pathlib.Path) -> list[str]:
    """Return the tokens of a vocab.txt or a tokenizer.json, in the order of their rows.

    A blank line is a token too, the empty one: other tokens keep their rows.

    Raises:
        CheckpointError: the file is not there, no UTF-8, or no WordPiece vocabulary.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CheckpointError(
            f"{path} is no UTF-8 text; convert it with iconv -t utf-8"
        ) from None
    if path.suffix == ".json":
        return _tokens_of_json(text, path)
    # Not splitlines: a vocabulary may have U+2028, which ends a line too, as a token.
    return [line.strip() for line in text.rstrip("\n").split("\n")]


def padded(tokens: list[str], rows: int) -> list[str]:
    """Return `tokens`, the empty one at rows that fill a table up to a round number.

    A table is padded to a multiple of 8 or more, as products of such sizes are faster;
    of the empty token no row is kept.

    Example:
        >>> padded(["[PAD]", "春"], 8)
        ['[PAD]', '春', '', '', '', '', '', '']
        >>> padded(["[PAD]", "春"], 7)
        ['[PAD]', '春']
    """
    round_up = {-(-len(tokens) // size) * size for size in PADDING}
    return [*tokens, *[""] * (rows - len(tokens))] if rows in round_up else tokens


def simplified(tokens: Sequence[str], first: Sequence[str] = SPECIAL) -> list[str]:
    """Return what bert4keras's `load_vocab(simplified=True, startswith=first)` keeps.

    Example:
        >>> simplified(["[PAD]", "[unused1]", "春", "##春", "##ing", "——"], ["[PAD]"])
        ['[PAD]', '春', '##ing']
    """
    return [*first, *(x for x in tokens if x not in first and not _is_redundant(x))]


def rows_of(table: int, tokens: list[str], path: pathlib.Path) -> list[str]:
    """Return the tokens that the `table` rows of a trained model stand for.

    A script of bert4keras reads all of vocab.txt, or the simplified part of it; the
    latter with four special tokens first in its examples, or with [MASK] as here.

    Raises:
        CheckpointError: `table` is the length of none of them.
    """
    ways = {"": padded(tokens, table)}
    for first in (SPECIAL[:4], SPECIAL):
        if set(first) <= set(tokens):
            ways[f"simplified from {', '.join(first)}"] = simplified(tokens, first)
    for way in ways.values():
        if len(way) == table:
            return way
    lengths = ", ".join(f"{len(way):,} {name}".strip() for name, way in ways.items())
    raise CheckpointError(
        f"{path} has {lengths} tokens, the weights have {table:,} rows; pass --vocab "
        "with the tokens of the rows, one a line"
    )


def cut(tokens: Sequence[str], keep: str, path: pathlib.Path) -> Kept:
    """Choose tokens and put them in our order, `SPECIAL` first.

    Args:
        tokens: of all rows. Of one that stands twice the last row counts, as for BERT;
            the empty one is dropped.
        keep: "simplified", "full", or a file that lists what to keep, one a line.
        path: where `tokens` are from, for the errors.

    Raises:
        CheckpointError: a special token is missing, or one that the file lists.
    """
    rows = {token: row for row, token in enumerate(tokens) if token}
    missing = [x for x in SPECIAL if x not in rows and x != MASK]
    if missing:
        raise CheckpointError(
            f"{path} has no {', '.join(missing)}; a BERT vocabulary is asked for"
        )
    wanted = _wanted(list(rows), keep, path)
    kept = [*SPECIAL, *dict.fromkeys(x for x in wanted if x not in SPECIAL)]
    return Kept(kept, [rows.get(token, -1) for token in kept])


def _wanted(tokens: list[str], keep: str, path: pathlib.Path) -> list[str]:
    if keep == "full":
        return tokens
    if keep == "simplified":
        return simplified(tokens)
    listed = [token for token in read_tokens(pathlib.Path(keep)) if token]
    unknown = [x for x in listed if x not in {*tokens, *SPECIAL}]
    if unknown:
        raise CheckpointError(
            f"{keep} lists {len(unknown)} tokens that {path} has not: "
            f"{' '.join(unknown[:SHOWN])}; take them out"
        )
    return listed


def _is_redundant(token: str) -> bool:
    """Return whether no text yields `token`: a tokenizer cuts it, or it is a name."""
    return len(token) > 1 and any(
        STANDS_ALONE.match(char) or unicodedata.category(char).startswith("P")
        for char in token.removeprefix(CONTINUES)
    )


def _tokens_of_json(text: str, path: pathlib.Path) -> list[str]:
    """Return the vocabulary of a tokenizer.json of Hugging Face."""
    try:
        model = json.loads(text)["model"]
        ids = {number: token for token, number in model["vocab"].items()}
        if model["type"] == "WordPiece":
            return [ids[number].strip() for number in range(len(ids))]
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise CheckpointError(f"{path} has no WordPiece vocabulary; pass --vocab vocab.txt")
