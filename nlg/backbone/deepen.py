"""More blocks for a UniLM that has learned, which at first change next to nothing.

    before    block 0                             block 1
    after     block 0   copy of 0   copy of 1     block 1

What a copy adds to its input is zero, so it passes on what it gets: the block expansion
of LLaMA Pro (arXiv:2401.02415), here for blocks whose norms stand after the sum. Such a
norm would still change what it passes on, each token having a mean and a deviation of
its own; a copy's norms give back those that the norm before them leaves on the average.
"""

import re
from collections.abc import Mapping

import numpy as np

BLOCK = re.compile(r"unilm/block_(\d+)/(.*)")
EMBEDDINGS_NORM = "unilm/embeddings/norm"
ADDING = ("attention/output_projection", "feed_forward/narrow")  # to the sum
NORMS = ("attention_norm", "feed_forward_norm")

Weights = Mapping[str, np.ndarray]


def deepened(tensors: Weights, layers: int) -> dict[str, np.ndarray]:
    """Return weights with `layers` blocks; the new ones stand before the last.

    Args:
        tensors: all weights by the names Keras gives them, of one block or more.
        layers: as many blocks as there are, or more.
    """
    blocks: dict[int, dict[str, np.ndarray]] = {}
    found = {}
    for name, tensor in tensors.items():
        if block := BLOCK.fullmatch(name):
            blocks.setdefault(int(block[1]), {})[block[2]] = tensor
        else:
            found[name] = tensor
    *deeper, last = (blocks[number] for number in sorted(blocks))
    before = _norm(deeper[-1], NORMS[-1]) if deeper else _norm(found, EMBEDDINGS_NORM)
    for number in range(layers - len(blocks)):
        deeper.append(_passing_on(blocks[number % len(blocks)], *before))
    for number, weights in enumerate([*deeper, last]):
        found |= {f"unilm/block_{number}/{name}": x for name, x in weights.items()}
    return found


def _norm(weights: Weights, name: str) -> tuple[np.ndarray, np.ndarray]:
    return weights[f"{name}/gamma"], weights[f"{name}/beta"]


def _passing_on(
    block: Weights, gamma: np.ndarray, beta: np.ndarray
) -> dict[str, np.ndarray]:
    """Return a copy of `block` that passes on what a norm of `gamma`, `beta` leaves."""
    copied = {
        name: np.zeros_like(x) if name.startswith(ADDING) else x.copy()
        for name, x in block.items()
    }
    deviation = np.sqrt(np.mean(np.square(gamma, dtype="float32")) + np.var(beta))
    for norm in NORMS:
        copied[f"{norm}/gamma"] = np.full_like(gamma, deviation)
        copied[f"{norm}/beta"] = np.full_like(beta, beta.mean())
        for steered in (f"{norm}/gamma_kernel", f"{norm}/beta_kernel"):
            if steered in copied:  # by a condition, which the norm before has applied
                copied[steered] = np.zeros_like(copied[steered])
    return copied
