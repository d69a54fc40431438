"""The smallest run that can be: made-up facts, one layer, four steps."""

import dataclasses
import functools
import json
import random
import shutil

import keras
import numpy as np
import pytest
import train_here
from qa.readers import numpy, row_to
from safetensors.numpy import load_file, save_file
from same_run import assert_same_run

from nlg.backbone.checkpoint import load_backbone, save_backbone
from nlg.backbone.config import BackboneConfig
from nlg.backbone.init_from import Shape
from nlg.backbone.unilm import UniLM
from nlg.config import apply_values
from nlg.errors import CheckpointError, OptionError
from nlg.files import write_json
from nlg.layers.weights import weights_by_path
from nlg.onnx_export.export import save_weights
from nlg.qa.answer import Answer, QARequest
from nlg.qa.config import longest
from nlg.qa.data.examples import Example, some, write
from nlg.qa.explain import explain
from nlg.qa.options import BEAMS, AnswerOptions
from nlg.qa.reader import Reader
from nlg.qa.train import export
from nlg.qa.train.batches import Batches, PackedRows
from nlg.qa.train.evaluate import Evaluator
from nlg.qa.train.init_from import init_from, init_from_mean
from nlg.qa.train.model import build_model
from nlg.qa.train.options import QATraining
from nlg.qa.train.prepare import DEV, TRAIN, load_encoded, prepare
from nlg.qa.train.saliency import Saliency, saliency
from nlg.qa.train.search import answer
from nlg.qa.train.train import qa_task
from nlg.qa.train.word_vectors import lexicon_of, vectors_for
from nlg.runtime import checkpoints_folder
from nlg.runtime.checkpoint import open_checkpoint, seal
from nlg.text.lexicon import Lexicon
from nlg.text.vocab import SPECIAL, Vocabulary
from nlg.training.loop import load_weights
from nlg.training.run import Run
from nlg.training.settings import read_settings
from nlg.training.task import fit_task

NAMES, THINGS = "春风明月江南绿岸", "山水花鸟云雨雪霜"
SETTINGS = {
    "max_passage": 24,
    "least_passage": 12,
    "max_question": 12,
    "max_answer": 4,
    "row_tokens": 48,
    "batch_tokens": 96,
    "dev_questions": 12,
    "steps": 4,
    "eval_every": 2,
    "save_every": 2,
    "warmup_steps": 1,
    "learning_rate": 0.01,
}
OPTIONS = QATraining(**SETTINGS)
WITH_VECTORS = SETTINGS | {"vectors": 2, "vector_units": 3}
TOLD = QATraining(**WITH_VECTORS)
VECTORS = "3 3\n喜欢 1 2 2\n山水 0.5 0 0\n江南 9 9 9\n"


def facts(count, seed):
    """Return made-up examples; every third passage does not answer."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        who, other = rng.sample(NAMES, 2)
        loved = "".join(rng.sample(THINGS, 2))
        source, asked = "ab"[number % 2], who if number % 3 else other
        told, start = (loved, 3) if asked == who else ("", -1)
        passage = f"{who}喜欢{loved}。"
        made.append(Example(source, passage, f"{asked}喜欢什么？", told, start))
    return made


train = functools.partial(train_here.train, "qa")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return the paths of training data, dev data and a backbone."""
    folder = tmp_path_factory.mktemp("facts")
    data, dev = folder / "facts.jsonl.gz", folder / "facts.dev.jsonl"
    write(facts(60, 0), data)
    write(facts(20, 1), dev)
    words = dict.fromkeys(f"{NAMES}{THINGS}喜欢什么。？")
    vocabulary = Vocabulary([*SPECIAL, *words])
    keras.utils.set_random_seed(0)
    config = BackboneConfig.preset(
        "tiny", len(vocabulary), layers=1, max_positions=48, application="lm"
    )
    unilm = UniLM(config)
    unilm.build()
    save_backbone(folder / "backbone", unilm, vocabulary, {}, "float32")
    (folder / "vectors.txt").write_text(VECTORS, "utf-8")
    return data, dev, folder / "backbone"


