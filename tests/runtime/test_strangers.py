"""What strangers may put into a checkpoint, hashes and all, is refused in one line."""

import json
import pathlib
import struct

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from nlg.errors import CheckpointError
from nlg.runtime import open_checkpoint
from nlg.runtime.checkpoint import seal
from nlg.runtime.graph import Graph, refuse_outside

CONFIG = {"task": "poem-vae", "format": 1, "slots": 3, "model": {"latent_units": 2}}


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "vae"
    made.mkdir()
    write(made, CONFIG)
    return made


def write(folder, config):
    text = config if isinstance(config, str) else json.dumps(config)
    (folder / "config.json").write_text(text, "utf-8")
    seal(folder)


def refusal(folder):
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(folder, "poem-vae")
    message = str(caught.value)
    assert str(folder) in message and "\n" not in message and len(message) < 400
    return message


# --- config.json


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"slots": 10**12}, "slots is 1000000000000, no size up to 1,048,576"),
        ({"slots": -1}, "slots is -1, no size"),
        ({"slots": 1.5}, "slots is 1.5, no size"),
        ({"slots": "3"}, 'slots is "3", no size'),
        ({"slots": True}, "slots is true, no size"),
        ({"slots": None}, "slots is null, no size"),
        ({"slots": [3]}, "slots is [3], no size"),
        ({"slots": "x" * 999}, "…, no size"),
        ({"model": 3}, "model is 3, no object"),
        ({"model": {"latent_units": 2**60}}, "latent_units is 1152921504606846976"),
        ({"model": [{"units": "x"}]}, "no object"),
        ({"backbone": []}, "backbone is [], no object"),
        ({"classes": "abc"}, 'classes is "abc", no list'),
        ({"classes": [{"layers": {}}]}, "layers is {}, no size"),
        ({"lower_case": 1}, "lower_case is 1, not true or false"),
    ],
)
def test_a_config_that_no_maker_of_ours_writes_is_refused(folder, change, says):
    write(folder, CONFIG | change)
    assert says in refusal(folder)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": ' * 100_000, "not JSON"),
        (json.dumps(CONFIG)[:-1] + ', "rate": NaN}', "rate is nan"),
        (json.dumps(CONFIG)[:-1] + ', "rate": 1e999}', "rate is inf"),
        (json.dumps(CONFIG)[:-1] + f', "n": {"9" * 5000}}}', "cannot be used"),
        ('{"a":' * 500 + "1" + "}" * 500, "cannot be used"),
        (" " * 2**20 + json.dumps(CONFIG), "longer than 1,048,576 bytes"),
        ("\ud800", None),
    ],
    ids=["open", "NaN", "inf", "digits", "deep", "long", "half"],
)
def test_a_config_that_would_break_a_reader_is_refused(folder, text, says):
    if says is None:
        (folder / "config.json").write_bytes(b"\xed\xa0\x80")
        seal(folder)
    else:
        write(folder, text)
    message = refusal(folder)
    assert says in (None, "not JSON") or says in message


def test_objects_in_one_another_have_an_end(folder):
    inside = 1
    for _ in range(20):
        inside = {"a": inside}
    write(folder, CONFIG | {"more": inside})
    assert "more than 16 objects in one another" in refusal(folder)


# --- the list of files


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/hostname", "a/b", "..", ".", "C:secret", "..\\secret"]
)
def test_a_list_that_leads_out_of_the_folder_is_refused_unread(folder, name):
    (folder.parent / "secret").write_text("x")
    with (folder / "sha256").open("a") as file:
        file.write(f"{'0' * 64}  {name}\n")
    message = refusal(folder)
    assert f"sha256 lists {name!r}, no file of the folder" in message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("vocab.txt", b"\xff\xfe"),
        ("vocab.txt", b"[PAD]\n"),
        ("vocab.txt", "[PAD]\n[UNK]\n春\n春\n".encode()),
        ("metrics.json", b"{"),
        ("metrics.json", b"[" * 100_000),
    ],
)
def test_files_that_are_not_what_they_are_called_are_refused(folder, name, content):
    (folder / name).write_bytes(content)
    seal(folder)
    opened = open_checkpoint(folder, "poem-vae")
    with pytest.raises(CheckpointError, match=rf"{name} cannot be used"):
        _ = opened.vocabulary if name == "vocab.txt" else opened.metrics


