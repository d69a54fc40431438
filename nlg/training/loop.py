"""One training loop for every task and every Keras backend.

The model brings its own losses (`add_loss`) and metrics; the loop brings the order of
things: step, save, look at dev, keep the best, log. It can be killed at any moment and
goes on from the last saved state along the same path.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import click
import keras
import numpy as np

from nlg.errors import CheckpointError, DataError
from nlg.training.options import TrainOptions
from nlg.training.picture import draw_losses
from nlg.training.rate import Trapezoid
from nlg.training.run import Run, best_line

STATE, BEST = "state.safetensors", "best.safetensors"


def compile_model(model: keras.Model, options: TrainOptions) -> None:
    """Give `model` the optimizer that `options` describe."""
    rate = Trapezoid(
        options.learning_rate,
        options.steps,
        options.warmup_steps,
        max(1, round(options.steps * options.decay_share)),
    )
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=options.weight_decay, global_clipnorm=options.clip_norm
    )
    # Scales and shifts are no weights to shrink: decay would pull a norm to nothing.
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    optimizer.build(model.trainable_variables)
    model.compile(optimizer=optimizer)


def fit(
    model: keras.Model,
    batch_at: Callable[[int], np.ndarray],
    evaluate: Callable[[], dict[str, float]],
    options: TrainOptions,
    run: Run,
    before_step: Callable[[int], None] = lambda step: None,
) -> dict[str, Any]:
    """Train `model` and return the best line of the log.

    Args:
        model: built, with its losses inside.
        batch_at: the input of a step, a pure function of its number.
        evaluate: scores on dev; the run keeps the weights with the lowest `dev_loss`.
        options: length and speed of the run.
        run: the folder; if it holds a state, training goes on from there.
        before_step: a hook for what changes with the step, such as a KL warm-up.
    """
    compile_model(model, options)
    step, means, log = _resume(model, run)
    with _bar(options.steps) as bar:
        bar.update(step)
        while step < options.steps and not _out_of_patience(log, options.patience):
            before_step(step)
            batch, began = batch_at(step), time.monotonic()
            model.reset_metrics()
            scores = model.train_on_batch(batch, return_dict=True)
            step += 1
            clock = {"tokens": batch.size, "seconds": time.monotonic() - began}
            means.add({**scores, **clock})
            bar.update(1, _with_speed(means))
            _stop_at_nan(scores, step, run)
            if step % options.eval_every == 0 or step == options.steps:
                scores = _with_speed(means) | evaluate()
                log.append({"step": step, **_rounded(scores)})
                _note_look(model, log, run)
                means = Means()
            if step % options.save_every == 0 or step == options.steps:
                run.save(STATE, _state(model), step=step, means=means.totals)
    kept = run.load(BEST)
    if kept is None:
        raise DataError(f"{run.folder} has no look at dev; give it more steps")
    load_weights(model, kept[0])
    return best_line(log)


class Means:
    """Average scores over batches, each batch with its weight."""

    def __init__(self, totals: dict[str, float] | None = None):
        self.totals = dict(totals or {})

    def add(self, scores: dict[str, float], weight: float = 1.0) -> None:
        """Count one batch's `scores`."""
        for name, score in {**scores, "": 1.0}.items():  # "" counts the weights
            self.totals[name] = self.totals.get(name, 0.0) + weight * float(score)

    def result(self) -> dict[str, float]:
        """Return the mean of every score."""
        weight = self.totals.get("", 1.0)
        return {name: x / weight for name, x in self.totals.items() if name}


def weights_by_name(model: keras.Model) -> dict[str, np.ndarray]:
    """Return what training learnt, by variable path."""
    return {
        variable.path: keras.ops.convert_to_numpy(variable.value)
        for variable in model.trainable_variables
    }


def load_weights(model: keras.Model, tensors: dict[str, np.ndarray]) -> None:
    """Assign `tensors` by path; list what is missing, unused or misshapen and stop.

    Raises:
        CheckpointError: the tensors are not those of this model.
    """
    _assign({x.path: x for x in model.trainable_variables}, tensors)