@pytest.fixture(scope="module")
def trained(files, tmp_path_factory):
    """Return the run folder and what the command printed.

    One graph of two, and no compiled step: that is what takes long.
    """
    out = tmp_path_factory.mktemp("run") / "qa"
    with pytest.MonkeyPatch.context() as patch, train_here.eagerly():
        patch.setattr(export, "GRAPHS", {"model": BEAMS})
        return train_here.trained_here(
            *("qa", "nlg.qa.train.train", export, files, out),
            *("--vectors", vectors_of(files)),
            **WITH_VECTORS,
        )


def vectors_of(files):
    return files[0].parent / "vectors.txt"


def shipped_model(out):
    """Return the network with the weights of the run's checkpoint."""
    unilm = UniLM(Shape.load(out).config)
    unilm.build()
    model = build_model(unilm, TOLD)
    best, _ = Run(out).load("best.safetensors")
    load_weights(model, {k: x.astype("float16") for k, x in best.items()})
    return model


def straight(files, folder, options):
    """Train without an export, as from a new process."""
    keras.utils.set_random_seed(options.seed)
    data, dev, init = files
    return fit_task(qa_task([data], dev, folder, options, [init])).best


# --- the whole way


def test_run_leaves_its_files_and_says_which_look_was_best(trained):
    scores = {"dev_loss", "dev_exact_match", "dev_f1"}
    files = {"train.safetensors", "dev.safetensors", "words.npz"}
    train_here.assert_left_behind(trained, [2, 4], scores, files)


def test_config_of_a_run_gives_its_settings_again(trained):
    settings = read_settings(trained[0] / "config.json")
    assert apply_values(QATraining(), settings, "config.json") == TOLD


@pytest.mark.parametrize("free", [False, True])
def test_the_graph_finds_what_keras_finds(trained, free):
    checkpoint = open_checkpoint(trained[0] / "checkpoint", "qa")
    reader = Reader(checkpoint)
    model = shipped_model(trained[0])
    passages = [example.passage for example in facts(12, 2)]
    asked = [
        QARequest(f"{who}喜欢什么？", passages[n : n + count])
        for n, (who, count) in enumerate(
            zip(NAMES, (1, 2, 3, 1, 2, 3, 2, 1), strict=True)
        )
    ]
    tasks = [reader.preparer.prepare(one, AnswerOptions()) for one in asked]
    inputs = reader._inputs(tasks)
    rest = 5, 3, free, 0.5
    kinds = {"length": "int32", "beam": "int32", "free": "bool", "limit": "float32"}
    named = {
        name: np.array(value, kind)
        for (name, kind), value in zip(kinds.items(), rest, strict=True)
    }
    got = checkpoint.graph("model")(**inputs, **named)
    present = inputs.pop("present")
    want = answer(model, inputs, present, *rest, beams=BEAMS, n_best=BEAMS)
    np.testing.assert_array_equal(got["answers"], numpy(want.answers))
    np.testing.assert_array_equal(got["voting"], numpy(want.voting))
    for name in ("scores", "support", "no_answer"):
        np.testing.assert_allclose(got[name], numpy(getattr(want, name)), atol=2e-3)


def test_the_graph_finds_the_saliency_that_keras_finds(trained):
    model, (encoded, _) = shipped_model(trained[0]), load_encoded(Run(trained[0]), DEV)
    tokenizer = Shape.load(trained[0]).tokenizer
    lexicon = lexicon_of(trained[0], tokenizer)
    batches = Evaluator(model, encoded, tokenizer, TOLD, lexicon).batches
    graph = open_checkpoint(trained[0] / "checkpoint", "qa").graph("saliency")
    S, T = longest(QATraining(**SETTINGS).reader(True))
    for number in range(3):
        source, answer = batches.sample(number)
        inputs = {k: row_to(x, S) for k, x in source._asdict().items()}
        answer = row_to(answer, T)
        got, want = graph(**inputs, answer=answer), saliency(model, inputs, answer)
        assert tuple(got) == Saliency._fields and got["saliency"].max() > 0
        for name, exact in zip(got, want, strict=True):
            np.testing.assert_allclose(
                got[name], exact, rtol=1e-3, atol=1e-3, err_msg=name
            )


