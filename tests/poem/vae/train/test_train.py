"""The smallest run that can be: forty poems, eight units, four steps."""

import json
import random
import shutil

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file
from train_here import eagerly

from nlg.cli.main import main
from nlg.config import apply_values
from nlg.errors import DataError
from nlg.poem.dataset import load_poems
from nlg.poem.dataset import write as write_poem_file
from nlg.poem.vae.poet import Poet
from nlg.poem.vae.train.batches import encode
from nlg.poem.vae.train.evaluate import score
from nlg.poem.vae.train.model import build_model
from nlg.poem.vae.train.train import VAETraining, vae_task
from nlg.text.forms import FORMS, form_of
from nlg.text.poem_records import Poem
from nlg.text.vocab import UNK, Vocabulary
from nlg.training.run import Run
from nlg.training.settings import read_settings
from nlg.training.task import fit_task

POEMS = """
床前明月光 疑是地上霜 举头望明月 低头思故乡
白日依山尽 黄河入海流 欲穷千里目 更上一层楼
朝辞白帝彩云间 千里江陵一日还 两岸猿声啼不住 轻舟已过万重山
月落乌啼霜满天 江枫渔火对愁眠 姑苏城外寒山寺 夜半钟声到客船
国破山河在 城春草木深 感时花溅泪 恨别鸟惊心 烽火连三月 家书抵万金 白头搔更短 浑欲不胜簪
凤凰台上凤凰游 凤去台空江自流 吴宫花草埋幽径 晋代衣冠成古丘 \
三山半落青天外 二水中分白鹭洲 总为浮云能蔽日 长安不见使人愁
"""
SETTINGS = {
    "units": 8,
    "latent_units": 4,
    "encoder_blocks": 1,
    "decoder_blocks": 2,
    "steps": 4,
    "eval_every": 2,
    "save_every": 2,
    "min_count": 1,
    "dev_poems": 8,
    "batch_tokens": 256,
    "metric_samples": 2,
}


def made_up_poems(count):
    """Return `count` different poems: known ones, their lines in another order."""
    rng, known, made = random.Random(0), POEMS.split("\n")[1:-1], {}
    while len(made) < count:
        lines = known[len(made) % len(known)].split()
        rng.shuffle(lines)
        made[tuple(lines)] = Poem(form_of(lines).name, tuple(lines))
    return list(made.values())


def train(data, dev, out, *arguments, **settings):
    changes = [f"--set={key}={value}" for key, value in settings.items()]
    files = ["--data", data, "--dev", dev, "--out", out]
    command = ["train", "poem-vae", *files, *changes, *arguments]
    return CliRunner().invoke(main, [str(word) for word in command])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, poems = tmp_path_factory.mktemp("poems"), made_up_poems(48)
    data, dev = folder / "poems.jsonl.gz", folder / "poems.dev.jsonl"
    write_poem_file(poems[:40], data)
    write_poem_file(poems[40:], dev)
    return data, dev


@pytest.fixture(scope="module")
def trained(files, tmp_path_factory):
    """Return the run folder and what the command printed."""
    out = tmp_path_factory.mktemp("run") / "vae"
    with pytest.MonkeyPatch.context() as patch:
        # As after a training on JAX: the export needs TensorFlow all the same.
        patch.setenv("KERAS_BACKEND", "jax")
        patch.chdir(out.parent)  # nor may it need the checkout to be where we are
        with eagerly():  # each form has a shape of its own
            done = train(*files, out, **SETTINGS)
    assert done.exit_code == 0, done.output
    return out, json.loads(done.stdout)


def test_run_leaves_its_files_and_says_which_look_was_best(trained):
    out, said = trained
    lines = Run(out).lines()
    assert [line["step"] for line in lines] == [2, 4]
    best = min(lines, key=lambda line: line["dev_loss"])
    assert said == {"checkpoint": str(out / "checkpoint"), **best}
    assert {path.name for path in out.iterdir()} == {
        "config.json",
        "vocab.txt",
        "log.jsonl",
        "loss.png",
        "state.safetensors",
        "best.safetensors",
        "checkpoint",
    }
    distinct = set("".join(POEMS.split()))
    assert set(Vocabulary.load(out / "vocab.txt").tokens[2:]) == distinct


@pytest.mark.parametrize("form", FORMS)
def test_checkpoint_writes_each_form(trained, form):
    poet = Poet.from_checkpoint(trained[0] / "checkpoint")
    first, second = poet.write(form, count=2, candidates=1, rules=False)
    for poem in (first, second):
        assert form_of(poem.lines) == FORMS[form] and poem.form == form
        assert set("".join(poem.lines)) <= set("".join(POEMS.split()))
    assert first.lines != second.lines


def test_checkpoint_carries_its_metrics(trained):
    metrics = json.loads((trained[0] / "checkpoint" / "metrics.json").read_text())
    assert set(metrics["samples"]) == set(FORMS)
    assert all(report["poems"] == 2 for report in metrics["samples"].values())
    bound, best = metrics["bound"], metrics["best_line"]
    # The same dev poems and weights, a new draw of the latent.
    assert bound["dev_loss"] == pytest.approx(best["dev_loss"], rel=0.05)
    # NumPy over the exported encoder against Keras over the model
    assert metrics["latent"]["kl"] == pytest.approx(bound["dev_kl"], rel=0.02)


