"""A language of opposites, which a small model learns in a few steps: 春 is 秋."""

import json
import random
import shutil

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file
from same_run import assert_same_run

from nlg.cli.main import main
from nlg.config import apply_values
from nlg.couplet.config import MODES
from nlg.couplet.dataset import write as write_couplets
from nlg.couplet.pairs import Pairs
from nlg.couplet.responder import MANY_BEAMS, Couplets, ReplyOptions
from nlg.couplet.rules import Task
from nlg.couplet.train import train as train_module
from nlg.couplet.train.batches import encode
from nlg.couplet.train.evaluate import score
from nlg.couplet.train.model import build_model
from nlg.couplet.train.options import CoupletTraining
from nlg.couplet.train.search import Rules, answer_lines
from nlg.couplet.train.train import couplet_task, init_from
from nlg.errors import CheckpointError, DataError, OptionError
from nlg.onnx_export.export import save_weights
from nlg.runtime import checkpoints_folder
from nlg.text.couplets import Couplet
from nlg.text.vocab import Vocabulary
from nlg.training.loop import load_weights
from nlg.training.run import Run
from nlg.training.settings import read_settings
from nlg.training.task import fit_task

OPPOSITE = dict(
    zip(
        "春天山花红高明东日来生长老轻阴内新真多左好前上开甘爱动强雄火古文",
        "秋地水草绿低暗西月去死短少重阳外旧假寡右坏后下关苦恨静弱雌冰今武",
        strict=True,
    )
)
OPPOSITE |= {other: one for one, other in OPPOSITE.items()}
SETTINGS = {
    "units": 24,
    "embedding_units": 16,
    "blocks": 1,
    "attend_every": 1,
    "context_dropout": 0.5,
    "steps": 60,
    "eval_every": 30,
    "save_every": 30,
    "warmup_steps": 5,
    "learning_rate": 0.02,
    "ema": 0.0,
    "min_count": 1,
    "max_pairs": 20,
    "batch_tokens": 480,
}


def answer_of(line):
    return "".join(OPPOSITE.get(c, c) for c in line)


def made_up_couplets(count, seed, length=5):
    rng = random.Random(seed)
    firsts = ("".join(rng.sample([*OPPOSITE], length)) for _ in range(count))
    return [Couplet(first, answer_of(first)) for first in firsts]


def train(data, dev, out, *arguments, **settings):
    changes = [f"--set={key}={value}" for key, value in settings.items()]
    files = ["--data", data, "--dev", dev, "--out", out]
    command = ["train", "couplet", *files, *changes, *arguments]
    return CliRunner().invoke(main, [str(word) for word in command])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("couplets")
    data, dev = folder / "couplets.tsv.gz", folder / "couplets.dev.tsv"
    couplets = made_up_couplets(3000, seed=1)
    write_couplets([*couplets, Couplet("春" * 50, "秋" * 50)], data)
    write_couplets(made_up_couplets(40, seed=2), dev)
    return data, dev


@pytest.fixture(scope="module")
def trained(files, tmp_path_factory):
    """Return the run folder and what the command printed."""
    out = tmp_path_factory.mktemp("run") / "couplet"
    save = Run.save

    def copying(run, name, *arguments, **notes):
        """Keep the folder as a kill after the first state would leave it."""
        save(run, name, *arguments, **notes)
        if name == "state.safetensors" and notes["step"] == 30:
            shutil.copytree(run.folder, out.parent / "halfway")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "save", copying)
        # As after a training on JAX: the export needs TensorFlow all the same.
        patch.setenv("KERAS_BACKEND", "jax")
        patch.chdir(out.parent)  # nor may it need the checkout to be where we are
        done = train(*files, out, **SETTINGS)
    assert done.exit_code == 0, done.output
    return out, json.loads(done.stdout)


@pytest.fixture(scope="module")
def answers(trained):
    return Couplets.from_checkpoint(trained[0] / "checkpoint")


@pytest.fixture(scope="module")
def model(trained, answers):
    """The network with the weights of the checkpoint."""
    tensors = load_file(trained[0] / "checkpoint" / "weights.safetensors")
    options = CoupletTraining(**SETTINGS)
    model = build_model(len(answers.vocabulary), len(answers.pairs), options)
    load_weights(model, {k: x.astype("float32") for k, x in tensors.items()})
    return model


