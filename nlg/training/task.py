"""One training: a record of what is the task's own, and the order that is everybody's.

    fit_task(task)   lock the folder, prepare it, build the model, fit it
    run_task(task)   the same, and the checkpoint made of the best weights

A task is a function from files and options to a `TrainingTask`. It reads and checks its
files before it returns, so that a training that cannot begin leaves no folder behind.
docs/adding-a-task.md adds one.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from nlg.training.loop import fit
from nlg.training.options import MAY_CHANGE, TrainOptions
from nlg.training.run import Run

Data = TypeVar("Data")
Model = TypeVar("Model")


class Trained(NamedTuple, Generic[Data, Model]):
    """What a training leaves in memory; the rest is in the folder of `run`."""

    run: Run
    data: Data
    model: Model  # with its best weights
    best: dict[str, Any]  # the best line of the log


def no_change(model: Any, step: int) -> None:
    """Change nothing before a step."""


@dataclasses.dataclass(frozen=True)
class TrainingTask(Generic[Data, Model]):
    """What a task brings to a training, in the order in which it is asked for."""

    folder: pathlib.Path  # the run's
    options: TrainOptions
    notes: Mapping[str, Any]  # beside the options in config.json: data, init, …
    prepare: Callable[[Run], Data]  # what training reads, kept in the folder if slow
    model: Callable[[Run, Data], Model]  # a built keras.Model, its losses inside
    batches: Callable[[Data], Callable[[int], Any]]  # the input of a batch, by number
    evaluate: Callable[[Model, Data], Callable[[], dict[str, float]]]  # scores on dev
    export: Callable[[Trained[Data, Model]], pathlib.Path]  # makes the checkpoint
    before_step: Callable[[Model, int], None] = no_change  # such as a warm-up
    frozen: tuple[str, ...] = ()  # patterns of weights that no setting lets learn
    may_change: tuple[str, ...] = ()  # settings that leave a run what it is
    old_notes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    # what the notes of a folder count as that is too old to have them


def fit_task(task: TrainingTask[Data, Model]) -> Trained[Data, Model]:
    """Train to `task.options.steps`, going on from what the folder holds.

    Raises:
        DataError: the folder holds a run with other settings.
    """
    options, run = task.options, Run(task.folder)
    run.lock_config(
        dataclasses.asdict(options) | dict(task.notes),
        (*MAY_CHANGE, *task.may_change),
        dataclasses.asdict(type(options)()) | dict(task.old_notes),
    )
    data = task.prepare(run)
    model: Any = task.model(run, data)
    best = fit(
        model,
        task.batches(data),
        task.evaluate(model, data),
        dataclasses.replace(options, frozen=(*options.frozen, *task.frozen)),
        run,
        lambda step: task.before_step(model, step),
    )
    return Trained(run, data, model, best)


def run_task(task: TrainingTask[Data, Model]) -> dict[str, Any]:
    """Train, make the checkpoint, and return where it is and the best line."""
    trained = fit_task(task)
    return {"checkpoint": str(task.export(trained)), **trained.best}
