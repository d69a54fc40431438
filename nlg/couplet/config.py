"""What the couplet model is to do and its sizes; no Keras."""

import dataclasses

# What the network is to do: the second line from the first, the first from the second,
# a first line from a few of its characters.
MODES = ("forward", "reverse", "complete")
FORWARD, REVERSE, COMPLETE = range(len(MODES))

SOURCE_WEIGHT = (
    2.5  # in the search, of the factor that sees no context; the other's is 1
)


@dataclasses.dataclass(frozen=True)
class CoupletConfig:
    """Size of the model."""

    vocab_size: int  # V
    pairs: int  # frequent pairs of neighbours that have a vector of their own, and 0
    units: int = 256  # D
    embedding_units: int = 128  # E, of a character and of a pair
    blocks: int = 6
    attend_every: int = 0  # blocks, then all places see each other; 0 is never
    heads: int = 4  # of that attention
    dropout: float = 0.0  # inside the blocks
    context_dropout: float = 0.25  # share of places that do not see what precedes them