def test_the_checkpoint_answers_and_knows_how_well(trained, run):
    folder = trained[0] / "checkpoint"
    reader = Reader.from_checkpoint(folder)
    report = reader.checkpoint.metrics["dev"]
    assert report["questions"] == 20  # all, where a look has dev_questions
    assert 0 <= report["exact_match"] <= report["f1"] and "answered" in report
    assert reader.checkpoint.metrics["calibration"]["method"] == "raw"  # too few
    assert reader.checkpoint.metrics["best_line"]["step"] in (2, 4)
    result = run(
        *("qa", "-q", "春喜欢什么？", "-p", "春喜欢山水。", "-p", "风喜欢花。"),
        *("--json", "--checkpoint", folder),
    )
    found = json.loads(result.stdout)
    assert result.exit_code == 0 and len(found["votes"]) == 2
    assert 0 <= found["confidence"] <= 1


def test_the_checkpoint_tells_what_an_answer_rests_on(trained):
    reader = Reader.from_checkpoint(trained[0] / "checkpoint")
    asked = QARequest("春喜欢什么？", ["风喜欢花。", "春喜欢山水。"])
    said = Answer("山水", 0.5, 1, 3, 5, (), ())
    found = explain(reader, asked, said, AnswerOptions())
    assert "".join(piece.text for piece in found.passage) == "春喜欢山水。"
    weights = [piece.weight for piece in found.question + found.passage]
    assert sum(weights) == pytest.approx(1, abs=1e-3) and max(weights) > 0
    assert [one.text for one in found.written] == ["山", "水", ""]
    assert all(0 < one.copied <= one.probability < 1 for one in found.written[:2])


def test_finished_run_refuses_another_model_and_names_it(trained, files):
    changed = {**WITH_VECTORS, "copy": "false"}
    done = train(*files, trained[0], "--vectors", vectors_of(files), **changed)
    assert done.exit_code == 1
    assert "copy = True, not False" in done.stderr and done.stderr.count("\n") == 1


def test_finished_run_refuses_other_vectors_and_names_them(trained, files, tmp_path):
    other = shutil.copy(vectors_of(files), tmp_path / "other.txt")
    done = train(*files, trained[0], "--vectors", other, **WITH_VECTORS)
    assert done.exit_code == 1 and done.stderr.count("\n") == 1
    assert "word_vectors = vectors.txt, not other.txt" in done.stderr


# --- parts of it


@pytest.fixture
def no_answers(monkeypatch):
    """Let looks score no answers: to compile the writing of some takes seconds."""
    monkeypatch.setattr(Evaluator, "attempts", lambda evaluator: iter(()))


def test_stopped_run_goes_on_as_if_it_had_not_been(files, tmp_path, eager, no_answers):
    # A rate without an end, and no dictionary, which takes seconds to write.
    held = dataclasses.replace(OPTIONS, decay_share=0.0, words=False)
    straight(files, tmp_path / "straight", held)
    straight(files, tmp_path / "half", dataclasses.replace(held, steps=2))
    moved = tmp_path / files[0].name  # read no more: the arrays are in the folder
    keras.utils.set_random_seed(99)
    fit_task(qa_task([moved], files[1], tmp_path / "half", held, [files[2]]))
    assert_same_run(tmp_path / "straight", tmp_path / "half")


