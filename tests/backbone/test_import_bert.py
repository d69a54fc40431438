"""What is wrong with a checkpoint is said in its maker's words, and nothing is written.

That the numbers are right is the matter of test_parity.py.
"""

import importlib.util
import json
import shutil

import h5py
import numpy as np
import pytest
import safetensors.numpy
import tiny_bert

from nlg.backbone.bert4keras_reader import fits
from nlg.backbone.checkpoint import load_backbone
from nlg.backbone.import_bert import ImportOptions, import_bert, with_rows
from nlg.backbone.import_source import find
from nlg.backbone.import_tensors import read_safetensors
from nlg.errors import CheckpointError
from nlg.layers.weights import weights_by_path

CONFIG = tiny_bert.config()
TENSORS = tiny_bert.google_tensors(CONFIG)
HEADS = [
    name
    for name in tiny_bert.hugging_face_tensors(TENSORS)
    if name.startswith("cls.predictions")
]
QUERY = "bert.encoder.layer.1.attention.self.query.weight"
TABLE = "unilm/embeddings/token/table"


@pytest.fixture
def hugging_face(tmp_path):
    """Write the tiny BERT as Hugging Face does, with changes by name; None is none."""

    def hugging_face(config=CONFIG, tensors=TENSORS, **changes):
        folder = tiny_bert.write_hugging_face(tmp_path / "hf", config, tensors)
        path = folder / "model.safetensors"
        changed = {**safetensors.numpy.load_file(path), **changes}
        kept = {name: x for name, x in changed.items() if x is not None}
        safetensors.numpy.save_file(kept, path)
        return folder

    return hugging_face


def imported(source, **options):
    out = source.parent / "out"
    report = import_bert(find(source), out, ImportOptions(**options))
    return load_backbone(out), *report


def assert_same_weights(opened, other):
    found, wanted = weights_by_path(opened.model), weights_by_path(other.model)
    assert found.keys() == wanted.keys()
    for name, weight in wanted.items():
        np.testing.assert_array_equal(found[name], weight, err_msg=name)


def refusal(source, **options):
    out = source.parent / "out"
    with pytest.raises(CheckpointError) as caught:
        import_bert(find(source), out, ImportOptions(**options))
    assert not out.exists()
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith((str(source), str(source.parent)))
    return message


# --- Hugging Face


def test_heads_that_do_not_write_are_left_out_and_named(hugging_face):
    pooler = {
        "bert.pooler.dense.bias": np.ones(32, "float32"),
        "bert.embeddings.position_ids": np.arange(24)[None],
    }
    _, read, _ = imported(hugging_face(**pooler))
    assert read.ignored == sorted(pooler)


def test_missing_unused_and_misshapen_weights_are_listed_at_once(hugging_face):
    crossed = "bert.encoder.layer.0.crossattention.self.query.weight"
    message = refusal(
        hugging_face(
            **{
                "bert.encoder.layer.0.output.dense.bias": None,
                crossed: np.ones((32, 32), "float32"),
                "bert.encoder.layer.1.intermediate.dense.weight": np.ones((32, 48)),
            }
        )
    )
    assert "missing 1: bert.encoder.layer.0.output.dense.bias;" in message
    assert f"unused 1: {crossed};" in message
    assert (
        "bert.encoder.layer.1.intermediate.dense.weight is (32, 48), not (48, 32)"
        in (message)
    )
    assert message.endswith("pass the --config and --vocab that it was trained with")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"num_hidden_layers": 3}, "missing 16: bert.encoder.layer.2."),
        ({"num_hidden_layers": 1}, "unused 16: bert.encoder.layer.1."),
        ({"max_position_embeddings": 30}, "is (24, 32), not (30, 32)"),
    ],
)
def test_a_config_of_another_size_is_refused(hugging_face, change, says):
    source = hugging_face()
    (source / "config.json").write_text(json.dumps({**CONFIG, **change}))
    assert says in refusal(source)


def test_a_vocabulary_of_another_length_is_refused(hugging_face):
    source = hugging_face()
    (source / "vocab.txt").write_text("\n".join(tiny_bert.TOKENS[:-1]), "utf-8")
    message = refusal(source)
    assert "bert.embeddings.word_embeddings.weight is (68, 32), not (67, 32)" in message


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_model_that_diverged_is_refused(hugging_face, value):
    broken = np.full((32, 32), value, "float32")
    message = refusal(hugging_face(**{QUERY: broken}))
    assert "NaN or infinity 1: unilm/block_1/attention/query/kernel" in message