def _assign(variables: dict[str, Any], tensors: dict[str, np.ndarray]) -> None:
    """Give each of `variables` the tensor of its name, or raise and touch none."""
    problems = [f"missing {name}" for name in sorted(variables.keys() - tensors.keys())]
    problems += [f"unused {name}" for name in sorted(tensors.keys() - variables.keys())]
    problems += [
        f"{name} is {tensors[name].shape}, not {tuple(variable.shape)}"
        for name, variable in variables.items()
        if name in tensors and tensors[name].shape != tuple(variable.shape)
    ]
    if problems:
        raise CheckpointError(f"weights of another model: {'; '.join(problems)}")
    for name, variable in variables.items():
        variable.assign(tensors[name])


def _variables(model: keras.Model) -> dict[str, Any]:
    """Return every variable that moves in training, random seeds included, by number.

    Seeds and metrics share names, and Keras counts the names of optimizers and seeds up
    over a process.
    """
    everything = [
        *model.variables,
        *model.optimizer.variables,
        *model.metrics_variables,
    ]
    once = {id(variable): variable for variable in everything}.values()
    return {f"{number:04d}": x for number, x in enumerate(once)}


def _state(model: keras.Model) -> dict[str, np.ndarray]:
    """Return all variables, named by number and, for a reader, path."""
    return {
        f"{number} {variable.path}": keras.ops.convert_to_numpy(variable.value)
        for number, variable in _variables(model).items()
    }


def _resume(model: keras.Model, run: Run) -> tuple[int, Means, list[dict[str, Any]]]:
    """Put `model` back where the run was; return step, running means and log there."""
    saved = run.load(STATE)
    if saved is None:
        return 0, Means(), run.forget_after(0)
    tensors, notes = saved
    _assign(_variables(model), {x.partition(" ")[0]: y for x, y in tensors.items()})
    step = notes["step"]
    return step, Means(notes["means"]), run.forget_after(step)


def _out_of_patience(log: list[dict[str, Any]], patience: int) -> bool:
    """Return whether the last `patience` looks at dev brought no gain."""
    if not patience or len(log) <= patience:
        return False
    losses = [line["dev_loss"] for line in log]
    return min(losses[-patience:]) >= min(losses[:-patience])


def _note_look(model: keras.Model, log: list[dict[str, Any]], run: Run) -> None:
    """Write down the last line of `log`; keep the weights if they are the best yet."""
    line = log[-1]
    _stop_at_nan({"loss": line["dev_loss"]}, line["step"], run)
    run.log(line)
    if line is best_line(log):
        run.save(BEST, weights_by_name(model), step=line["step"])
    draw_losses(log, run.folder / "loss.png")


def _stop_at_nan(scores: dict[str, Any], step: int, run: Run) -> None:
    if not np.isfinite(scores["loss"]):
        raise DataError(
            f"the loss is {scores['loss']} at step {step}; the state before it is in "
            f"{run.folder}: start again from there with a lower learning_rate"
        )


def _with_speed(means: Means) -> dict[str, float]:
    """Return the mean scores, and tokens per second in place of their two parts."""
    scores = means.result()
    speed = scores.pop("tokens") / max(scores.pop("seconds"), 1e-9)
    return {**scores, "tokens_per_second": speed}


def _rounded(scores: dict[str, Any]) -> dict[str, float]:
    return {name: round(float(score), 5) for name, score in scores.items()}


def _bar(steps: int):
    """Return a progress bar that shows the scores; hidden if stderr is no terminal."""

    def show(scores):
        scores = scores or {}
        return "  ".join(f"{name} {score:,.4g}" for name, score in scores.items())

    return click.progressbar(
        length=steps,
        label="training",
        hidden=not sys.stderr.isatty(),
        item_show_func=show,
        file=sys.stderr,
        width=20,
    )