def test_run_leaves_its_files_and_says_which_look_was_best(trained):
    out, said = trained
    lines = Run(out).lines()
    assert [line["step"] for line in lines] == [30, 60]
    best = min(lines, key=lambda line: line["dev_loss"])
    assert said == {"checkpoint": str(out / "checkpoint"), **best}
    assert {path.name for path in out.iterdir()} == {
        "config.json",
        "vocab.txt",
        "pairs.txt",
        "log.jsonl",
        "loss.png",
        "state.safetensors",
        "best.safetensors",
        "checkpoint",
    }
    vocabulary = Vocabulary.load(out / "vocab.txt")
    assert set(vocabulary.tokens[2:]) == set(OPPOSITE)
    assert len(Pairs.load(out / "pairs.txt", vocabulary)) == 21


def test_a_few_steps_teach_the_language(trained):
    first, last = Run(trained[0]).lines()
    chance = np.log(len(OPPOSITE))
    for name in ("dev_forward", "dev_reverse"):
        assert last[name] < 0.1 * chance
        assert last[name] < first[name]
    assert last["dev_loss"] == last["dev_forward"]
    # A line is drawn by chance, each character once: what is blank can be told from
    # what stands before it by little, and not from anything else.
    assert 0.6 * chance < last["dev_complete"] < chance + 0.5


def test_checkpoint_answers_in_the_language_both_ways(answers):
    for reverse in (False, True):
        options = ReplyOptions(rules=("marks", "repeat"), reverse=reverse)
        for first, second in made_up_couplets(8, seed=3):
            (reply,) = answers.reply(first, options)
            assert set(reply[:2]) == {first, second}


def test_checkpoint_writes_around_a_theme(answers):
    from nlg.couplet.theme import compose

    (couplet,) = compose(answers, ("春",), 5)
    assert "春" in couplet.first_line
    assert len(couplet.first_line) == len(couplet.second_line) == 5


def test_checkpoint_carries_its_metrics(trained, files, answers):
    metrics = json.loads((trained[0] / "checkpoint" / "metrics.json").read_text())
    assert metrics["dev"]["couplets"] == 40
    assert metrics["dev"]["equal_length"] == 1.0
    assert metrics["dev_human"]["couplets"] == 40
    assert metrics["best_line"] == {
        key: value for key, value in trained[1].items() if key != "checkpoint"
    }
    # ONNX Runtime over lines against Keras over batches, weights in 16 bits
    nats = np.log(metrics["dev"]["perplexity"])
    assert nats == pytest.approx(metrics["best_line"]["dev_forward"], rel=0.05)


def test_checkpoint_says_what_it_is(trained):
    config = json.loads((trained[0] / "checkpoint" / "config.json").read_text())
    assert (config["task"], config["format"]) == ("couplet", 1)
    sizes = {"vocab_size": len(OPPOSITE) + 2, "pairs": 21, "units": 24}
    assert config["model"].items() >= sizes.items()
    assert config["training"]["steps"] == 60


def test_checkpoint_holds_the_best_weights_in_16_bits(trained):
    best = load_file(trained[0] / "best.safetensors")
    shipped = load_file(trained[0] / "checkpoint" / "weights.safetensors")
    assert shipped.keys() == best.keys()
    for name, tensor in shipped.items():
        np.testing.assert_array_equal(tensor, best[name].astype("float16"))


def test_checkpoint_runs_the_search_that_the_eager_model_does(model, answers):
    lines = [*(first for first, _ in made_up_couplets(5, seed=8)), "春春，秋秋"]
    tasks = [Task(line, "_____", "平", "来去") for line in lines]
    tasks[1] = tasks[1]._replace(fixed="__天__")
    ids = np.array([answers.vocabulary.encode(line) for line in lines], "int32")
    given = {"token_ids": ids, "pair_ids": answers.pairs.encode(ids)}
    given["mode"] = np.arange(6, dtype="int32") % len(MODES)
    rules = answers.rulebook.arrays(tasks)
    noise = np.random.default_rng(0).gumbel(size=(6, 5, 24)).astype("float32")
    chance = {"noise": noise, "temperature": np.array(0.5, "float32")}
    found = answers.checkpoint.graph("many")(**given, **chance, **rules)
    want = answer_lines(
        model, **given, **chance, rules=Rules(**rules), beams=MANY_BEAMS
    )
    np.testing.assert_array_equal(found["answers"], want.token_ids)
    np.testing.assert_allclose(found["log_probs"], want.log_probs, atol=1e-3)