# --- graphs


def graph(location="weights.bin", inside=False):
    """Return a graph y = x + w whose w lies in another file, or in a branch of it."""
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2])
    weight.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "8")):
        weight.external_data.add(key=key, value=value)
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [2]) for n in "xy")
    nodes = [helper.make_node("Add", ["x", "w"], ["y"])]
    made = helper.make_graph(nodes, "g", [x], [y], [weight])
    if inside:
        told = helper.make_node(
            "Constant", [], ["c"], value=helper.make_tensor("", 9, [], [1])
        )
        branch = helper.make_graph(nodes, "b", [], [y], [weight])
        other = helper.make_graph(
            [helper.make_node("Identity", ["x"], ["y"])], "o", [], [y]
        )
        chosen = helper.make_node(
            "If", ["c"], ["y"], then_branch=branch, else_branch=other
        )
        made = helper.make_graph([told, chosen], "g", [x], [y])
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(
        made, opset_imports=opset, ir_version=8
    ).SerializeToString()


@pytest.fixture
def saved(folder):
    """Write a graph into the checkpoint, beside weights, and a file out of it."""

    def saved(content):
        for path in (folder / "weights.bin", folder.parent / "secret.bin"):
            np.array([1, 2], "float32").tofile(path)
        (folder / "model.onnx").write_bytes(content)
        seal(folder)
        return open_checkpoint(folder, "poem-vae")

    return saved


@pytest.mark.parametrize("inside", [False, True])
def test_weights_beside_the_graph_are_read(saved, inside):
    model = saved(graph(inside=inside)).graph("model")
    assert model(x=np.zeros(2, "float32"))["y"].tolist() == [1, 2]


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    "location", ["../secret.bin", "/etc/hostname", "a/../../secret.bin", "sha256", ""]
)
def test_weights_elsewhere_are_refused_before_the_graph_is_opened(
    saved, monkeypatch, inside, location
):
    import onnxruntime

    monkeypatch.delattr(onnxruntime, "InferenceSession")
    opened = saved(graph(location, inside))
    with pytest.raises(
        CheckpointError, match="which is no file of the checkpoint; do n"
    ):
        opened.graph("model")


def varint(number, length):
    """Return a number in more bytes than it needs, as protobuf may read it."""
    low = [number & 0x7F | 0x80, *[0x80] * (length - 2), 0]
    return bytes(low) if length > 1 else bytes([number])


KEY, VALUE = b"location", b"../secret.bin"
FIELDS = {
    "key first": b"\x0a\x08" + KEY + b"\x12\x0d" + VALUE,
    "value first": b"\x12\x0d" + VALUE + b"\x0a\x08" + KEY,
    "long length": b"\x0a" + varint(8, 2) + KEY + b"\x12\x0d" + VALUE,
    "longer length": b"\x0a" + varint(8, 4) + KEY + b"\x12\x0d" + VALUE,
    "long tag": varint(10, 2) + b"\x08" + KEY + b"\x12\x0d" + VALUE,
    "value twice": b"\x0a\x08" + KEY + b"\x12\x0bweights.bin\x12\x0d" + VALUE,
    "long value": b"\x0a\x08" + KEY + b"\x12" + varint(13, 2) + VALUE,
    "other field between": b"\x0a\x08" + KEY + b"\x1a\x00\x12\x0d" + VALUE,
}


@pytest.mark.parametrize("how", FIELDS)
def test_a_place_outside_is_seen_however_protobuf_may_write_it(tmp_path, how):
    entry = FIELDS[how]
    tensor = TensorProto.FromString(b"\x6a" + bytes([len(entry)]) + entry)
    (told,) = tensor.external_data  # the oracle: it is what protobuf reads
    assert (told.key, told.value) == ("location", "../secret.bin")
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x08\x08" + b"\x6a" + bytes([len(entry)]) + entry)
    with pytest.raises(CheckpointError, match="which is no file of the checkpoint"):
        refuse_outside(path, {"weights.bin"})


