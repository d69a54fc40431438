import json

import pytest

from nlg.backbone.config import BackboneConfig
from nlg.backbone.import_config import config_of
from nlg.backbone.import_source import find, lower_case_of, read_config
from nlg.errors import CheckpointError

HDF5 = b"\x89HDF\r\n\x1a\n and more"
GOOGLE = {
    "bert_model.ckpt.index": b"",
    "bert_model.ckpt.data-00000-of-00001": b"",
    "bert_model.ckpt.meta": b"",
    "checkpoint": b"",
    "bert_config.json": b"{}",
    "vocab.txt": b"",
}
ALBERT = {
    "model.ckpt-best.index": b"",
    "model.ckpt-best.data-00000-of-00001": b"",
    "albert_config.json": b"{}",
    "vocab_chinese.txt": b"",
}
SAVED = {"best_model.weights": HDF5, "bert_config.json": b"{}", "vocab.txt": b""}
HUB = {
    "model.safetensors": b"",
    "pytorch_model.bin": b"PK\x03\x04",
    "tf_model.h5": HDF5,
    "flax_model.msgpack": b"",
    "config.json": b"{}",
    "generation_config.json": b"{}",
    "tokenizer_config.json": b"{}",
    "tokenizer.json": b"{}",
}
SHARDS = {
    "model-00001-of-00002.safetensors": b"",
    "model-00002-of-00002.safetensors": b"",
    "model.safetensors.index.json": b"{}",
    "config.json": b"{}",
    "vocab.txt": b"",
}


@pytest.fixture
def folder(tmp_path):
    def folder(files):
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        return tmp_path

    return folder


@pytest.mark.parametrize(
    ("files", "kind", "names"),
    [
        (GOOGLE, "TensorFlow", ["bert_model.ckpt", "bert_config.json", "vocab.txt"]),
        (
            ALBERT,
            "TensorFlow",
            ["model.ckpt-best", "albert_config.json", "vocab_chinese.txt"],
        ),
        (SAVED, "HDF5", ["best_model.weights", "bert_config.json", "vocab.txt"]),
        (HUB, "safetensors", ["model.safetensors", "config.json", "tokenizer.json"]),
        (SHARDS, "safetensors", [*list(SHARDS)[:2], "config.json", "vocab.txt"]),
    ],
    ids=["Google", "ALBERT", "bert4keras", "Hugging Face", "in parts"],
)
def test_a_folder_is_recognised_by_what_it_holds(folder, files, kind, names):
    found = find(folder(files))
    paths = [*found.weights, found.config, found.vocabulary]
    assert (found.kind, [path.name for path in paths]) == (kind, names)


@pytest.mark.parametrize("end", ["", ".index", ".meta", ".data-00000-of-00001"])
def test_weights_of_tensorflow_may_be_named_by_any_of_their_files(folder, end):
    found = find(
        folder(GOOGLE | {"bert_model.ckpt.meta": b""}) / f"bert_model.ckpt{end}"
    )
    assert found.weights == [folder({}) / "bert_model.ckpt"]
    assert [path.name for path in found.files()] == [
        "bert_model.ckpt.data-00000-of-00001"
    ]


def test_weights_may_lie_apart_from_config_and_vocabulary(folder, tmp_path):
    weights = folder({"best_model.weights": HDF5}) / "best_model.weights"
    found = find(weights, tmp_path / "a.json", tmp_path / "b.txt")
    assert found == ("HDF5", [weights], tmp_path / "a.json", tmp_path / "b.txt")


