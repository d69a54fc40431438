import json

import pytest
import tiny_bert

from nlg.backbone.checkpoint import load_backbone


@pytest.fixture
def source(tmp_path):
    config = tiny_bert.config()
    tensors = tiny_bert.google_tensors(config)
    heads = {
        name: x
        for name, x in tiny_bert.other_heads(config).items()
        if "adam" not in name
    }
    return tiny_bert.write_hugging_face(tmp_path / "hf", config, tensors | heads)


@pytest.fixture
def take(run, source, tmp_path):
    def take(*arguments, source=source):
        return run("import-bert", source, tmp_path / "out", *arguments)

    return take


def test_the_folder_goes_to_stdout_and_what_was_cut_to_stderr(take, tmp_path):
    result = take()
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'out'}\n")
    assert result.stderr.splitlines() == [
        "read hugging_face: 2 layers of 32 units",
        "vocabulary: 68 -> 41 tokens",
        "left out 4 weights of other heads: bert.pooler.dense.bias …",
    ]
    assert load_backbone(tmp_path / "out").config.application == "unilm"


def test_json_says_what_was_taken(take, tmp_path):
    result = take("--json", "--keep-vocab", "full", "--application", "lm")
    facts = json.loads(result.stdout)
    assert facts["checkpoint"] == str(tmp_path / "out")
    assert (facts["layout"], facts["layers"]) == ("hugging_face", 2)
    assert (facts["tokens_before"], facts["tokens"]) == (68, 68)
    assert len(facts["left_out"]) == 4
    assert load_backbone(tmp_path / "out").config.application == "lm"


def test_options_reach_the_checkpoint(take, tmp_path):
    mine = tmp_path / "我的字.txt"
    mine.write_text("春\n眠\n", "utf-8")
    options = ("--activation", "gelu_tanh", "--cased", "--dtype", "float32")
    assert take("--keep-vocab", mine, *options).exit_code == 0
    opened = load_backbone(tmp_path / "out")
    assert opened.tokenizer.vocabulary.tokens == [*tiny_bert.SPECIAL, "春", "眠"]
    assert opened.config.activation == "gelu_tanh"
    assert not opened.tokenizer.lower_case
    assert (tmp_path / "out" / "weights.safetensors").stat().st_size > 60_000


def test_config_and_vocabulary_may_lie_elsewhere(take, source, tmp_path):
    elsewhere = [tmp_path / name for name in ("a.json", "b.txt")]
    for path, name in zip(elsewhere, ("config.json", "vocab.txt"), strict=True):
        (source / name).rename(path)
    config, vocabulary = elsewhere
    weights = source / "model.safetensors"
    failed = take(source=weights)
    assert failed.exit_code == 1
    assert "pass --config" in failed.stderr
    done = take("--config", config, "--vocab", vocabulary, source=weights)
    assert done.exit_code == 0


def test_a_second_import_replaces_the_first(take, tmp_path):
    for _ in range(2):
        assert take().exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hf", "out"]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (
            lambda x: (x / "config.json").unlink(),
            "has no bert_config.json; pass --config",
        ),
        (lambda x: (x / "vocab.txt").unlink(), "has no vocab.txt; pass --vocab"),
        (lambda x: (x / "model.safetensors").unlink(), "holds no weights"),
        (
            lambda x: (x / "model.safetensors").rename(x / "pytorch_model.bin"),
            "holds only a pickle",
        ),
        (lambda x: (x / "config.json").write_text('{"model_type": "gpt2"}'), "gpt2"),
        (lambda x: (x.parent / "out").write_text("a file"), "is no backbone"),
    ],
)
def test_what_cannot_be_imported_is_one_line_and_exit_code_1(take, source, spoil, says):
    spoil(source)
    result = take()
    assert (result.exit_code, result.stdout) == (1, "")
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Error: ")


@pytest.mark.parametrize(
    "wrong",
    [("--application", "seq2seq"), ("--dtype", "int8"), ("--activation", "swish")],
)
def test_a_wrong_option_is_exit_code_2(take, wrong):
    assert take(*wrong).exit_code == 2


def test_source_and_out_must_be_named(run):
    assert run("import-bert", "only-one").exit_code == 2