def test_checkpoint_holds_the_best_weights_in_16_bits(trained):
    best = load_file(trained[0] / "best.safetensors")
    shipped = load_file(trained[0] / "checkpoint" / "weights.safetensors")
    assert shipped.keys() == best.keys()
    for name, tensor in shipped.items():
        np.testing.assert_array_equal(tensor, best[name].astype("float16"))


def test_finished_run_refuses_another_seed_and_names_it(trained, files):
    done = train(*files, trained[0], "--seed", 2, **SETTINGS)
    assert done.exit_code == 1
    assert "seed = 1, not 2" in done.stderr and done.stderr.count("\n") == 1


def test_run_may_go_on_longer_and_at_a_lower_rate(trained, files, tmp_path, eager):
    # A lower rate is the way out that a NaN loss is told of.
    run = Run(shutil.copytree(trained[0], tmp_path / "copy"))
    before = run.lines()
    longer = VAETraining(**{**SETTINGS, "steps": 6, "learning_rate": 1e-4})
    fit_task(vae_task(*files, run.folder, longer))
    assert run.lines()[:2] == before and run.lines()[2]["step"] == 6
    assert json.loads((run.folder / "config.json").read_text())["steps"] == 6


def test_config_of_a_run_gives_its_settings_again(trained):
    settings = read_settings(trained[0] / "config.json")
    again = apply_values(VAETraining(), settings, "config.json")
    assert again == VAETraining(**SETTINGS)


def test_averaged_run_with_accumulation_and_its_own_rates_is_trained(
    files, tmp_path, eager
):
    options = VAETraining(
        **{**SETTINGS, "steps": 2},
        accumulate=2,
        ema=0.9,
        layer_decay=0.9,
        rates=("*/page/*=0.5",),
        frozen=("*/vocabulary/*",),
        gradient_ops=("centralise", "clip=1.0"),
        workers=1,
    )
    best = fit_task(vae_task(*files, tmp_path, options)).best
    assert [line["step"] for line in Run(tmp_path).lines()] == [2]
    kept, _ = Run(tmp_path).load("best.safetensors")
    model = build_model(len(Vocabulary.load(tmp_path / "vocab.txt")), options)
    assert kept.keys() == {x.path for x in model.trainable_variables}
    assert np.isfinite(best["dev_loss"])


def test_unknown_setting_names_the_near_one(files, tmp_path):
    done = train(*files, tmp_path / "vae", unit=8)
    assert done.exit_code == 2
    assert "did you mean units?" in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "vae").exists()


def test_file_without_poems_is_one_clear_line(files, tmp_path):
    empty, (data, dev) = tmp_path / "empty.jsonl", files
    empty.write_text("")
    for pair in ((empty, dev), (data, empty)):
        done = train(*pair, tmp_path / "vae", **SETTINGS)
        assert done.exit_code == 1 and done.stdout == ""
        assert f"{empty}: no poem in it" in done.stderr
        assert done.stderr.count("\n") == 1
    assert not (tmp_path / "vae").exists()


def test_broken_record_is_named_by_file_and_line(files, tmp_path):
    broken = tmp_path / "broken.jsonl"
    broken.write_text(made_up_poems(1)[0].to_json() + "\n{\n", "utf-8")
    with pytest.raises(DataError, match=r"broken.jsonl:2: not JSON"):
        fit_task(vae_task(broken, files[1], tmp_path / "vae", VAETraining(**SETTINGS)))


def test_regulated_verse_gives_its_quatrains_to_training_too(files):
    poems = load_poems(files[0])
    vocabulary = Vocabulary.from_counts(("".join(p.lines) for p in poems), 1)
    count = {form: sum(poem.form == form for poem in poems) for form in FORMS}
    whole = encode(poems, vocabulary, halves=False)
    assert {shape: len(rows) for shape, rows in whole.items()} == {
        (4, 5): count["五绝"],
        (4, 7): count["七绝"],
        (8, 5): count["五律"],
        (8, 7): count["七律"],
    }
    halved = encode(poems, vocabulary, halves=True)
    assert len(halved[4, 5]) == count["五绝"] + 2 * count["五律"]
    quatrains = halved[4, 7].tolist()
    for page in whole[8, 7].tolist():
        assert page[:4] in quatrains and page[4:] in quatrains
    text = vocabulary.decode(whole[8, 7][0].reshape(-1).tolist())
    assert text == "".join(next(p for p in poems if p.form == "七律").lines)


def test_score_is_the_bound_per_character_whatever_the_batches(files):
    poems = load_poems(files[0])  # more of some forms than of others
    vocabulary = Vocabulary.from_counts(("".join(p.lines) for p in poems), 1)
    keras.utils.set_random_seed(0)
    model = build_model(len(vocabulary), VAETraining(**SETTINGS))
    model.compile()
    pages = encode(poems, vocabulary, halves=False)
    whole, single = score(model, pages, 10_000), score(model, pages, 1)
    # The latent is drawn anew, and an untrained decoder hardly looks at it.
    assert whole["dev_kl"] == pytest.approx(single["dev_kl"], rel=1e-4)
    assert whole["dev_loss"] == pytest.approx(single["dev_loss"], rel=0.01)
    characters = sum(len("".join(poem.lines)) for poem in poems)
    nats = (whole["dev_reconstruction"] + whole["dev_kl"]) * len(poems)
    assert whole["dev_loss"] == pytest.approx(nats / characters, rel=1e-5)
    assert UNK not in vocabulary.decode(pages[4, 5].reshape(-1).tolist())
