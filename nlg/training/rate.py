"""The learning rate over a run: up, along, down (arXiv:2405.18392).

Unlike a cosine it does not bend to the run's length until the last part, so a run can
be given more steps before that part begins and goes on as if it had always had them.
"""

import keras
from keras import ops


class Trapezoid(keras.optimizers.schedules.LearningRateSchedule):
    """Rise in `warmup` steps, hold, and fall to zero over the last `decay` steps.

    rate  ___________
         /           \
        /             \
        0  warmup      steps

    A step may take several `batches`, whose number is what Keras asks with.
    """

    def __init__(
        self, rate: float, steps: int, warmup: int, decay: int, batches: int = 1
    ):
        super().__init__()
        self.rate, self.steps, self.warmup, self.decay = rate, steps, warmup, decay
        self.batches = batches

    def __call__(self, batch):
        """Return the rate of the step that `batch`, counted from 0, is in."""
        step = ops.cast(ops.floor_divide(batch, self.batches), "float32")
        rise = (step + 1.0) / max(1, self.warmup)
        fall = (self.steps - step) / max(1, self.decay)
        share = ops.minimum(1.0, ops.minimum(rise, fall))
        return self.rate * ops.maximum(share, 0.0)

    def get_config(self):
        """Return the arguments that make this schedule again."""
        names = ("rate", "steps", "warmup", "decay", "batches")
        return {name: getattr(self, name) for name in names}
