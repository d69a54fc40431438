"""The settings of a training of the couplet model; no Keras."""

import dataclasses

from nlg.couplet.config import CoupletConfig
from nlg.errors import OptionError
from nlg.training.options import MANY, TrainOptions


@dataclasses.dataclass(frozen=True)
class CoupletTraining(TrainOptions):
    """The settings of the loop, of the model, and of the data."""

    units: int = CoupletConfig.units
    embedding_units: int = CoupletConfig.embedding_units
    blocks: int = CoupletConfig.blocks
    attend_every: int = CoupletConfig.attend_every
    heads: int = CoupletConfig.heads
    dropout: float = CoupletConfig.dropout
    context_dropout: float = CoupletConfig.context_dropout
    max_pairs: int = 32_768
    min_count: int = 5  # rarer characters of the training lines are unknown
    max_length: int = 40  # longer couplets are not trained on
    hidden_share: float = 0.0  # of the characters of 上联 that are hidden from a sample
    reverse_share: float = 0.15  # of samples: the first line from the second
    complete_share: float = 0.1  # of samples: a first line from a few of its characters
    metric_samples: int = MANY  # couplets of dev, for the metrics; 0 measures nothing
    learning_rate: float = 2e-3
    ema: float = 0.998

    def __post_init__(self):
        """Refuse what cannot run."""
        super().__post_init__()
        if self.reverse_share + self.complete_share > 1:
            raise OptionError(
                f"reverse_share ({self.reverse_share}) and complete_share "
                f"({self.complete_share}) are more than all samples together"
            )
        if self.attend_every and self.units % self.heads:
            raise OptionError(
                f"units ({self.units}) must be a multiple of heads ({self.heads})"
            )

    def bounds(self) -> dict[str, tuple[float, float]]:
        """Return the least and the greatest that each setting may be."""
        sizes = ("units", "embedding_units", "blocks", "heads", "min_count")
        shares = (
            "context_dropout",
            "hidden_share",
            "reverse_share",
            "complete_share",
        )
        return super().bounds() | {
            **dict.fromkeys((*sizes, "max_length"), (1, MANY)),
            **dict.fromkeys(shares, (0, 1)),
            "attend_every": (0, MANY),
            "dropout": (0, 0.9),
            **dict.fromkeys(("max_pairs", "metric_samples"), (0, MANY)),
        }

    def model(self, vocab_size: int, pairs: int) -> CoupletConfig:
        """Return the model's share of these settings."""
        names = {field.name for field in dataclasses.fields(CoupletConfig)}
        own = {k: v for k, v in dataclasses.asdict(self).items() if k in names}
        return CoupletConfig(vocab_size=vocab_size, pairs=pairs, **own)