def test_checkpoint_judges_as_the_eager_model_does(model, answers):
    couplets = made_up_couplets(6, seed=9)
    judged = answers.judge(couplets)
    encoded = encode(couplets, answers.vocabulary, 9)
    modes, rng = np.zeros(6, int), np.random.default_rng(0)
    nats = model(train_module.batch_of(encoded[5], modes, answers.pairs, rng))
    np.testing.assert_allclose(judged.log_probs, -np.array(nats), atol=1e-4)


def test_corpus_without_scrolls_gives_a_checkpoint_that_says_so(answers):
    with pytest.raises(OptionError, match="checkpoint has no 横批: too few of"):
        _ = answers.scrolls


def test_finished_run_refuses_another_size_and_names_it(trained, files):
    done = train(*files, trained[0], **{**SETTINGS, "units": 8})
    assert done.exit_code == 1
    assert "units = 24, not 8" in done.stderr and done.stderr.count("\n") == 1


def test_config_of_a_run_gives_its_settings_again(trained):
    settings = read_settings(trained[0] / "config.json")
    again = apply_values(CoupletTraining(), settings, "config.json")
    assert again == CoupletTraining(**SETTINGS)


def test_a_run_killed_halfway_goes_on_to_the_same_weights(trained, files):
    folder, options = trained[0].parent / "halfway", CoupletTraining(**SETTINGS)
    assert Run(folder).load("state.safetensors")[1]["step"] == 30
    keras.utils.set_random_seed(0)
    fit_task(couplet_task(*files, folder, options))
    assert_same_run(trained[0], folder)


def test_a_run_from_a_checkpoint_knows_what_that_one_knew(trained, files, tmp_path):
    couplets = [Couplet("龙" * 5, "凤" * 5), *made_up_couplets(60, seed=3)]
    write_couplets(couplets, tmp_path / "mine.tsv")
    options = CoupletTraining(
        **SETTINGS | {"steps": 1, "eval_every": 1, "save_every": 1}
    )
    out, checkpoint = tmp_path / "mine", trained[0] / "checkpoint"
    data = tmp_path / "mine.tsv"
    best = fit_task(couplet_task(data, files[1], out, options, checkpoint)).best
    assert best["dev_loss"] < 2 * trained[1]["dev_loss"] < 0.01
    for name in ("vocab.txt", "pairs.txt"):  # 龙 and 凤 are of the data alone
        assert (out / name).read_text() == (checkpoint / name).read_text()


def test_attention_may_join_a_model_that_was_trained_without(tmp_path):
    def model_of(**changes):
        model = build_model(9, 5, CoupletTraining(**SETTINGS | changes))
        model.compile()
        return model

    batch = {
        "token_ids": np.array([[2, 3, 4]]),
        "pair_ids": np.array([[0, 1, 2, 0]]),
        "mode": np.array([0]),
    }
    before, path = model_of(attend_every=0), tmp_path / "weights.safetensors"
    save_weights(before, path, "float32")
    after, other = model_of(attend_every=1), model_of(blocks=2)
    init_from(after, path)
    np.testing.assert_array_equal(after.places(**batch), before.places(**batch))
    with pytest.raises(CheckpointError, match="missing 4: couplet/block_1/"):
        init_from(other, path)


def test_of_more_pairs_the_most_frequent_go_on(trained, files, tmp_path):
    checkpoint, out = trained[0] / "checkpoint", tmp_path / "fewer"
    fewer = {"max_pairs": 7, "steps": 1, "eval_every": 1, "save_every": 1}
    slow = {"learning_rate": 0.0, "weight_decay": 0.0}
    options = CoupletTraining(**SETTINGS | fewer | slow)
    fit_task(couplet_task(*files, out, options, checkpoint))
    of_before = (checkpoint / "pairs.txt").read_text().splitlines()
    assert (out / "pairs.txt").read_text().splitlines() == of_before[:7]
    before = load_file(checkpoint / "weights.safetensors")
    after = load_file(out / "best.safetensors")
    for name, tensor in after.items():
        expected = before[name][: len(tensor)]
        np.testing.assert_allclose(tensor, expected, rtol=1e-3, atol=1e-6)
    assert len(after["couplet/pairs/table"]) == 8 < len(before["couplet/pairs/table"])


