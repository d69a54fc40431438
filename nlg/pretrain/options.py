"""The settings of pretraining: the backbone's shape, the objectives, the run."""

import dataclasses

from nlg.backbone.config import PRESETS, BackboneConfig
from nlg.errors import OptionError
from nlg.training.options import TrainOptions
from nlg.training.shares import share_of


@dataclasses.dataclass(frozen=True)
class PretrainOptions(TrainOptions):
    """A `TrainOptions` with what is special to pretraining."""

    preset: str = "small"  # of nlg.backbone.config.PRESETS
    layers: int = 0  # this one and the next three: 0 is the preset's
    hidden_size: int = 0
    heads: int = 0
    feed_forward_size: int = 0
    row_tokens: int = 512  # of a packed row, and the positions that the model knows
    vocab_size: int = 9000  # at most; the rarest characters are left out
    min_count: int = 5  # of a character in the data, to have an id
    tokens_per_file: int = 0  # read so many of each file, evenly spread; 0 is all
    shares: tuple[str, ...] = ()  # pattern=share of the samples of the files it fits
    dev_tokens: int = 200_000  # kept back from the data for dev
    bidirectional_share: float = 0.2  # of samples: masked words, both sides seen
    lm_share: float = 0.2  # of samples: every token from those before it
    mask_share: float = 0.15  # of the tokens that are seen from both sides, whole words
    recurring_share: float = 0.0  # of bidirectional samples that hide what recurs
    batch_tokens: int = 2048
    learning_rate: float = 1e-3
    steps: int = 20_000

    def __post_init__(self):
        """Refuse what cannot run."""
        super().__post_init__()
        for share in self.shares:
            share_of(share)
        if self.bidirectional_share + self.lm_share > 1:
            raise OptionError(
                f"bidirectional_share ({self.bidirectional_share}) and lm_share "
                f"({self.lm_share}) are more than all samples together"
            )
        if self.batch_tokens % self.row_tokens:
            raise OptionError(
                f"batch_tokens ({self.batch_tokens}) must be a multiple of row_tokens "
                f"({self.row_tokens})"
            )
        self.backbone(5)

    def bounds(self) -> dict[str, tuple[float, float]]:
        """Return the least and the greatest that each setting may be."""
        return {
            **super().bounds(),
            "row_tokens": (16, 8192),
            "vocab_size": (100, 65_535),
            "min_count": (1, 10**9),
            "tokens_per_file": (0, 10**12),
            "dev_tokens": (1000, 10**9),
            "bidirectional_share": (0, 1),
            "lm_share": (0, 1),
            "mask_share": (0.01, 0.9),
            "recurring_share": (0, 1),
        }

    def backbone(self, vocab_size: int) -> BackboneConfig:
        """Return the shape of the model for a vocabulary."""
        names = ("layers", "hidden_size", "heads", "feed_forward_size")
        changes = {name: getattr(self, name) for name in names if getattr(self, name)}
        if "hidden_size" in changes:
            changes.setdefault("feed_forward_size", 4 * changes["hidden_size"])
        changes["max_positions"] = self.row_tokens
        if self.preset not in PRESETS:
            raise OptionError(f"no preset {self.preset!r}; choose {', '.join(PRESETS)}")
        return BackboneConfig.preset(self.preset, vocab_size, **changes)
