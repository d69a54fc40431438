"""What a training of a classifier may be told; no Keras."""

import dataclasses

from nlg.training.options import MANY, TrainOptions


@dataclasses.dataclass(frozen=True)
class ClassifierTraining(TrainOptions):
    """The loop's options, and how much of text and backbone is used."""

    layers: int = 0  # the first so many blocks of the backbone; 0 is all
    max_tokens: int = 128  # of a text, [CLS] and [SEP] with it; the rest is not read
    dropout: float = 0.1  # inside the backbone
    head_dropout: float = 0.3  # of what is classified
    r_drop: float = 0.0  # weight of what two dropouts differ by (arXiv:2106.14448)
    balance: float = 0.0  # 1 finds rare labels as willingly as frequent ones
    batch_tokens: int = 2048
    learning_rate: float = 5e-4
    weight_decay: float = 0.05
    steps: int = 1000
    warmup_steps: int = 50
    decay_share: float = 0.9
    eval_every: int = 100
    patience: int = 4

    def bounds(self) -> dict[str, tuple[float, float]]:
        """Return the least and the greatest that each setting may be."""
        return super().bounds() | {
            "layers": (0, MANY),
            "max_tokens": (3, MANY),
            "dropout": (0, 0.9),
            "head_dropout": (0, 0.9),
            "balance": (0, 2),
            "r_drop": (0, 100),
        }
