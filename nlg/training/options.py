"""The settings of a training run, as one frozen dataclass."""

import dataclasses
import math

from nlg.config import check_bounds, hint
from nlg.errors import OptionError

MANY = 10**9
# A run may be given more steps, a lower rate after a NaN, or be watched more closely,
# and stays the same run.
MAY_CHANGE = (
    "steps",
    "learning_rate",
    "patience",
    "save_every",
    "eval_every",
    "workers",
)
OPTIMIZERS = ("adamw", "muon")
GRADIENT_OPS = {"centralise": False, "clip": True, "noise": True}  # takes a number?


@dataclasses.dataclass(frozen=True)
class TrainOptions:
    """Length, speed and bookkeeping of a run; one step is one update of the weights."""

    steps: int = 6000
    batch_tokens: int = 4096  # characters a batch, whatever the shape of its rows
    accumulate: int = 1  # batches a step, their gradients averaged
    optimizer: str = "adamw"  # or muon: for the matrices of blocks, AdamW for the rest
    learning_rate: float = 1.5e-3  # after the warm-up
    warmup_steps: int = 200
    decay_share: float = 0.3  # the last share of the run, where the rate falls to zero
    layer_decay: float = 1.0  # rate of a block over that of the next (arXiv:1801.06146)
    rates: tuple[str, ...] = ()  # pattern=factor on the rate of the weights it matches
    frozen: tuple[str, ...] = ()  # patterns of weights that stay as they are
    weight_decay: float = 0.01
    gradient_ops: tuple[str, ...] = ()  # such as centralise or clip=1.0, in order
    clip_norm: float = 1.0  # of all gradients together
    ema: float = 0.0  # momentum of the average of the weights; 0 keeps none
    eval_every: int = 500  # steps from one look at dev to the next
    save_every: int = 100  # steps from one resumable state to the next
    best_by: str = "dev_loss"  # the lowest on dev is kept; +dev_f1: the highest
    patience: int = 0  # looks at dev without a gain before stopping; 0 never stops
    workers: int = 0  # threads that make batches ahead; any number, the same batches
    seed: int = 1

    def __post_init__(self):
        """Refuse what cannot run."""
        for field in dataclasses.fields(self):
            if field.default == ():  # JSON brings lists
                value = tuple(getattr(self, field.name))
                object.__setattr__(self, field.name, value)
        check_bounds(self, self.bounds())
        if self.optimizer not in OPTIMIZERS:
            raise OptionError(
                f"optimizer is {self.optimizer!r}; choose {' or '.join(OPTIMIZERS)}"
            )
        for rate in self.rates:
            rate_of(rate)
        for operation in self.gradient_ops:
            gradient_op_of(operation)
        if self.eval_every % self.save_every:
            raise OptionError(
                f"eval_every ({self.eval_every}) must be a multiple of save_every "
                f"({self.save_every}), so that a resumed run repeats no look at dev"
            )

    def bounds(self) -> dict[str, tuple[float, float]]:
        """Return the least and the greatest that each setting may be."""
        counts = ("steps", "batch_tokens", "accumulate", "eval_every", "save_every")
        return {
            **dict.fromkeys(counts, (1, MANY)),
            "learning_rate": (0, 10),
            "warmup_steps": (0, MANY),
            "decay_share": (0, 1),
            "layer_decay": (1e-3, 1),
            "weight_decay": (0, 1),
            "clip_norm": (1e-6, MANY),
            "ema": (0, 0.999999),
            "patience": (0, MANY),
            "workers": (0, 64),
            "seed": (0, 2**32 - 1),  # what NumPy's global seed takes
        }


def rate_of(text: str) -> tuple[str, float]:
    """Return the pattern and the factor of a setting in `rates`.

    Example:
        >>> rate_of("*/embeddings/*=0.1")
        ('*/embeddings/*', 0.1)
    """
    pattern, _, factor = text.rpartition("=")
    if not pattern or _number(factor) is None:
        raise OptionError(
            f"rates: {text}: write it as pattern=factor, such as */embeddings/*=0.1"
        )
    return pattern, float(factor)


def gradient_op_of(text: str) -> tuple[str, float | None]:
    """Return the name and the number of a setting in `gradient_ops`.

    Example:
        >>> gradient_op_of("clip=1.0"), gradient_op_of("centralise")
        (('clip', 1.0), ('centralise', None))
    """
    name, equals, number = text.partition("=")
    if name not in GRADIENT_OPS:
        raise OptionError(f"gradient_ops: {text}: {hint(name, GRADIENT_OPS)}")
    if not GRADIENT_OPS[name] and not equals:
        return name, None
    if not GRADIENT_OPS[name] or not _number(number):  # 0 would undo all learning
        way = f"{name}=1.0" if GRADIENT_OPS[name] else name
        raise OptionError(f"gradient_ops: {text}: write it as {way}")
    return name, float(number)


def _number(text: str) -> float | None:
    """Return `text` as a finite number of at least 0; None if it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
