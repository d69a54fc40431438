"""The settings of a training of the reader; no Keras."""

import dataclasses

from nlg.backbone.config import PRESETS
from nlg.errors import OptionError
from nlg.qa.config import SPECIAL, QAConfig, ReaderConfig
from nlg.training.options import MANY, TrainOptions
from nlg.training.shares import share_of


@dataclasses.dataclass(frozen=True)
class QATraining(TrainOptions):
    """The settings of the loop, of the model, and of the data."""

    preset: str = ""  # of PRESETS: random weights of that size; "" takes the backbone's
    dropout: float = 0.1
    r_drop: float = 0.0  # weight of what two dropouts differ by (arXiv:2106.14448)
    overlap: bool = QAConfig.overlap
    words: bool = QAConfig.words
    copy: bool = QAConfig.copy
    convolutions: int = QAConfig.convolutions
    layers: int = 0  # blocks: the first of a backbone, or more than a reader's; 0: all
    answer_types: bool = QAConfig.answer_types
    styles: bool = QAConfig.styles
    vectors: int = QAConfig.vectors  # of the most frequent words; 0: none
    vector_units: int = QAConfig.vector_units
    untold_share: float = 0.3  # of samples, which get no answer type; no style alike
    max_passage: int = 256  # characters; a longer one is cut around its answer
    least_passage: int = 64  # characters; a shorter one stands among others' passages
    max_question: int = 64  # characters; of a longer one the end stays: there it asks
    max_answer: int = 32  # characters; samples with a longer one are left out
    shares: tuple[str, ...] = ()  # pattern=share of the samples of the sources it fits
    swapped: float = 0.0  # share of the answers exchanged for others of their kind
    row_tokens: int = 384  # of a packed row
    by_sample: bool = False  # the loss is a mean over samples, not over answer tokens
    dev_questions: int = 200  # of dev, answered at every look
    batch_tokens: int = 3072
    learning_rate: float = 5e-4
    steps: int = 20_000
    warmup_steps: int = 500
    ema: float = 0.998
    eval_every: int = 1000

    def __post_init__(self):
        """Refuse what cannot run."""
        super().__post_init__()
        for share in self.shares:
            share_of(share)
        if self.preset and self.preset not in PRESETS:
            raise OptionError(
                f"preset is {self.preset!r}; choose {', '.join(PRESETS)}, or leave it "
                "empty for the backbone's weights"
            )
        if self.styles and not self.answer_types:
            raise OptionError(
                "styles=true needs answer_types=true: who is told the style is told "
                "the type too"
            )
        self._check_rows()

    def _check_rows(self) -> None:
        if self.row_tokens < self.longest():
            raise OptionError(
                f"row_tokens ({self.row_tokens}) must be at least {self.longest()}: "
                f"max_passage + max_question + max_answer + {SPECIAL}"
            )
        if self.batch_tokens % self.row_tokens:
            raise OptionError(
                f"batch_tokens ({self.batch_tokens}) must be a multiple of row_tokens "
                f"({self.row_tokens})"
            )

    def bounds(self) -> dict[str, tuple[float, float]]:
        """Return the least and the greatest that each setting may be."""
        sizes = ("max_passage", "max_question", "max_answer", "row_tokens")
        return super().bounds() | {
            **dict.fromkeys(sizes, (1, 8192)),
            "least_passage": (0, self.max_passage),
            "dev_questions": (0, MANY),
            "convolutions": (0, 8192),
            "vectors": (0, 65_535),
            "vector_units": (1, 8192),
            "layers": (0, MANY),
            "dropout": (0, 0.9),
            "r_drop": (0, 100),
            "untold_share": (0, 1),
            "swapped": (0, 1),
        }

    def model(self) -> QAConfig:
        """Return the model's share of these settings."""
        names = (field.name for field in dataclasses.fields(QAConfig))
        return QAConfig(**{name: getattr(self, name) for name in names})

    def reader(self, lower_case: bool) -> ReaderConfig:
        """Return what the checkpoint says of the model."""
        return ReaderConfig(
            model=self.model(),
            lower_case=lower_case,
            max_passage=self.max_passage,
            max_question=self.max_question,
            max_answer=self.max_answer,
        )

    def longest(self) -> int:
        """Return how many tokens a sample may have, the special ones too."""
        return self.max_passage + self.max_question + self.max_answer + SPECIAL

    def lexicon(self) -> bool:
        """Return whether the words of a dictionary are looked up."""
        return self.words or self.vectors > 0