def test_a_folder_of_another_task_is_no_beginning(files, tmp_path):
    vae = checkpoints_folder() / "poem" / "vae"
    done = train(*files, tmp_path / "run", "--init", vae, **SETTINGS)
    assert done.exit_code == 1 and "poem-vae" in done.stderr
    assert not (tmp_path / "run").exists()


def test_heads_that_do_not_share_the_units_are_one_clear_line(files, tmp_path):
    done = train(*files, tmp_path / "run", **SETTINGS | {"heads": 5})
    assert done.exit_code == 2
    assert "units (24) must be a multiple of heads (5)" in done.stderr


def test_score_does_not_depend_on_the_batches(files):
    couplets = made_up_couplets(12, 4) + made_up_couplets(5, 5, length=7)
    vocabulary = Vocabulary([*Vocabulary.from_counts([*OPPOSITE], 1).tokens, "，"])
    pairs = Pairs(["春天"], vocabulary)
    keras.utils.set_random_seed(0)
    model = build_model(len(vocabulary), len(pairs), CoupletTraining(**SETTINGS))
    model.compile()
    encoded = encode(couplets, vocabulary, 9)
    whole, single = (score(model, encoded, pairs, size) for size in (1000, 1))
    assert whole["dev_loss"] == whole["dev_forward"]
    for name in ("dev_forward", "dev_reverse"):
        assert whole[name] == pytest.approx(single[name], rel=1e-4)
    assert {*whole} == {"dev_loss", *(f"dev_{mode}" for mode in MODES)}
    # Each character weighs the same: by hand, from the nats of each place.
    nats = []
    for rows in encoded.values():
        batch = {
            "token_ids": rows[:, 0].astype("int32"),
            "pair_ids": pairs.encode(rows[:, 0]),
            "mode": np.zeros(len(rows), "int32"),
            "targets": rows[:, 1].astype("int32"),
            "weights": np.ones(rows[:, 1].shape),
        }
        nats += np.array(model(batch)).ravel().tolist()
    assert len(nats) == 12 * 5 + 5 * 7
    assert whole["dev_forward"] == pytest.approx(np.mean(nats), rel=1e-4)


# --- what cannot be trained on


def test_unknown_setting_names_the_near_one(files, tmp_path):
    done = train(*files, tmp_path / "couplet", unit=8)
    assert done.exit_code == 2
    assert "did you mean units?" in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "couplet").exists()


def test_shares_of_tasks_that_are_more_than_all_are_refused(files, tmp_path):
    done = train(*files, tmp_path / "c", reverse_share=0.7, complete_share=0.5)
    assert done.exit_code == 2
    assert "are more than all samples together" in done.stderr


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no couplet in it; make it with nlg data couplet"),
        ("春风\t秋\n", ":1: 上联 has 2 characters, 下联 1"),
        ("春风秋雨\n", ":1: no TAB between"),
    ],
)
def test_a_file_that_holds_no_couplets_is_one_clear_line(
    files, tmp_path, content, reason
):
    bad, (data, dev) = tmp_path / "bad.tsv", files
    bad.write_text(content, "utf-8")
    for pair in ((bad, dev), (data, bad)):
        done = train(*pair, tmp_path / "couplet", **SETTINGS)
        assert done.exit_code == 1 and done.stdout == ""
        assert f"{bad}{'' if content else ': '}{reason}" in done.stderr
        assert done.stderr.count("\n") == 1
    assert not (tmp_path / "couplet").exists()


@pytest.mark.parametrize("which", [0, 1])
def test_couplets_that_are_all_too_long_are_one_clear_line(files, tmp_path, which):
    long = tmp_path / "long.tsv"
    write_couplets(made_up_couplets(3, 6, length=12), long)
    given = list(files)
    given[which] = long
    options = CoupletTraining(**SETTINGS | {"max_length": 9})
    with pytest.raises(DataError, match=r"long\.tsv: no couplet in it of up to 9"):
        fit_task(couplet_task(*given, tmp_path / "couplet", options))
    assert not (tmp_path / "couplet").exists()


def test_couplets_of_too_few_characters_are_one_clear_line(files, tmp_path):
    few = tmp_path / "few.tsv"
    write_couplets([Couplet("春天山花", "秋地水草")] * 9, few)
    done = train(few, files[1], tmp_path / "couplet", **SETTINGS | {"min_count": 5})
    assert done.exit_code == 1 and done.stderr.count("\n") == 1
    assert "few.tsv: 8 characters stand there 5 times or more, too few" in done.stderr