def test_a_truncated_file_is_refused(hugging_face):
    source = hugging_face()
    path = source / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert "it may be cut short: copy it again" in refusal(source)


def test_a_pickle_by_another_name_is_not_run(hugging_face):
    source = hugging_face()
    (source / "model.safetensors").write_bytes(b"\x80\x04cos\nsystem\n.")
    assert "copy it again" in refusal(source)


def test_an_encoder_without_a_head_says_the_way_out_and_gets_a_fresh_one(hugging_face):
    bare = {
        name.removeprefix("bert."): x
        for name, x in tiny_bert.hugging_face_tensors(TENSORS).items()
        if not name.startswith("cls.")
    }
    source = hugging_face()
    safetensors.numpy.save_file(bare, source / "model.safetensors")
    message = refusal(source)
    assert "has no head that scores tokens" in message
    assert "pass --fresh-head" in message
    backbone, _, kept = imported(source, fresh_head=True, dtype="float32")
    weights = weights_by_path(backbone.model)
    assert not weights["unilm/head/bias"].any()
    table = TENSORS["bert/embeddings/word_embeddings"][kept.rows]
    np.testing.assert_array_equal(weights[TABLE], table)


def test_a_model_that_lacks_more_than_its_head_is_not_called_headless(hugging_face):
    lost = {name: None for name in HEADS} | {QUERY: None}
    message = refusal(hugging_face(**lost))
    assert f"missing {len(lost)}: " in message and QUERY in message
    assert "--fresh-head" not in message


@pytest.mark.parametrize("rows", [72, 80, 96, 128])
def test_a_table_that_is_padded_is_read_without_its_padding(hugging_face, rows):
    plain, _, _ = imported(hugging_face())
    more = rows - len(tiny_bert.TOKENS)
    tensors = dict(TENSORS)
    for name in ("bert/embeddings/word_embeddings", "cls/predictions/output_bias"):
        filling = np.full((more, *tensors[name].shape[1:]), 7.0, "float32")
        tensors[name] = np.concatenate([tensors[name], filling])
    for said in (len(tiny_bert.TOKENS), rows):
        source = hugging_face(tiny_bert.config(vocab_size=said), tensors)
        opened, read, kept = imported(source)
        assert read.tokens.count("") == more and "" not in kept.tokens
        assert opened.tokenizer.vocabulary.tokens == plain.tokenizer.vocabulary.tokens
        assert_same_weights(opened, plain)


@pytest.mark.parametrize("prefix", ["module.", "model.", "module.model.", "_orig_mod."])
@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_what_was_put_around_a_model_is_no_part_of_its_names(
    hugging_face, prefix, name
):
    plain, _, _ = imported(hugging_face())
    source = hugging_face()
    path = source / "model.safetensors"
    tensors = {
        prefix
        + (name + old.removeprefix("bert") if old.startswith("bert.") else old): x
        for old, x in safetensors.numpy.load_file(path).items()
    }
    assert len(tensors) == len(safetensors.numpy.load_file(path))
    safetensors.numpy.save_file(tensors, path)
    opened, _, _ = imported(source)
    assert_same_weights(opened, plain)


def test_weights_that_stand_there_twice_are_refused(hugging_face):
    twice = np.ones((32, 32), "float32")
    assert "holds the same weights twice" in refusal(
        hugging_face(**{f"module.{QUERY}": twice})
    )


def test_a_vocabulary_with_a_byte_order_mark_is_the_same(hugging_face):
    source = hugging_face()
    path = source / "vocab.txt"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    opened, _, _ = imported(source)
    assert opened.tokenizer.vocabulary.tokens[0] == "[PAD]"


def test_names_of_before_2019_are_understood(hugging_face):
    source = hugging_face()
    tensors = safetensors.numpy.load_file(source / "model.safetensors")
    older = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): x
        for name, x in tensors.items()
    }
    assert older.keys() != tensors.keys()
    assert_same_tensors(source, older, tensors)


def test_the_output_table_may_be_there_again_but_not_another(hugging_face):
    source = hugging_face()
    tensors = safetensors.numpy.load_file(source / "model.safetensors")
    table = tensors["bert.embeddings.word_embeddings.weight"]
    decoder = {
        "cls.predictions.decoder.weight": table.copy(),
        "cls.predictions.decoder.bias": tensors["cls.predictions.bias"].copy(),
    }
    alone = {name: x for name, x in tensors.items() if name != "cls.predictions.bias"}
    assert_same_tensors(source, alone | decoder, tensors | decoder)
    decoder["cls.predictions.decoder.weight"] += 1
    safetensors.numpy.save_file(tensors | decoder, source / "model.safetensors")
    assert "a second table, cls.predictions.decoder.weight" in refusal(source)