def test_a_word_that_is_no_key_is_no_place(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"location of the relocation\x0a\x09locations\x12\x08location")
    refuse_outside(path, set())


def test_a_graph_that_fails_is_told_in_one_line(saved):
    model = saved(graph()).graph("model")
    for wrong in ({"x": np.zeros(3, "float32")}, {"x": np.zeros(2, "int64")}, {}):
        with pytest.raises(
            CheckpointError, match=r"model\.onnx does not run: "
        ) as caught:
            model(**wrong)
        assert "\n" not in str(caught.value)


def test_weights_that_are_too_short_are_refused(saved, folder):
    opened = saved(graph())
    (folder / "weights.bin").write_bytes(b"")
    with pytest.raises(CheckpointError, match="not a graph that runs"):
        opened.graph("model")


def test_every_graph_that_is_shipped_has_its_weights_beside_it():
    shipped = pathlib.Path(__file__).parents[2] / "checkpoints"
    paths = sorted(shipped.rglob("*.onnx"))
    assert paths
    for path in paths:
        refuse_outside(path, {"weights.safetensors"})
        with pytest.raises(CheckpointError):
            refuse_outside(path, set())


def test_a_graph_alone_may_have_weights_beside_it(tmp_path):
    np.array([1, 2], "float32").tofile(tmp_path / "weights.bin")
    (tmp_path / "model.onnx").write_bytes(graph())
    onnx.checker.check_model(str(tmp_path / "model.onnx"))
    assert Graph(tmp_path / "model.onnx", "cpu")(x=np.ones(2, "float32"))["y"][0] == 2


# --- safetensors


def header(fields, size=None):
    text = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text


TENSOR = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
HOSTILE = {
    "no bytes": b"",
    "long header": header({}, 2**63),
    "header past the end": header({}, 100),
    "no JSON": header(b"{"),
    "deep": header(b'{"a":' * 100_000),
    "past the end": header({"a": TENSOR | {"data_offsets": [0, 2**62]}}),
    "before the start": header({"a": TENSOR | {"data_offsets": [-8, 0]}}),
    "a great shape": header({"a": TENSOR | {"shape": [2**62, 2**62]}}) + bytes(8),
    "a shape below zero": header({"a": TENSOR | {"shape": [-1]}}) + bytes(8),
    "no such dtype": header({"a": TENSOR | {"dtype": "EVIL"}}) + bytes(8),
    "no dtype of NumPy's": header({"a": TENSOR | {"dtype": "F8_E5M2", "shape": [8]}})
    + bytes(8),
    "one place twice": header({"a": TENSOR, "b": TENSOR}) + bytes(8),
    "a hole": header({"a": TENSOR}) + bytes(16),
    "a name of a file": header({"../../etc/passwd": TENSOR}) + bytes(8),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_header_of_safetensors_is_refused(tmp_path, how):
    pytest.importorskip("safetensors")
    import tiny_bert

    from nlg.backbone.checkpoint import load_backbone
    from nlg.backbone.import_bert import ImportOptions, import_bert
    from nlg.backbone.import_source import find

    source = tiny_bert.write_facts(
        tmp_path / "hf",
        {"model_type": "bert", **tiny_bert.config()},
        name="config.json",
    )
    filling = b"" if how == "no bytes" else bytes(200_000)
    (source / "model.safetensors").write_bytes(HOSTILE[how] + filling)
    out = tmp_path / "out"
    with pytest.raises(CheckpointError) as caught:
        import_bert(find(source), out, ImportOptions())
    assert str(source) in str(caught.value) and "\n" not in str(caught.value)
    assert not out.exists()
    mine = tmp_path / "backbone"
    mine.mkdir()
    config = {"task": "backbone", "format": 1, "nlg": "1", "lower_case": True}
    (mine / "config.json").write_text(json.dumps(config | {"model": {"vocab_size": 5}}))
    (mine / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n")
    (mine / "weights.safetensors").write_bytes(HOSTILE[how] + filling)
    (mine / "metrics.json").write_text("{}")
    seal(mine)
    with pytest.raises(CheckpointError) as caught:
        load_backbone(mine)
    assert str(mine) in str(caught.value) and "\n" not in str(caught.value)