def refusal(*arguments):
    with pytest.raises(CheckpointError) as caught:
        find(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_of_several_checkpoints_one_must_be_named(folder):
    both = folder(GOOGLE | SAVED)
    message = refusal(both)
    assert "several checkpoints: bert_model.ckpt, best_model.weights" in message
    assert f"name one, such as {both / 'bert_model.ckpt'}" in message
    assert find(both / "best_model.weights").kind == "HDF5"


@pytest.mark.parametrize("content", [b"PK\x03\x04torch", b"\x80\x02pickle"])
def test_a_pickle_is_refused_with_the_way_out(folder, content):
    files = {"pytorch_model.bin": content, "config.json": b"{}", "vocab.txt": b""}
    for path in (folder(files), folder(files) / "pytorch_model.bin"):
        message = refusal(path)
        assert "pickle" in message
        assert "save_pretrained(…, safe_serialization=True)" in message


@pytest.mark.parametrize("missing", ["bert_config.json", "vocab.txt"])
def test_what_is_not_beside_the_weights_is_named_with_its_option(folder, missing):
    found = folder({name: x for name, x in GOOGLE.items() if name != missing})
    option = "--config" if missing.endswith("json") else "--vocab"
    assert refusal(found) == f"{found} has no {missing}; pass {option}"


# --- checkpoints in parts, and several in one folder


def shard(number, count=3):
    return f"model-{number:05}-of-{count:05}.safetensors"


def parts(*numbers):
    told = {"weight_map": {"a": shard(1), "b": shard(2), "c": shard(3)}}
    index = {"model.safetensors.index.json": json.dumps(told).encode()}
    return (
        {shard(n): b"" for n in numbers}
        | {"config.json": b"{}", "vocab.txt": b""}
        | index
    )


@pytest.mark.parametrize("told", [True, False])
def test_a_missing_part_is_named(folder, told):
    files = parts(1, 3)
    if not told:
        del files["model.safetensors.index.json"]
    found = folder(files)
    for path in (found, found / shard(1)):
        message = refusal(path)
        assert message.startswith(f"{found} lacks {shard(2)}: the weights are in parts")
        assert "head" not in message


def test_one_part_stands_for_all(folder):
    found = find(folder(parts(1, 2, 3)) / shard(2))
    assert [path.name for path in found.weights] == [shard(1), shard(2), shard(3)]


def test_of_many_missing_parts_three_are_named(folder):
    files = {shard(1, 99999): b"", "config.json": b"{}", "vocab.txt": b""}
    assert ", …: the weights are in parts" in refusal(folder(files))


@pytest.mark.parametrize("name", ["../outside.safetensors", "/etc/hostname", "a/b", 3])
def test_a_part_outside_the_folder_is_refused(folder, name):
    told = json.dumps({"weight_map": {"a": name}}).encode()
    files = parts(1, 2, 3) | {"model.safetensors.index.json": told}
    assert refusal(folder(files)).endswith(f"names {name!r}, no file beside it")


@pytest.mark.parametrize("have", [[], [0], [1]])
def test_a_missing_part_of_tensorflow_is_named(folder, have):
    data = "bert_model.ckpt.data-0000{}-of-0000{}"
    count = 2 if have else 1
    files = {name: x for name, x in GOOGLE.items() if "data" not in name}
    files |= {data.format(n, count): b"" for n in have}
    lost = next(n for n in range(count) if n not in have)
    assert f"lacks {data.format(lost, count)}: " in refusal(folder(files))


def test_data_without_an_index_is_told_so(folder):
    files = {name: x for name, x in GOOGLE.items() if "index" not in name}
    path = folder(files) / "bert_model.ckpt.data-00000-of-00001"
    assert "bert_model.ckpt.index is missing, without which" in refusal(path)


TWO = GOOGLE | {"old.ckpt.index": b"", "old.ckpt.data-00000-of-00001": b""}


@pytest.mark.parametrize(
    "path", ["old.ckpt", "/home/me/run/old.ckpt", "C:\\run\\old.ckpt"]
)
def test_tensorflow_tells_itself_which_of_two_is_the_newest(folder, path):
    told = f'model_checkpoint_path: "{path}"\nall_model_checkpoint_paths: "x"\n'
    found = folder(TWO | {"checkpoint": told.encode()})
    assert find(found).weights == [found / "old.ckpt"]
    assert find(found / "checkpoint").weights == [found / "old.ckpt"]


@pytest.mark.parametrize("told", [b"", b"\xff", b'model_checkpoint_path: "../../x"'])
def test_a_newest_that_is_not_there_leaves_the_choice_to_the_user(folder, told):
    found = folder(TWO | {"checkpoint": told})
    assert "several checkpoints: bert_model.ckpt, old.ckpt" in refusal(found)


def test_a_folder_without_weights_says_what_is_looked_for(folder, tmp_path):
    assert "holds no weights: no *.ckpt.index" in refusal(folder({"vocab.txt": b""}))
    assert "no such folder or weights file" in refusal(tmp_path / "nowhere")


def test_a_file_of_no_known_kind_may_be_cut_short(folder):
    weights = folder({"best_model.weights": HDF5[:5]}) / "best_model.weights"
    assert "copy it again" in refusal(weights)


@pytest.mark.parametrize(
    ("said", "lower"), [({}, True), ({"do_lower_case": False}, False), (None, True)]
)
def test_capitals_are_kept_where_the_tokenizer_keeps_them(folder, said, lower):
    found = find(folder(HUB))
    said_at = found.config.with_name("tokenizer_config.json")
    said_at.unlink()
    if said is not None:
        said_at.write_text(json.dumps(said))
    assert lower_case_of(found) is lower


# --- config.json


FACTS = {
    "vocab_size": 21128,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "initializer_range": 0.02,
    "directionality": "bidi",
}


def test_the_config_of_bert_base_is_our_base(tmp_path):
    wanted = BackboneConfig.preset("base", 21128, dropout=0.1, application="lm")
    assert config_of(FACTS, tmp_path, "lm") == wanted


@pytest.mark.parametrize(
    ("named", "ours"),
    [("gelu", "gelu"), ("gelu_new", "gelu_tanh"), ("gelu_pytorch_tanh", "gelu_tanh")],
)
def test_each_gelu_is_the_one_its_maker_means(tmp_path, named, ours):
    facts = {**FACTS, "hidden_act": named}
    assert config_of(facts, tmp_path, "unilm").activation == ours
    assert config_of(facts, tmp_path, "unilm", "relu").activation == "relu"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model_type": "roberta"}, "model_type is roberta; a BERT is asked for"),
        ({"model_type": "albert"}, "model_type is albert"),
        ({"position_embedding_type": "relative_key"}, "positions are relative"),
        ({"use_relative_position": True}, "positions are relative"),
        ({"hidden_act": "swish"}, "'swish', which this backbone has not; take a"),
        ({"hidden_act": "silu"}, "'silu', which this backbone has not; take a"),
        ({"hidden_act": None}, "pass --activation"),
        ({"hidden_size": None}, "hidden_size"),
        ({"hidden_size": "768"}, "c.json"),
        ({"num_hidden_layers": 12.0}, "layers is 12.0, no whole number"),
        ({"layer_norm_eps": "tiny"}, "epsilon is 'tiny', no number"),
        ({"num_attention_heads": 7}, "must be a multiple of heads"),
        ({"task": "backbone"}, "is of a checkpoint of nlg"),
    ],
)
def test_another_model_is_refused_by_its_config(tmp_path, change, says):
    with pytest.raises(CheckpointError) as caught:
        config_of({**FACTS, **change}, tmp_path / "c.json", "unilm")
    assert says in str(caught.value)
    assert "c.json" in str(caught.value)


def test_another_activation_cannot_be_wished_for(tmp_path):
    facts = {**FACTS, "hidden_act": "silu"}
    with pytest.raises(CheckpointError, match="which this backbone has not"):
        config_of(facts, tmp_path / "c.json", "unilm", "gelu")
    facts = {**FACTS, "hidden_act": "gelu"}
    config = config_of(facts, tmp_path / "c.json", "unilm", "gelu_tanh")
    assert config.activation == "gelu_tanh"


def test_a_config_without_sizes_says_which(tmp_path):
    with pytest.raises(CheckpointError, match="has no vocab_size; a BERT is asked for"):
        config_of({}, tmp_path, "unilm")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"a":' * 100_000])
def test_a_config_that_is_none_is_refused(tmp_path, text):
    path = tmp_path / "bert_config.json"
    path.write_text(text)
    with pytest.raises(CheckpointError, match=r"bert_config\.json is no"):
        read_config(path)
