"""The options all trainings share, on a command that only says what it was told."""

import dataclasses
import inspect
import json

import click
import pytest
from click.testing import CliRunner

from nlg.cli import train as train_module
from nlg.cli.main import Suite
from nlg.runtime import checkpoints_folder
from nlg.training.options import TrainOptions
from nlg.training.run import Run


@dataclasses.dataclass(frozen=True)
class Small(TrainOptions):
    units: int = 8


@click.group(cls=Suite)
def suite():
    pass


@suite.command()
@train_module.training
def task(out, **asked):
    options = train_module.prepare(Small(), **asked)
    Run(out).lock_config(
        dataclasses.asdict(options) | {"data": "诗.jsonl", "task": "task"}
    )
    click.echo(json.dumps(dataclasses.asdict(options)))


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Run `task` in a fresh folder; return the settings it was told, or the error."""
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")

    def told(*arguments, out="run"):
        words = ["task", "--out", tmp_path / out, *arguments]
        done = CliRunner().invoke(suite, [str(word) for word in words])
        if not isinstance(done.exception, SystemExit | None):
            raise done.exception
        assert (done.exit_code == 0) == (done.stderr == "")
        return json.loads(done.stdout) if done.stdout else done.stderr

    return told


def test_what_is_not_said_is_the_default(told):
    assert told() == json.loads(json.dumps(dataclasses.asdict(Small())))


def test_run_is_started_again_from_its_own_config(told, tmp_path):
    first = told("--set=units=16", "--set=rates=*/head/*=2,*/bias=0.5", "--seed=7")
    again = told("--config", tmp_path / "run" / "config.json", out="again")
    assert again == first
    assert (first["units"], first["seed"]) == (16, 7)
    assert first["rates"] == ["*/head/*=2", "*/bias=0.5"]


def test_set_weighs_more_than_seed_and_seed_more_than_config(told, tmp_path):
    config = tmp_path / "mine.json"
    config.write_text('{"seed": 3, "steps": 50, "eval_every": 100, "units": 4}')
    found = told("--config", config, "--set", "steps=70", out="a")
    assert [found[k] for k in ("seed", "steps", "units")] == [3, 70, 4]
    assert told("--config", config, "--seed", 5, out="b")["seed"] == 5
    assert told("--config", config, "--seed=5", "--set=seed=6", out="c")["seed"] == 6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"steps": 1,\n "unit": 4}', "unit: no such setting; did you mean units?"),
        ('{"steps": "many"}', "steps must be of type int"),
        ('{"frozen": "*/bias"}', "frozen must be a list of texts"),
        ('{"steps": 10,\n "units": }', "mine.json:2: not JSON"),
        ("", "mine.json:1: not JSON"),
        ("[1]", "mine.json:1: not a JSON object"),
        ('{"ema": 1.5}', "ema is 1.5; it must be between 0 and"),
        ('{"rates": ["*/head"]}', "rates: */head: write it as pattern=factor"),
        ('{"gradient_ops": ["clop=1"]}', "did you mean clip?"),
    ],
)
def test_config_that_makes_no_sense_is_one_clear_line(told, tmp_path, text, said):
    config = tmp_path / "mine.json"
    config.write_text(text)
    error = told("--config", config)
    assert said in error and error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_config_that_is_no_text_is_one_clear_line(told, tmp_path):
    config = tmp_path / "mine.json"
    config.write_bytes(b"\x80\x04\x95")
    error = told("--config", config)
    assert "mine.json cannot be read" in error and error.count("\n") == 1


def test_wrong_set_names_the_near_one(told):
    assert "--set unit: no such setting; did you mean units?" in told("--set=unit=4")
    assert "--set units=x: it must be of type int" in told("--set=units=x")


@pytest.mark.parametrize("row", train_module.TRAININGS, ids=lambda row: row.name)
def test_every_training_is_found_and_takes_the_options_of_its_command(row):
    assert isinstance(train_module.named(row.settings)(), TrainOptions)
    task = inspect.signature(train_module.named(row.task))
    command = train_module.training_command(row)
    shared = {"out", "config", "settings", "backend", "precision", "seed"}
    own = {one.name for one in command.params if one.expose_value} - shared
    assert own | {"folder", "options"} == set(task.parameters)


def test_what_is_shipped_is_the_default_and_what_is_given_goes_before(tmp_path):
    @click.command()
    @train_module.folder("--init", "…", "backbone", multiple=True)
    @train_module.folder("--vae", "…", "poem/vae")
    @train_module.folder("--none", "…")
    def show(**given):
        click.echo(json.dumps(given, default=str))

    def shown(*arguments):
        return json.loads(CliRunner().invoke(show, arguments).stdout)

    root = checkpoints_folder()
    default = {"init": [str(root / "backbone")], "vae": str(root / "poem/vae")}
    assert shown() == default | {"none": None}
    assert shown("--vae", str(tmp_path)) == default | {
        "none": None,
        "vae": str(tmp_path),
    }


@pytest.mark.parametrize("name", ["qa", "poem", "couplet", "classifier", "write"])
def test_whoever_types_backbone_is_told_init(name):
    done = CliRunner().invoke(train_module.train, [name, "--backbone", "bert"])
    assert done.exit_code == 2
    assert "no such option --backbone; did you mean --init?" in done.stderr
    shown = CliRunner().invoke(train_module.train, [name, "--help"])
    assert "--backbone" not in shown.stdout


def test_a_training_that_begins_with_nothing_knows_no_backbone():
    done = CliRunner().invoke(train_module.train, ["poem-vae", "--backbone", "bert"])
    assert done.exit_code == 2 and "--init" not in done.stderr