def test_a_run_with_types_averages_and_slow_layers_is_trained(
    files, tmp_path, eager, no_answers
):
    options = dataclasses.replace(
        OPTIONS,
        steps=2,
        words=False,
        answer_types=True,
        by_sample=True,
        ema=0.9,
        layer_decay=0.8,
        accumulate=2,
        workers=1,
        shares=("b=0.5",),
    )
    best = straight(files, tmp_path, options)
    assert np.isfinite(best["dev_loss"])
    assert Shape.load(tmp_path).config.classes == (6,)
    kept, _ = Run(tmp_path).load("best.safetensors")
    assert "unilm/condition/class_0" in kept
    assert load_encoded(Run(tmp_path), TRAIN)[1] == ["a", "b"]


def test_dev_is_a_sample_of_the_questions_kept_back(trained):
    encoded, _ = load_encoded(Run(trained[0]), DEV)
    assert len(encoded.lengths) == SETTINGS["dev_questions"]


def test_every_run_looks_at_the_same_questions():
    made = facts(20, 1)
    found = some(made, 12)
    assert found == some(made, 12) and len(set(found)) == 12
    assert some(made, 0) == some(made, 20) == some(made, 99) == made


def test_short_passages_of_training_stand_among_others(trained):
    out, _ = trained
    for name, joined in ((TRAIN, True), (DEV, False)):
        encoded, _ = load_encoded(Run(out), name)
        assert np.all((encoded.lengths[:, 0] >= 12) == joined)


def test_answers_are_exchanged_in_training_alone(files, tmp_path):
    data, dev, backbone = files
    encoded = {}
    for share in (0.0, 1.0):
        run = Run(tmp_path / str(share))
        options = dataclasses.replace(OPTIONS, swapped=share, least_passage=0)
        run.lock_config(dataclasses.asdict(options), ())
        prepare(run, [data], dev, load_backbone(backbone).tokenizer, options)
        encoded[share] = {name: load_encoded(run, name)[0] for name in (TRAIN, DEV)}
    np.testing.assert_equal(encoded[0.0][DEV], encoded[1.0][DEV])
    old, new = encoded[0.0][TRAIN], encoded[1.0][TRAIN]
    np.testing.assert_array_equal(old.lengths, new.lengths)
    samples = [Batches(x, OPTIONS) for x in (old, new)]
    pairs = [[batches.sample(n) for batches in samples] for n in range(len(new.kinds))]
    changed = sum(not np.array_equal(a[1], b[1]) for a, b in pairs)
    assert changed > len(pairs) / 4
    for _, (source, target) in pairs:
        assert set(target[:-1]) <= set(source.token_ids)


def test_a_backbone_is_taken_with_its_weights_but_as_a_unilm(files):
    model, tokenizer = init_from(files[2], OPTIONS)
    unilm = model.unilm
    assert unilm.config.application == "unilm" and unilm.config.dropout == 0.1
    opened = load_backbone(files[2])
    want = weights_by_path(opened.model)
    got = weights_by_path(unilm)
    assert got.keys() == want.keys()
    for name, tensor in want.items():
        np.testing.assert_array_equal(got[name], tensor)
    assert tokenizer.vocabulary.tokens == opened.tokenizer.vocabulary.tokens


def test_answer_types_are_added_to_a_backbone(files):
    unilm = init_from(files[2], dataclasses.replace(OPTIONS, answer_types=True))[
        0
    ].unilm
    want = weights_by_path(load_backbone(files[2]).model)
    got = weights_by_path(unilm)
    new = got.keys() - want.keys()
    assert new and all("condition" in x or x.endswith("_kernel") for x in new)
    assert all(not got[x].any() for x in new if x.endswith("_kernel"))
    for name, tensor in want.items():
        np.testing.assert_array_equal(got[name], tensor)


