import dataclasses
import json

import keras
import numpy as np
import pytest

from nlg.backbone.checkpoint import load_backbone
from nlg.backbone.unilm import UniLM
from nlg.errors import DataError, OptionError
from nlg.pretrain.options import PretrainOptions
from nlg.pretrain.train import Rows, build_model, prepare, pretrain_task, score
from nlg.training.run import Run
from nlg.training.task import run_task

TINY = PretrainOptions(
    preset="tiny",
    row_tokens=32,
    batch_tokens=128,
    min_count=1,
    dev_tokens=1000,
    steps=4,
    eval_every=2,
    save_every=2,
    warmup_steps=1,
    learning_rate=0.01,
)
WORDS = "春风又绿江南岸明月何时照我还白日依山尽黄河入海流"


def pretrained(*given, **also):
    """Train and make the checkpoint; return the best line."""
    return run_task(pretrain_task(*given, **also))


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Made-up documents: each says one thing, then the same backwards."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("text") / "made-up.txt"
    lines = []
    for _ in range(300):
        part = "".join(rng.choice(list(WORDS), 8))
        lines.append(f"{part}。{part[::-1]}。\n\n")
    path.write_text("".join(lines), "utf-8")
    return path


def changed(**changes):
    return dataclasses.replace(TINY, **changes)


def test_prepared_text_is_parted_into_training_and_dev(text, tmp_path):
    vocabulary, train, dev = prepare([text], tmp_path, TINY)
    everything = train.token_ids.size + dev.token_ids.size
    assert everything == 300 * 18
    assert 0.1 < dev.token_ids.size / everything < 0.3  # 1,000 of 5,700 characters

    def samples(corpus):
        parts = np.split(corpus.token_ids, corpus.starts[1:-1])
        texts = {vocabulary.decode(part) for part in parts}
        return {text for text in texts if len(text) > 6}  # not the 。 of a cut sentence

    assert not samples(train) & samples(dev)


def test_prepared_text_is_read_again_not_made_again(text, tmp_path):
    first = prepare([text], tmp_path, TINY)
    again = prepare([text.with_name("gone.txt")], tmp_path, TINY)
    assert again[0].tokens == first[0].tokens
    np.testing.assert_array_equal(again[1].token_ids, first[1].token_ids)


def test_tokens_per_file_reads_a_part_of_each(text, tmp_path):
    options = changed(tokens_per_file=2000)
    _, train, dev = prepare([text], tmp_path, options)
    assert 1200 < train.token_ids.size + dev.token_ids.size < 2800


def test_every_sample_comes_once_an_epoch_in_an_order_of_its_seed(text, tmp_path):
    _, train, _ = prepare([text], tmp_path, TINY)
    rows = Rows(train, TINY)

    def order(epoch):
        return [x for batch in rows.epoch(epoch) for row in batch for x in row]

    assert len(set(order(0))) == len(order(0)) >= 0.9 * len(train.lengths)
    assert order(0) == order(0) != order(1)
    first_of_second = rows.at(rows.steps_per_epoch)
    assert first_of_second == rows.epoch(1)[0]