def test_a_model_in_parts_is_put_together(hugging_face):
    source = hugging_face()
    path = source / "model.safetensors"
    tensors = safetensors.numpy.load_file(path)
    names, parts = sorted(tensors), []
    for number in range(2):
        parts.append(path.with_name(f"model-0000{number + 1}-of-00002.safetensors"))
        half = {name: tensors[name] for name in names[number::2]}
        safetensors.numpy.save_file(half, parts[-1])
    path.unlink()
    assert find(source).weights == parts
    assert read_safetensors(parts).keys() == tensors.keys()


def assert_same_tensors(source, written, wanted):
    path = source / "model.safetensors"
    safetensors.numpy.save_file(written, path)
    found = read_safetensors([path])
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        np.testing.assert_array_equal(found[name], tensor, err_msg=name)


@pytest.mark.skipif(
    not importlib.util.find_spec("ml_dtypes"), reason="comes with keras"
)
def test_half_precision_becomes_float32(hugging_face):
    import ml_dtypes

    source = hugging_face()
    path = source / "model.safetensors"
    tensors = safetensors.numpy.load_file(path)
    for dtype in ("float16", ml_dtypes.bfloat16):
        halves = {name: x.astype(dtype) for name, x in tensors.items()}
        safetensors.numpy.save_file(halves, path)
        for name, tensor in read_safetensors([path]).items():
            assert tensor.dtype == "float32"
            np.testing.assert_array_equal(tensor, halves[name].astype("float32"))


# --- the vocabulary


def test_rows_follow_their_tokens(hugging_face):
    backbone, read, kept = imported(hugging_face(), dtype="float32")
    table = TENSORS["bert/embeddings/word_embeddings"]
    bias = TENSORS["cls/predictions/output_bias"]
    weights = weights_by_path(backbone.model)
    assert backbone.tokenizer.vocabulary.tokens == tiny_bert.SIMPLIFIED
    np.testing.assert_array_equal(weights[TABLE], table[tiny_bert.ROWS])
    np.testing.assert_array_equal(weights["unilm/head/bias"], bias[tiny_bert.ROWS])
    assert (len(read.tokens), len(kept.tokens)) == (68, 41)


def test_a_new_mask_looks_like_unk_and_is_never_written():
    tensors = {TABLE: np.arange(8.0).reshape(4, 2), "unilm/head/bias": np.ones(4)}
    chosen = with_rows(tensors, [0, 1, 2, 3, -1])
    np.testing.assert_array_equal(chosen[TABLE][4], tensors[TABLE][1])
    assert chosen["unilm/head/bias"].tolist() == [1, 1, 1, 1, -1e4]


# --- TensorFlow, through bert4keras


def test_google_names_what_is_missing_unused_and_misshapen(tmp_path):
    spoilt = {**TENSORS, "bert/encoder/layer_2/output/dense/bias": np.ones(32)}
    spoilt["bert/embeddings/LayerNorm/gamma"] = np.ones(31)
    del spoilt["bert/encoder/layer_0/attention/self/key/kernel"]
    source = tiny_bert.write_google(tmp_path / "google", CONFIG, spoilt)
    message = refusal(source)
    assert "missing 1: bert/encoder/layer_0/attention/self/key/kernel;" in message
    assert "unused 1: bert/encoder/layer_2/output/dense/bias;" in message
    assert "bert/embeddings/LayerNorm/gamma is (31,), not (32,);" in message


def test_google_s_names_may_have_something_before_them(tmp_path):
    plain, _, _ = imported(tiny_bert.write_google(tmp_path / "plain", CONFIG, TENSORS))
    renamed = {
        "model/" + name.replace("bert/", "roberta/"): x for name, x in TENSORS.items()
    }
    source = tiny_bert.write_google(tmp_path / "wrapped", CONFIG, renamed)
    opened, read, _ = imported(source)
    assert read.layout == "google"
    assert_same_weights(opened, plain)


def test_a_padded_table_of_google_is_read_without_its_padding(tmp_path):
    plain, _, _ = imported(tiny_bert.write_google(tmp_path / "plain", CONFIG, TENSORS))
    tensors = dict(TENSORS)
    for name in ("bert/embeddings/word_embeddings", "cls/predictions/output_bias"):
        filling = np.full((4, *tensors[name].shape[1:]), 7.0, "float32")
        tensors[name] = np.concatenate([tensors[name], filling])
    config = tiny_bert.config(vocab_size=72)
    opened, _, _ = imported(tiny_bert.write_google(tmp_path / "pad", config, tensors))
    assert_same_weights(opened, plain)


