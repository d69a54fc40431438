"""Which weights learn, and how fast: by patterns on their paths and by their depth.

A pattern is a shell's (`*` is any text, `/` too) and must match the whole path:
`*/block_0/*`. This file knows of a model just that its weights have paths.

A factor scales the *update* of a weight. On the gradient it would do nothing, for Adam
divides by the gradient's size (kexue.fm/archives/6418).
"""

import contextlib
import fnmatch
import re
from collections.abc import Iterator, Sequence
from typing import Any

from nlg.config import nearest
from nlg.errors import OptionError
from nlg.training.options import rate_of

BLOCK = re.compile(r"(.*?)(?:^|/)block_(\d+)(?:/|$)")  # of the stack named before it
EMBEDDING = re.compile("embed|vocabulary")
CONDITION = "norm/"  # in the path of a projection of Conditional LayerNorm


def learning_factors(
    paths: Sequence[str], rates: Sequence[str], layer_decay: float = 1.0
) -> dict[str, float]:
    """Return the factor on the learning rate of each path.

    Args:
        paths: of the weights that learn.
        rates: "pattern=factor"; a path that several match gets the product.
        layer_decay: see `depth_factors`.

    Raises:
        OptionError: a pattern matches nothing, or there are no blocks to decay by.
    """
    factors = depth_factors(paths, layer_decay)
    for pattern, factor in map(rate_of, rates):
        for path in matches(pattern, paths, "rates"):
            factors[path] *= factor
    return factors


def depth_factors(paths: Sequence[str], decay: float) -> dict[str, float]:
    """Return the factor of each path by its depth (arXiv:1801.06146, 3.2).

        head, and all else    1
        block_N-1             decay
        block_0               decay ** N
        embeddings            decay ** (N + 1), N of the longest stack

    Example:
        >>> depth_factors(["m/embeddings/table", "m/block_0/w", "m/head/w"], 0.5)
        {'m/embeddings/table': 0.25, 'm/block_0/w': 0.5, 'm/head/w': 1.0}
    """
    if decay == 1:
        return dict.fromkeys(paths, 1.0)
    heights: dict[str, int] = {}
    for stack, number in filter(None, map(_block, paths)):
        heights[stack] = max(heights.get(stack, 0), number + 1)
    if not heights:
        raise OptionError(
            f"layer_decay is {decay}, but no weight is in a block_0, block_1, …; give "
            "the factors with rates"
        )
    return {path: decay ** _depth(path, heights) for path in paths}


def matrices(variables: Sequence[Any]) -> list[str]:
    """Return the paths of the kernels inside blocks: what `nlg.training.muon` updates.

    A kernel of a convolution (width, inputs, units) is a matrix of width * inputs rows.
    The projections of a condition inside a norm are left to AdamW: they start at zero,
    where the direction of a momentum means little.

    Raises:
        OptionError: there is none.
    """
    found = [
        x.path
        for x in variables
        if len(x.shape) >= 2 and BLOCK.match(x.path) and CONDITION not in x.path
    ]
    if not found:
        raise OptionError(
            "optimizer is muon, but no matrix is in a block_0, block_1, …; take adamw"
        )
    return found


def matches(pattern: str, paths: Sequence[str], option: str) -> list[str]:
    """Return the `paths` that `pattern` matches; one at least.

    Raises:
        OptionError: none does; the nearest is named.
    """
    found = [path for path in paths if fnmatch.fnmatchcase(path, pattern)]
    if not found:
        near = nearest(pattern.strip("*/"), paths)
        raise OptionError(
            f"{option}: {pattern} matches no weight; the nearest is {near}"
        )
    return found


@contextlib.contextmanager
def frozen(model: Any, patterns: Sequence[str]) -> Iterator[list[Any]]:
    """Give all weights of `model`; those that `patterns` match are not trained inside.

    An optimizer made inside has no gradient, no slot and no decay for them.
    """
    weights = {variable.path: variable for variable in model.trainable_variables}
    held = {path for p in patterns for path in matches(p, list(weights), "frozen")}
    if held == weights.keys():
        raise OptionError(f"frozen: {', '.join(patterns)} leaves no weight to train")
    for path in held:
        weights[path].trainable = False
    try:
        yield list(weights.values())
    finally:
        for path in held:
            weights[path].trainable = True


def _block(path: str) -> tuple[str, int] | None:
    """Return the stack and the number of the outermost block that `path` is in."""
    found = BLOCK.match(path)
    return (found[1], int(found[2])) if found else None


def _depth(path: str, heights: dict[str, int]) -> int:
    """Return how many layers `path` is away from the head."""
    block = _block(path)
    if block:
        stack, number = block
        return heights[stack] - number
    return max(heights.values()) + 1 if EMBEDDING.search(path) else 0