def test_share_of_a_source_is_drawn_anew_each_epoch(text, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text(text.read_text("utf-8").replace("春", "冬"), "utf-8")
    _, train, _ = prepare([text, other], tmp_path, TINY)
    rows = Rows(train, TINY, [1, 0.25])

    def drawn(epoch):
        return {x for batch in rows.epoch(epoch) for row in batch for x in row}

    counts = np.bincount(train.sources)
    seen = np.bincount(train.sources[list(drawn(0))])
    assert seen[0] >= 0.9 * counts[0]
    assert seen[1] == pytest.approx(0.25 * counts[1], rel=0.35)
    assert drawn(0) != drawn(1)
    assert Rows(train, TINY, [1, 1]).epoch(0) == Rows(train, TINY).epoch(0)


def test_dev_that_is_given_is_what_is_scored_and_not_trained_on(text, tmp_path):
    dev_text = "".join(text.read_text("utf-8").partition("\n\n")[:1])
    dev_file = tmp_path / "dev.txt"
    dev_file.write_text(dev_text, "utf-8")
    vocabulary, train, dev = prepare([text], tmp_path, TINY, dev=dev_file)
    expected = dev_text.replace("\n", "")
    assert vocabulary.decode(dev.token_ids) == expected
    assert train.token_ids.size == 299 * 18
    assert expected not in vocabulary.decode(train.token_ids)


def test_vocabulary_that_is_given_is_taken(text, trained, tmp_path):
    given = trained[0] / "vocab.txt"
    words = [*given.read_text("utf-8").splitlines(), "龍"]
    (tmp_path / "vocab.txt").write_text("\n".join(words) + "\n", "utf-8")
    vocab = tmp_path / "vocab.txt"
    pretrained([text], tmp_path / "run", changed(steps=2), vocab=vocab)
    backbone = load_backbone(tmp_path / "run/checkpoint")
    assert list(backbone.tokenizer.vocabulary.tokens) == words
    init = trained[0] / "checkpoint"
    with pytest.raises(OptionError, match="vocabulary of its own; leave out --vocab"):
        pretrained([text], tmp_path / "both", TINY, init=init, vocab=vocab)


def test_recurring_spans_change_training_and_not_dev(text, tmp_path):
    vocabulary, _, dev = prepare([text], tmp_path, TINY)
    unilm = UniLM(TINY.backbone(len(vocabulary)))
    unilm.build()
    model = build_model(unilm)
    model.compile()
    look = Rows(dev, TINY).epoch(0)
    plain = score(model, dev, look, TINY)
    assert score(model, dev, look, changed(recurring_share=1.0)) == plain


@pytest.fixture(scope="module")
def trained(text, tmp_path_factory):
    """Return the folder of a run that has learnt something, and its best line."""
    folder = tmp_path_factory.mktemp("trained")
    long = changed(steps=80, eval_every=40, save_every=40)
    return folder, pretrained([text], folder, long)


def test_training_lowers_dev_loss_of_every_objective(trained):
    last = Run(trained[0]).lines()[-1]
    for name in ("dev_loss", "dev_bidirectional", "dev_lm", "dev_seq2seq"):
        assert last[name] < np.log(len(WORDS))  # better than knowing the characters


def test_stopped_run_goes_on_as_if_it_had_not_been(text, tmp_path, eager):
    held = changed(decay_share=0.0)  # a rate that knows nothing of the run's length
    keras.utils.set_random_seed(0)
    straight = pretrained([text], tmp_path / "straight", held)
    half = tmp_path / "half"
    keras.utils.set_random_seed(0)
    pretrained([text], half, dataclasses.replace(held, steps=2))
    keras.utils.set_random_seed(99)
    resumed = pretrained([text], half, held)
    assert resumed["step"] == straight["step"] == 4
    assert resumed["dev_loss"] == pytest.approx(straight["dev_loss"], abs=1e-5)


def test_checkpoint_holds_the_best_weights_and_how_good_they_are(
    text, trained, tmp_path
):
    folder, best = trained
    backbone = load_backbone(folder / "checkpoint")
    assert backbone.metrics["dev_loss"] == best["dev_loss"]
    assert backbone.metrics["settings"]["preset"] == "tiny"
    assert backbone.tokenizer.encode("春风")[0] > 4
    dev = prepare([text], tmp_path, TINY)[2]
    model = build_model(backbone.model)
    model.compile()
    scores = score(model, dev, Rows(dev, TINY).epoch(0), TINY)
    assert scores["dev_loss"] == pytest.approx(best["dev_loss"], abs=1e-2)  # float16


def test_run_from_a_backbone_starts_where_that_one_ended(text, trained, tmp_path):
    folder, first = trained
    still = changed(steps=1, learning_rate=1e-9, eval_every=1, save_every=1)
    checkpoint = folder / "checkpoint"
    second = pretrained([text], tmp_path / "second", still, init=checkpoint)
    assert second["dev_loss"] == pytest.approx(first["dev_loss"], abs=1e-2)
    with pytest.raises(OptionError, match=r"row_tokens \(64\) is more than the 32"):
        pretrained([text], tmp_path / "third", changed(row_tokens=64), init=checkpoint)


def test_score_is_the_mean_of_the_three_objectives(text, tmp_path):
    vocabulary, _, dev = prepare([text], tmp_path, TINY)
    keras.utils.set_random_seed(0)
    unilm = UniLM(TINY.backbone(len(vocabulary)))
    unilm.build()
    model = build_model(unilm)
    model.compile()
    batches = Rows(dev, TINY).epoch(0)
    scores = score(model, dev, batches, TINY)
    parts = [scores[f"dev_{name}"] for name in ("bidirectional", "lm", "seq2seq")]
    assert scores["dev_loss"] == pytest.approx(np.mean(parts))
    assert scores == score(model, dev, batches, TINY)
    # Untrained, every token is about equally likely.
    assert scores["dev_lm"] == pytest.approx(np.log(len(vocabulary)), rel=0.1)


def test_too_little_text_is_one_clear_error(tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_text("\n\n")
    with pytest.raises(DataError, match=r"empty.txt: too little text"):
        pretrained([empty], tmp_path / "run", TINY)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"lm_share": 0.9, "bidirectional_share": 0.2}, "more than all samples"),
        ({"batch_tokens": 100}, "must be a multiple of row_tokens"),
        ({"preset": "huge"}, "no preset 'huge'; choose base"),
        ({"heads": 5}, "must be a multiple of heads"),
        ({"mask_share": 0.0}, "mask_share is 0.0"),
        ({"recurring_share": 1.5}, "recurring_share is 1.5"),
        ({"shares": ("poems",)}, "write it as pattern=share"),
        ({"optimizer": "sgd"}, "optimizer is 'sgd'; choose adamw or muon"),
    ],
)
def test_settings_that_cannot_run_are_refused(changes, says):
    with pytest.raises(OptionError, match=says):
        changed(**changes)


def test_run_writes_what_was_asked_for(trained):
    config = json.loads((trained[0] / "config.json").read_text("utf-8"))
    assert config["preset"] == "tiny" and config["data"] == ["made-up.txt"]
