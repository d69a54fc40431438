"""The order and the bookkeeping of a training, on a model whose gradients are given."""

import dataclasses
import json

import numpy as np
import pytest
from given import new_batch, new_model
from keras import ops

from nlg.errors import DataError
from nlg.training.options import TrainOptions
from nlg.training.task import TrainingTask, fit_task, run_task

OPTIONS = TrainOptions(
    steps=2, eval_every=1, save_every=1, warmup_steps=0, learning_rate=0.1
)


@dataclasses.dataclass(frozen=True)
class Options(TrainOptions):
    samples: int = 5


def weights_of(model):
    return {x.path: np.array(ops.convert_to_numpy(x)) for x in model.weights}


@pytest.fixture
def task(tmp_path):
    """Return a function that makes a task; it lists what was asked of it in `asked`."""
    asked = []

    def made(folder="run", **changes):
        def noted(name, value):
            asked.append(name)
            return value

        def export(trained):
            asked.append("export")
            return trained.run.folder / f"{trained.data}-{trained.best['step']}"

        return TrainingTask(
            **{
                "folder": tmp_path / folder,
                "options": OPTIONS,
                "notes": {"data": "诗.jsonl"},
                "prepare": lambda run: noted("prepare", "poems"),
                "model": lambda run, data: noted("model", new_model()),
                "batches": lambda data: noted("batches", new_batch),
                "evaluate": lambda model, data: noted(
                    "evaluate", lambda: {"dev_loss": 1.0}
                ),
                "export": export,
                "before_step": lambda model, step: asked.append(step),
                **changes,
            }
        )

    made.asked = asked
    return made


def test_a_task_is_asked_in_the_order_of_its_fields(task, tmp_path, eager):
    done = run_task(task())
    assert task.asked == ["prepare", "model", "batches", "evaluate", 0, 1, "export"]
    assert done["checkpoint"] == str(tmp_path / "run" / "poems-1")
    assert done["dev_loss"] == 1.0
    config = json.loads((tmp_path / "run" / "config.json").read_text("utf-8"))
    assert config == json.loads(json.dumps(dataclasses.asdict(OPTIONS))) | {
        "data": "诗.jsonl"
    }


def test_weights_that_a_task_freezes_stay_whatever_is_set(task, eager):
    options = dataclasses.replace(OPTIONS, frozen=("*/head/*",))
    trained = fit_task(task(options=options, frozen=("*/embeddings/*",)))
    before, after = weights_of(new_model()), weights_of(trained.model)
    moved = {path for path in before if not np.array_equal(before[path], after[path])}
    assert moved == {path for path in before if "/block_" in path}
    assert moved


def test_a_run_with_other_settings_is_refused_but_for_what_a_task_lets_change(
    task, eager
):
    first = Options(**vars(OPTIONS))
    fit_task(task(options=first))
    fewer = dataclasses.replace(first, samples=3)
    with pytest.raises(DataError, match="holds a run with samples = 5, not 3"):
        fit_task(task(options=fewer))
    fit_task(task(options=fewer, may_change=("samples",)))
    with pytest.raises(DataError, match=r"with data = 诗\.jsonl, not 词\.jsonl"):
        fit_task(task(options=fewer, notes={"data": "词.jsonl"}))


def test_a_folder_that_is_too_old_for_a_note_counts_as_if_it_had_it(task, eager):
    fit_task(task())
    notes = {"data": "诗.jsonl", "vectors": ""}
    fit_task(task(notes=notes, old_notes={"vectors": ""}))
    with pytest.raises(DataError, match="with steps_of_old = None"):
        fit_task(task(notes=notes | {"steps_of_old": 3}))
