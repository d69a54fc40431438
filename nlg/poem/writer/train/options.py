"""The settings of a training of the writer; no Keras."""

import dataclasses

from nlg.errors import OptionError
from nlg.training.options import MANY, TrainOptions

SHARES = ("titles", "words", "tell_form", "tell_class", "tell_author", "tell_latent")


@dataclasses.dataclass(frozen=True)
class WriterTraining(TrainOptions):
    """The settings of the loop, and how often a poem comes with which condition."""

    titles: float = 0.4  # share of the batches whose source is the poem's title
    words: float = 0.4  # the same, words of the poem; the others' source is empty
    tell_form: float = 0.9  # share of the poems that come with their form
    tell_class: float = 0.6  # the same, their period; and their sentiment
    tell_author: float = 0.4
    tell_latent: float = 0.3  # what the VAE makes of the poem
    layers: int = 0  # blocks of the backbone, from the first; 0 is all
    author_poems: int = 400  # authors of fewer poems are no condition
    dropout: float = 0.1
    r_drop: float = 0.0  # weight of what two dropouts differ by (arXiv:2106.14448)
    condition_units: int = 128
    dev_poems: int = 400
    metric_samples: int = 200  # poems of each form; 0 measures nothing
    batch_tokens: int = 4096
    learning_rate: float = 1e-3
    steps: int = 20_000
    warmup_steps: int = 200
    ema: float = 0.998
    eval_every: int = 500

    def __post_init__(self):
        """Refuse what cannot run."""
        super().__post_init__()
        if self.titles + self.words > 1:
            raise OptionError(
                f"titles ({self.titles}) and words ({self.words}) are more than all "
                "batches together"
            )

    def bounds(self) -> dict[str, tuple[float, float]]:
        """Return the least and the greatest that each setting may be."""
        counts = ("author_poems", "condition_units", "dev_poems")
        return super().bounds() | {
            **dict.fromkeys(SHARES, (0, 1)),
            **dict.fromkeys(counts, (1, MANY)),
            "metric_samples": (0, MANY),
            "dropout": (0, 0.9),
            "r_drop": (0, 100),
            "layers": (0, MANY),
        }
