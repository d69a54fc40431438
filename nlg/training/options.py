"""What a training run may be told, as one frozen dataclass."""

import dataclasses

from nlg.errors import OptionError

MANY = 10**9


@dataclasses.dataclass(frozen=True)
class TrainOptions:
    """Length, speed and bookkeeping of a run; one step is one batch."""

    steps: int = 6000
    batch_tokens: int = 4096  # characters a batch, whatever the shape of its rows
    learning_rate: float = 1.5e-3  # of AdamW, after the warm-up
    warmup_steps: int = 200
    decay_share: float = 0.3  # the last share of the run, where the rate falls to zero
    weight_decay: float = 0.01
    clip_norm: float = 1.0  # of all gradients together
    eval_every: int = 500  # steps from one look at dev to the next
    save_every: int = 100  # steps from one resumable state to the next
    patience: int = 0  # looks at dev without a gain before stopping; 0 never stops
    seed: int = 1

    def __post_init__(self):
        """Refuse what cannot run."""
        for name, (least, most) in self.bounds().items():
            value = getattr(self, name)
            if not least <= value <= most:  # nor is NaN
                raise OptionError(
                    f"{name} is {value}; it must be between {least} and {most:,}"
                )
        if self.eval_every % self.save_every:
            raise OptionError(
                f"eval_every ({self.eval_every}) must be a multiple of save_every "
                f"({self.save_every}), so that a resumed run repeats no look at dev"
            )

    def bounds(self) -> dict[str, tuple[float, float]]:
        """Return the least and the greatest that each setting may be."""
        counts = ("steps", "batch_tokens", "eval_every", "save_every")
        return {
            **dict.fromkeys(counts, (1, MANY)),
            "learning_rate": (0, 10),
            "warmup_steps": (0, MANY),
            "decay_share": (0, 1),
            "weight_decay": (0, 1),
            "clip_norm": (1e-6, MANY),
            "patience": (0, MANY),
            "seed": (0, 2**32 - 1),  # what NumPy's global seed takes
        }
