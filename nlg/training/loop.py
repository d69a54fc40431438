"""One training loop for every task and every Keras backend.

The model brings its own losses (`add_loss`) and metrics; the loop brings the order of
things: step, look at dev, keep the best, log, save. It can be killed at any moment and
goes on from the last saved state along the same path.

A step takes `accumulate` batches and updates the weights once. Of several processes
(`nlg.training.parallel`) each takes as many, and only the first comes out of `fit`.
"""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import keras

from nlg.errors import DataError
from nlg.training import parallel
from nlg.training.batches import token_count
from nlg.training.gradients import GradientOp
from nlg.training.layerwise import frozen
from nlg.training.metric_means import Means
from nlg.training.optimizer import new_optimizer
from nlg.training.options import TrainOptions
from nlg.training.prefetch import prefetch
from nlg.training.progress import BEST, STATE, Progress
from nlg.training.progress_bar import progress_bar, taking
from nlg.training.run import Run, best_line
from nlg.training.weights import load_weights, weights_by_name

__all__ = ["BEST", "STATE", "Means", "fit", "load_weights", "weights_by_name"]


def fit(
    model: keras.Model,
    batch_at: Callable[[int], Any],
    evaluate: Callable[[], dict[str, float]],
    options: TrainOptions,
    run: Run,
    before_step: Callable[[int], None] = lambda step: None,
    *,
    gradient_ops: Sequence[GradientOp] = (),
    count_tokens: Callable[[Any], int] = token_count,
) -> dict[str, Any]:
    """Train `model`, leave it with its best weights, return the best line of the log.

    Args:
        model: built, with its losses inside.
        batch_at: the input of a batch, an array or a dict of arrays, a pure function of
            its number. Step n takes `accumulate` batches from n * accumulate on. With
            `workers` it is called in their threads, several at a time.
        evaluate: scores on dev, `dev_loss` among them; the run keeps the weights that
            are best by `options.best_by`.
        options: length and speed of the run.
        run: the folder; if it holds a state, training goes on from there.
        before_step: a hook for what changes with the step, such as a KL warm-up.
        gradient_ops: called after those that `options` name.
        count_tokens: how many tokens a batch has, for the speed.
    """
    if parallel.is_first():
        parallel.wait()  # the others are in `Run`, until the folder is prepared
    with frozen(model, options.frozen) as weights:
        optimizer = new_optimizer(model.trainable_variables, options, gradient_ops)
        model.compile(optimizer=optimizer)
        progress = Progress(model, weights, run, options)
        _train(progress, batch_at, evaluate, options, before_step, count_tokens)
    if not parallel.is_first():
        raise SystemExit(0)  # what comes after a training is the first process's
    kept = run.load(BEST)
    if kept is None:
        raise DataError(f"{run.folder} has no look at dev; give it more steps")
    load_weights(model, kept[0])
    return best_line(progress.log, options.best_by)


def _train(progress, batch_at, evaluate, options, before_step, count_tokens) -> None:
    """Take steps until there are enough, or dev has not gained for long."""
    numbers = parallel.batch_numbers(progress.step, options.accumulate)
    with (
        progress_bar(options.steps, progress.step) as show,
        contextlib.closing(prefetch(batch_at, numbers, options.workers)) as batches,
    ):
        while progress.step < options.steps and not progress.is_tired(options.patience):
            before_step(progress.step)
            for _ in range(options.accumulate):
                progress.take(batches, count_tokens)
            progress.step += 1
            show(progress.step, progress.means.with_speed())
            last = progress.step == options.steps
            if last or progress.step % options.eval_every == 0:
                with taking("measuring on dev"):
                    progress.look(evaluate)
            if last or progress.step % options.save_every == 0:
                progress.save()
