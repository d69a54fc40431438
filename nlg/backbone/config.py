"""The shape of a backbone: one frozen dataclass, four presets."""

import dataclasses
from typing import Any

from nlg.config import check_bounds
from nlg.errors import OptionError

APPLICATIONS = ("unilm", "lm", "bidirectional")
ACTIVATIONS = ("gelu", "gelu_tanh", "relu")
LARGEST, MOST = 2**20, {"layers": 2**7}  # size; a config may be a stranger's


@dataclasses.dataclass(frozen=True)
class BackboneConfig:
    """Sizes of a BERT encoder, and what its attention may see by default."""

    vocab_size: int
    hidden_size: int = 384
    layers: int = 6
    heads: int = 6
    feed_forward_size: int = 1536
    max_positions: int = 512
    segments: int = 2
    embedding_size: int = 0  # 0 is hidden_size; another is mapped to it (ALBERT)
    activation: str = "gelu"  # of the feed-forward layers and of the head
    dropout: float = 0.0
    epsilon: float = 1e-12  # of every LayerNorm
    initializer_range: float = 0.02  # standard deviation of a fresh weight
    application: str = "unilm"  # what is written: segment 1, everything, or nothing
    condition_size: int = 0  # of Conditional LayerNorm; 0 is plain LayerNorm
    classes: tuple[int, ...] = ()  # of each kind of class that a row may have

    def __post_init__(self):
        """Refuse what cannot be built."""
        object.__setattr__(self, "classes", tuple(self.classes))
        counts = ("vocab_size", "hidden_size", "layers", "heads", "feed_forward_size")
        sizes = (*counts, "max_positions", "segments")
        check_bounds(self, {name: (1, MOST.get(name, LARGEST)) for name in sizes})
        if self.hidden_size % self.heads:
            raise OptionError(
                f"hidden_size ({self.hidden_size}) must be a multiple of heads "
                f"({self.heads})"
            )
        for name, known in (
            ("application", APPLICATIONS),
            ("activation", ACTIVATIONS),
        ):
            if getattr(self, name) not in known:
                raise OptionError(
                    f"{name} is {getattr(self, name)!r}; choose {', '.join(known)}"
                )
        if self.classes and not self.condition_size:
            raise OptionError("classes need a condition_size; 128 is usual")

    def least_weights(self, blocks: int) -> int:
        """Return how many numbers the tables and so many blocks have at least."""
        width = self.embedding_size or self.hidden_size
        rows = self.vocab_size + self.max_positions + self.segments
        block = 4 * self.hidden_size**2 + 2 * self.hidden_size * self.feed_forward_size
        return rows * width + blocks * block

    @classmethod
    def preset(cls, name: str, vocab_size: int, **changes: Any) -> "BackboneConfig":
        """Return one of `PRESETS` for a vocabulary, with `changes`.

        Example:
            >>> BackboneConfig.preset("tiny", 100).layers
            2
        """
        if name not in PRESETS:
            raise OptionError(f"no preset {name!r}; choose {', '.join(PRESETS)}")
        return cls(vocab_size, **PRESETS[name] | changes)

    @classmethod
    def from_dict(cls, config: dict[str, Any]) -> "BackboneConfig":
        """Return the config that `dataclasses.asdict` made, by way of JSON or not."""
        try:
            return cls(**config)
        except TypeError as error:
            raise OptionError(f"no such backbone: {error}") from None


def _preset(layers: int, hidden_size: int, heads: int) -> dict[str, Any]:
    return {
        "layers": layers,
        "hidden_size": hidden_size,
        "heads": heads,
        "feed_forward_size": 4 * hidden_size,
    }


PRESETS = {
    "base": _preset(12, 768, 12),  # BERT-base
    "small": _preset(6, 384, 6),
    "mini": _preset(6, 256, 4),
    "tiny": _preset(2, 32, 2),  # for tests
}
