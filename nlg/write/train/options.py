"""The settings of a training of the text writer; no Keras."""

import dataclasses

from nlg.errors import OptionError
from nlg.training.options import MANY, TrainOptions


@dataclasses.dataclass(frozen=True)
class WriteTraining(TrainOptions):
    """The settings of the loop, and how texts and their classes are given."""

    names: tuple[str, ...] = ()  # label=name; other classes are named by their label
    length: int = 64  # tokens of a text, its end among them; longer ones are cut
    tell: float = 0.85  # share of the texts that come with their class
    layers: int = 2  # blocks of the backbone, from the first; 0 is all
    dropout: float = 0.1
    condition_units: int = 64
    dev_texts: int = 500  # of dev, measured at every look
    metric_samples: int = 200  # texts of each class; 0 measures nothing
    batch_tokens: int = 1024
    learning_rate: float = 1e-3
    steps: int = 1400
    warmup_steps: int = 50
    ema: float = 0.99
    eval_every: int = 350
    save_every: int = 50

    def __post_init__(self):
        """Refuse what cannot run."""
        super().__post_init__()
        for name in self.names:
            name_of(name)

    def bounds(self) -> dict[str, tuple[float, float]]:
        """Return the least and the greatest that each setting may be."""
        counts = ("condition_units", "dev_texts")
        return super().bounds() | {
            **dict.fromkeys(counts, (1, MANY)),
            "length": (8, 512),
            "tell": (0, 1),
            "metric_samples": (0, MANY),
            "dropout": (0, 0.9),
            "layers": (0, MANY),
        }


def name_of(text: str) -> tuple[str, str]:
    """Return the label and the name of a setting in `names`.

    Example:
        >>> name_of("1=positive")
        ('1', 'positive')
    """
    label, _, name = (part.strip() for part in text.partition("="))
    if not (label and name):
        raise OptionError(f"names: {text}: write it as label=name, such as 1=positive")
    return label, name