def test_a_reader_is_gone_on_with_and_what_it_is_told_besides_has_no_effect(trained):
    run, checkpoint = Run(trained[0]), trained[0] / "checkpoint"
    model, tokenizer = init_from(checkpoint, TOLD)
    told = dataclasses.replace(TOLD, answer_types=True)
    other, _ = init_from(checkpoint, told)
    want = load_file(checkpoint / "weights.safetensors")
    for name, weight in weights_by_path(model).items():
        np.testing.assert_array_equal(weight, want[name])
    encoded, _ = load_encoded(run, DEV)
    lexicon = lexicon_of(run.folder, tokenizer)
    batch = Batches(encoded, OPTIONS, lexicon).batch(
        PackedRows(encoded, [1.0] * 2, OPTIONS).at(0)
    )
    nats = numpy(model(batch))
    assert nats.std() > 0
    np.testing.assert_allclose(numpy(other(batch)), nats, rtol=1e-6)


def test_a_reader_that_is_told_types_is_told_styles_besides(trained, tmp_path):
    types = dataclasses.replace(TOLD, answer_types=True)
    folder = told_reader(trained, tmp_path, types)
    want = weights_by_path(init_from(folder, types)[0])
    model, _ = init_from(folder, dataclasses.replace(types, styles=True))
    assert model.unilm.config.classes == (6, 2)
    got = weights_by_path(model)
    assert got.keys() - want.keys() == {"unilm/condition/class_1"}
    for name, weight in want.items():
        np.testing.assert_array_equal(got[name], weight)


def test_a_reader_that_does_not_suit_is_refused(trained):
    checkpoint = trained[0] / "checkpoint"
    with pytest.raises(OptionError, match="all 1 blocks are kept: leave preset"):
        init_from(checkpoint, dataclasses.replace(TOLD, preset="tiny"))
    with pytest.raises(CheckpointError, match="unused 7: answerer/copying"):
        init_from(checkpoint, dataclasses.replace(TOLD, copy=False))
    with pytest.raises(CheckpointError, match="for couplet, not for backbone or qa"):
        init_from(checkpoints_folder() / "couplet", OPTIONS)


def test_a_reader_gets_more_blocks_which_change_next_to_nothing(trained):
    checkpoint = trained[0] / "checkpoint"
    model, tokenizer = init_from(checkpoint, TOLD)
    deep, _ = init_from(checkpoint, dataclasses.replace(TOLD, layers=3))
    assert deep.unilm.config.layers == 3
    encoded, _ = load_encoded(Run(trained[0]), DEV)
    rows = PackedRows(encoded, [1.0] * 2, TOLD).at(0)
    batch = Batches(encoded, TOLD, lexicon_of(trained[0], tokenizer)).batch(rows)
    nats = numpy(model(batch))
    off = np.abs(numpy(deep(batch)) - nats)
    assert off.mean() < 0.1 * nats.std()
    again = dataclasses.replace(TOLD, layers=1)
    assert init_from(checkpoint, again)[0].unilm.config.layers == 1


def test_a_reader_has_the_vectors_it_was_given_and_goes_on_with_them(trained, tmp_path):
    checkpoint, run = trained[0] / "checkpoint", Run(trained[0])
    lexicon = Lexicon.load(checkpoint / "words.npz")
    tokenizer = Shape.load(trained[0]).tokenizer
    ids = np.array(tokenizer.encode("春喜欢山水江南"))
    assert lexicon.read(ids).rows.tolist() == [0, 1, 1, 2, 2, 0, 0]  # of 2 words
    want = np.array([[1, 2, 2], [3, 0, 0]]) / [[3**0.5], [3**0.5]]  # of length 3 ** 0.5
    for name in ("best.safetensors", "state.safetensors"):
        tensors = run.load(name)[0]
        (table,) = (x for k, x in tensors.items() if k.endswith("meaning/table"))
        np.testing.assert_allclose(table, want, rtol=1e-6)
    model, _ = init_from(checkpoint, TOLD)
    np.testing.assert_allclose(numpy(model.meaning.table), want, rtol=1e-3)
    known = vectors_for(model, checkpoint, None)
    again = lexicon_of(tmp_path, tokenizer, known)
    np.testing.assert_array_equal(again.rows, lexicon.rows)


