"""Where a run stands - model, step, running means, log - and how it gets on from there.

All that changes is in the files of the run, so a new process takes it up from them.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from nlg.errors import CheckpointError, DataError
from nlg.training import parallel
from nlg.training.backend import seed_batch
from nlg.training.loss_plot import plot_losses
from nlg.training.metric_means import Means
from nlg.training.optimizer import averaged
from nlg.training.options import TrainOptions
from nlg.training.run import Run, best_line, worth
from nlg.training.weights import load_state, state_of, tensors_of

STATE, BEST = "state.safetensors", "best.safetensors"


class Progress:
    """A run between two steps; made from its folder, if that holds a state.

    Args:
        model: compiled with our optimizer.
        weights: the variables that a checkpoint of it has, frozen ones too.
        run: the folder.
        options: of the run.
    """

    def __init__(
        self,
        model: keras.Model,
        weights: Sequence[Any],
        run: Run,
        options: TrainOptions,
    ):
        self.model, self.weights, self.run = model, weights, run
        self.seed, self.best_by = options.seed, options.best_by
        self.step, self.means = self._resume()
        self.log = run.forget_after(self.step)

    def take(
        self, batches: Iterator[tuple[int, Any]], count_tokens: Callable[[Any], int]
    ) -> None:
        """Train on the next of the numbered `batches`."""
        began = time.monotonic()
        number, batch = next(batches)
        seed_batch(self.seed, number)
        self.model.reset_metrics()
        scores = self.model.train_on_batch(batch, return_dict=True)
        tokens = count_tokens(batch) * parallel.place()[1]
        clock = {"tokens": tokens, "seconds": time.monotonic() - began}
        self.means.add({**scores, **clock})
        if not np.isfinite(scores["loss"]):
            where = f"on batch {number}{_blame(batch)}"
            raise self._lost(f"the loss is {scores['loss']}", where, self.step + 1)

    def look(self, evaluate: Callable[[], dict[str, float]]) -> None:
        """Score the averaged weights, if such are kept, and log; keep the best."""
        with averaged(self.model):
            scores = parallel.mean_of_scores(self.means.with_speed() | evaluate())
            line = {name: round(float(score), 5) for name, score in scores.items()}
            if not np.isfinite(line["dev_loss"]):
                raise self._lost(f"the loss is {line['dev_loss']}", "on dev", self.step)
            self.log.append({"step": self.step, **line})
            self.run.log(self.log[-1])
            if self.log[-1] is best_line(self.log, self.best_by):
                self.run.save(BEST, tensors_of(self.weights), step=self.step)
        if parallel.is_first():
            plot_losses(self.log, self.run.folder / "loss.png")
        self.means = Means()

    def save(self) -> None:
        """Write down all that a new process needs to go on from here."""
        for name, tensor in tensors_of(self.weights).items():
            if not np.isfinite(tensor).all():  # a gradient may be, where no loss was
                raise self._lost(f"{name} is not finite", "after it", self.step)
        state = state_of(self.model)
        self.run.save(STATE, state, step=self.step, means=self.means.totals)

    def is_tired(self, patience: int) -> bool:
        """Return whether the last `patience` looks at dev brought no gain."""
        if not patience or len(self.log) <= patience:
            return False
        losses = [worth(line, self.best_by) for line in self.log]
        return min(losses[-patience:]) >= min(losses[:-patience])

    def _resume(self) -> tuple[int, Means]:
        """Put the model back where the run was; return step and running means there."""
        saved = self.run.load(STATE)
        if saved is None:
            return 0, Means()
        tensors, notes = saved
        try:
            load_state(self.model, tensors)
            return notes["step"], Means(notes["means"])
        except (CheckpointError, KeyError) as error:
            raise CheckpointError(
                f"{self.run.folder / STATE} is of another run ({error}); put the right "
                "one back, or take another folder and start anew"
            ) from None

    def _lost(self, what: str, where: str, step: int) -> DataError:
        return DataError(
            f"{what} at step {step}, {where}; the state before it is in "
            f"{self.run.folder}: start again from there with a lower learning_rate"
        )


def _blame(batch: Any) -> str:
    """Return words on what is not finite in a batch itself, if anything is."""
    arrays = batch if isinstance(batch, Mapping) else {"its input": batch}
    spoilt = [
        name
        for name, array in arrays.items()
        if np.issubdtype(np.asarray(array).dtype, np.floating)
        and not np.isfinite(array).all()
    ]
    return f", where {' and '.join(spoilt)} is not finite" if spoilt else ""