def test_a_truncated_index_is_refused_in_one_line(tmp_path):
    source = tiny_bert.write_google(tmp_path / "google", CONFIG, TENSORS)
    index = source / "bert_model.ckpt.index"
    index.write_bytes(index.read_bytes()[:-40])
    message = refusal(source)
    assert f"{source / 'bert_model.ckpt'} cannot be read: " in message
    assert message.endswith("copy it again")


def test_bert4keras_is_asked_to_read_where_all_it_needs_is_there():
    wanted = {"a": [2, 3]}
    assert fits({"a": [2, 3], "of another head": [1]}, wanted)
    assert not fits({"a": [3, 2]}, wanted)
    assert not fits({"of another head": [1]}, wanted)


# --- HDF5


def saved_by_keras(folder, tensors=None, layers=None):
    """Write the layout of Keras 2's save_weights, one layer's worth or more."""
    tiny_bert.write_facts(folder, CONFIG)
    with h5py.File(folder / "best_model.weights", "w") as file:
        if layers is not None:
            file.attrs["layer_names"] = [name.encode() for name in layers]
        for layer, weights in (layers or {}).items():
            group = file.create_group(layer)
            names = [f"{layer}/dense_{n}/w:0".encode() for n in range(len(weights))]
            group.attrs["weight_names"] = names
            for name, weight in zip(names, weights, strict=True):
                group[name.decode()] = weight
    return folder


def test_saved_weights_of_something_else_are_listed(tmp_path):
    table = np.ones((40, 32), "float32")
    layers = {"Embedding-Token": [table], "dense": [table], "Pooler-Dense": [table]}
    source = saved_by_keras(tmp_path / "saved", layers=layers)
    for fresh_head, missing in ((False, 41), (True, 36)):
        message = refusal(source, fresh_head=fresh_head)
        assert f"missing {missing}: Embedding-Norm/beta," in message
        assert "unused 1: dense/w;" in message


def outside(file, folder):
    file["MLM-Bias"] = h5py.ExternalLink(str(folder / "other.h5"), "/MLM-Bias")


def virtual(file, folder):
    layout = h5py.VirtualLayout((1,), "f4")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "x", (1,))
    file.create_group("MLM-Bias").create_virtual_dataset("w", layout)


def elsewhere(file, folder):
    raw = [(str(folder / "secret.bin"), 0, 4)]
    file.create_group("MLM-Bias").create_dataset("w", (1,), "f4", external=raw)


def hollow(file, folder):
    file.create_group("MLM-Bias").create_dataset("w", (2**40,), "f4", chunks=(2**20,))


def soft(file, folder):
    file.create_group("MLM-Bias")["w"] = h5py.SoftLink("/elsewhere")


@pytest.mark.parametrize("spoil", [outside, virtual, elsewhere, hollow, soft])
def test_numbers_that_are_not_in_the_file_are_not_read(tmp_path, spoil):
    (tmp_path / "secret.bin").write_bytes(bytes(4))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.ones(1, "float32")
        file.create_group("MLM-Bias")["w"] = np.ones(1, "float32")
        file["MLM-Bias"].attrs["weight_names"] = [b"w"]
    source = tiny_bert.write_facts(tmp_path / "saved", CONFIG)
    with h5py.File(source / "best_model.weights", "w") as file:
        file.attrs["layer_names"] = [b"MLM-Bias"]
        spoil(file, tmp_path)
        if spoil is not outside:
            file["MLM-Bias"].attrs["weight_names"] = [b"w"]
    message = refusal(source)
    assert message.endswith("; do not use it")
    assert "MLM-Bias is not in the file" in message or ": w " in message


@pytest.mark.parametrize(
    "link", [h5py.ExternalLink("../other.h5", "/"), h5py.SoftLink("/x")]
)
def test_a_model_that_is_a_link_is_not_followed(tmp_path, link):
    source = tiny_bert.write_facts(tmp_path / "saved", CONFIG)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.attrs["layer_names"] = [b"MLM-Bias"]
    with h5py.File(source / "best_model.weights", "w") as file:
        file.create_group("x").attrs["layer_names"] = [b"MLM-Bias"]
        file["model_weights"] = link
    assert "model_weights is not in the file itself" in refusal(source)


def no_names(file):
    file.create_group("MLM-Bias")


def a_group(file):
    file.create_group("MLM-Bias/w").parent.attrs["weight_names"] = [b"w"]