def test_vectors_that_do_not_suit_are_one_clear_line(trained, files):
    path, checkpoint = vectors_of(files), trained[0] / "checkpoint"
    plain, _ = init_from(files[2], OPTIONS)
    told, _ = init_from(files[2], TOLD)
    wide, _ = init_from(files[2], dataclasses.replace(TOLD, vector_units=4))
    for model, init, given, problem in (
        (plain, files[2], path, "is of no use without a number of words: add --set"),
        (told, files[2], None, "backbone has none: give a file with --vectors"),
        (wide, files[2], path, "vectors of 3 numbers; add --set vector_units=3"),
    ):
        with pytest.raises(OptionError, match=problem):
            vectors_for(model, init, given)
    assert vectors_for(plain, checkpoint, None) == []


def told_reader(trained, tmp_path, options):
    """Return a checkpoint of the trained reader that is told what `options` say."""
    model, _ = init_from(trained[0] / "checkpoint", options)
    folder = tmp_path / "told"
    shutil.copytree(trained[0] / "checkpoint", folder)
    save_weights(model, folder / "weights.safetensors")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config["backbone"] = dataclasses.asdict(model.unilm.config)
    write_json(folder / "config.json", config)
    seal(folder)
    return folder


def test_what_a_reader_is_told_it_goes_on_being_told(trained, tmp_path):
    told = dataclasses.replace(TOLD, answer_types=True)
    model, _ = init_from(trained[0] / "checkpoint", told)
    folder = told_reader(trained, tmp_path, told)
    again, _ = init_from(folder, told)
    assert weights_by_path(again).keys() == weights_by_path(model).keys()
    with pytest.raises(CheckpointError, match=r"unused \d+: unilm.*beta_kernel"):
        init_from(folder, TOLD)


def altered(checkpoint, folder, changed=lambda name, tensor: tensor, words=()):
    """Copy a checkpoint, with other weights, and other words at the end of its own."""
    shutil.copytree(checkpoint, folder)
    path = folder / "weights.safetensors"
    tensors = {name: changed(name, x) for name, x in load_file(path).items()}
    save_file(tensors, path)
    if words:
        own = (folder / "vocab.txt").read_text("utf-8").splitlines()
        lines = [*own[: -len(words)], *words]
        (folder / "vocab.txt").write_text("\n".join(lines) + "\n", "utf-8")
    seal(folder)
    return folder


def grown(factor):
    """Return what makes all weights greater but for the vectors of words."""
    return lambda name, x: x if "meaning" in name else (x * factor).astype(x.dtype)


def test_of_several_readers_the_mean_is_gone_on_with(trained, tmp_path):
    checkpoint = trained[0] / "checkpoint"
    twice = altered(checkpoint, tmp_path / "twice", grown(2))
    eightfold = altered(checkpoint, tmp_path / "eightfold", grown(8))
    model, _ = init_from_mean([checkpoint, twice, eightfold], TOLD)
    want = load_file(checkpoint / "weights.safetensors")
    for name, weight in weights_by_path(model).items():
        factor = 1 if "meaning" in name else (1 + 2 + 8) / 3
        mean = want[name].astype("float32") * factor
        np.testing.assert_allclose(weight, mean, rtol=1e-5, err_msg=name)
    alone, _ = init_from_mean([checkpoint], TOLD)
    for name, weight in weights_by_path(alone).items():
        np.testing.assert_array_equal(weight, want[name])


def test_readers_that_have_no_mean_are_refused(trained, files, tmp_path):
    checkpoint = trained[0] / "checkpoint"
    foreign = altered(checkpoint, tmp_path / "foreign", words=["外"])
    other = altered(checkpoint, tmp_path / "other", lambda name, x: x + x.dtype.type(1))
    less = dataclasses.replace(TOLD, vectors=0)
    for pair, options, problem in (
        ([checkpoint, foreign], TOLD, "foreign and .*checkpoint know other tokens"),
        ([checkpoint, other], TOLD, "have other vectors of words"),
        ([files[2], checkpoint], less, "for backbone, not for qa"),
        ([checkpoint, files[2]], TOLD, "for backbone, not for qa"),
    ):
        with pytest.raises((OptionError, CheckpointError), match=problem):
            init_from_mean(pair, options)


