"""What a training run may be told, as one frozen dataclass."""

import dataclasses

from nlg.errors import OptionError


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
        for name in ("steps", "batch_tokens", "eval_every", "save_every"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is {getattr(self, name)}; it must be >= 1")
        if self.eval_every % self.save_every:
            raise OptionError(
                f"eval_every ({self.eval_every}) must be a multiple of save_every "
                f"({self.save_every}), so that a resumed run repeats no look at dev"
            )