def a_dataset(file):
    file["MLM-Bias"] = np.ones(1)


def texts(file):
    file["MLM-Bias/w"] = "春"
    file["MLM-Bias"].attrs["weight_names"] = [b"w"]


def a_number(file):
    file.create_group("MLM-Bias").attrs["weight_names"] = 3


@pytest.mark.parametrize("spoil", [no_names, a_group, a_dataset, texts, a_number])
def test_what_is_laid_out_otherwise_is_told_in_one_line(tmp_path, spoil):
    source = tiny_bert.write_facts(tmp_path / "saved", CONFIG)
    with h5py.File(source / "best_model.weights", "w") as file:
        file.attrs["layer_names"] = [b"MLM-Bias"]
        spoil(file)
    assert "not laid out as Keras 2 does it" in refusal(source)


@pytest.mark.parametrize(
    "change",
    [
        {"num_hidden_layers": 128, "hidden_size": 2**16},
        {"hidden_size": 2**20, "num_attention_heads": 1},
        {"intermediate_size": 2**20},
        {"max_position_embeddings": 2**20},
    ],
)
def test_a_config_of_more_than_the_files_hold_is_refused_unbuilt(
    hugging_face, monkeypatch, change
):
    monkeypatch.delattr("nlg.backbone.import_weights.build")
    source = hugging_face()
    (source / "config.json").write_text(json.dumps({**CONFIG, **change}))
    assert "bytes, too few for the" in refusal(source)


@pytest.mark.parametrize("size", [0, -1, 10**12, 2**20 + 1])
def test_a_config_of_no_size_is_refused(hugging_face, size):
    names = {"num_hidden_layers": "layers", "hidden_size": "hidden_size"}
    for theirs, ours in names.items():
        source = hugging_face()
        (source / "config.json").write_text(json.dumps({**CONFIG, theirs: size}))
        assert f"{ours} is {size}; it must be between 1 and" in refusal(source)


def test_a_condition_through_another_layer_is_refused(tmp_path):
    # layer_norm_cond_hidden_size puts a dense layer of unknown activation in between.
    norm = [
        np.ones(32),
        np.ones(32),
        np.ones((8, 4)),
        np.ones((4, 32)),
        np.ones((4, 32)),
    ]
    layers = {"Embedding-Token": [np.ones((40, 32))], "Embedding-Norm": norm}
    message = refusal(
        saved_by_keras(tmp_path / "saved", layers=layers), fresh_head=True
    )
    assert "Embedding-Norm/beta_dense/kernel is (8, 4), not (8, 32)" in message


def test_rows_that_no_cut_of_the_vocabulary_gives_are_refused(tmp_path):
    layers = {"Embedding-Token": [np.ones((39, 32))]}
    message = refusal(saved_by_keras(tmp_path / "saved", layers=layers))
    assert "the weights have 39 rows; pass --vocab" in message


def test_the_layout_of_keras_3_says_how_to_save_it(tmp_path):
    message = refusal(saved_by_keras(tmp_path / "saved"))
    assert "was not saved by Keras 2" in message
    assert "model.save_weights('best_model.h5')" in message


def test_a_truncated_hdf5_file_is_refused(tmp_path):
    source = saved_by_keras(tmp_path / "saved", layers={"a": [np.ones(9999)]})
    path = source / "best_model.weights"
    path.write_bytes(path.read_bytes()[:-5000])
    assert "it may be cut short: copy it again" in refusal(source)


# --- out


def test_a_folder_of_something_else_is_not_replaced_nor_the_source(hugging_face):
    source = hugging_face()
    before = sorted(path.name for path in source.iterdir())
    with pytest.raises(CheckpointError, match="exists and is no backbone"):
        import_bert(find(source), source, ImportOptions())
    assert sorted(path.name for path in source.iterdir()) == before


def test_a_failed_import_leaves_the_checkpoint_before_it(hugging_face):
    source = hugging_face()
    first, _, _ = imported(source)
    shutil.rmtree(source)
    broken = hugging_face(**{QUERY: np.full((32, 32), np.nan, "float32")})
    with pytest.raises(CheckpointError, match="NaN"):
        import_bert(find(broken), source.parent / "out", ImportOptions())
    again = load_backbone(source.parent / "out")
    assert again.metrics == first.metrics


def test_metrics_say_where_it_is_from(hugging_face):
    backbone, _, _ = imported(hugging_face())
    (name,) = backbone.metrics["imported"]
    assert name == "model.safetensors"
    assert len(backbone.metrics["imported"][name]) == 64