def test_a_preset_starts_from_random_weights(files):
    unilm = init_from(files[2], dataclasses.replace(OPTIONS, preset="tiny"))[0].unilm
    assert (unilm.config.layers, unilm.config.max_positions) == (2, 48)
    assert unilm.config.vocab_size == load_backbone(files[2]).config.vocab_size
    deep = dataclasses.replace(OPTIONS, preset="tiny", layers=3)
    with pytest.raises(OptionError, match=r"layers .3. is more than the 2 that tiny"):
        init_from(files[2], deep)


def test_as_many_blocks_as_are_asked_for_are_kept_the_first(files, tmp_path):
    opened = load_backbone(files[2])
    deep = UniLM(dataclasses.replace(opened.config, layers=3))
    deep.build()
    save_backbone(tmp_path / "b", deep, opened.tokenizer.vocabulary, {}, "float32")
    unilm = init_from(tmp_path / "b", dataclasses.replace(OPTIONS, layers=2))[0].unilm
    got, want = weights_by_path(unilm), weights_by_path(deep)
    assert unilm.config.layers == 2
    assert want.keys() - got.keys() == {name for name in want if "block_2" in name}
    for name, tensor in got.items():
        np.testing.assert_array_equal(tensor, want[name])
    with pytest.raises(OptionError, match=r"layers .4. is more than the 3 that"):
        init_from(tmp_path / "b", dataclasses.replace(OPTIONS, layers=4))


def test_a_backbone_that_does_not_suit_is_refused(files, tmp_path):
    wide = dataclasses.replace(OPTIONS, row_tokens=64, batch_tokens=64)
    with pytest.raises(OptionError, match=r"row_tokens .64. is more than the 48 pos"):
        init_from(files[2], wide)
    opened = load_backbone(files[2])
    config = dataclasses.replace(opened.config, condition_size=4, classes=(2,))
    unilm = UniLM(config)
    unilm.build()
    save_backbone(tmp_path / "b", unilm, opened.tokenizer.vocabulary, {})
    with pytest.raises(OptionError, match="has a condition of its own"):
        init_from(tmp_path / "b", OPTIONS)


def test_a_look_scores_the_answers_that_the_model_writes(trained, files):
    encoded, _ = load_encoded(Run(trained[0]), DEV)
    model, tokenizer = init_from(files[2], OPTIONS)
    unilm = model.unilm
    evaluator = Evaluator(build_model(unilm, OPTIONS), encoded, tokenizer, OPTIONS)
    right = {}
    for number in range(len(encoded.lengths)):
        source, target = evaluator.batches.sample(number)
        right[tuple(source.token_ids)] = target.tolist()

    def perfect(token_ids, **others):
        lines = [right[tuple(ids[ids > 0])] for ids in token_ids]
        return np.array([line + [0] * (5 - len(line)) for line in lines])

    evaluator.write = perfect
    attempts = list(evaluator.attempts())
    assert len(attempts) == 12
    assert all(
        (said.answer,) == said.references or not said.answer for said in attempts
    )
    assert sum(not said.references for said in attempts) == sum(
        encoded.lengths[:, 2] == 0
    )


def test_files_without_questions_are_one_clear_line(files, tmp_path):
    data, dev, init = files
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    for pair in ((empty, dev), (data, empty)):
        done = train(*pair, init, tmp_path / "qa", **SETTINGS)
        assert done.exit_code == 1 and done.stdout == ""
        assert f"{empty}: no question in it" in done.stderr
        assert done.stderr.count("\n") == 1
        shutil.rmtree(tmp_path / "qa")


def test_a_share_of_no_source_is_one_clear_line(files, tmp_path):
    done = train(*files, tmp_path / "qa", **{**SETTINGS, "shares": "c=0.5"})
    assert done.exit_code == 2 and "c fits no source" in done.stderr
