"""A BERT of random numbers: as files of its makers, and computed with NumPy alone.

Its weights have Google's names (arXiv:1810.04805); nothing here is taken from nlg.
"""

import json
import math

import numpy as np

CONFIG = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 24,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "initializer_range": 0.02,
}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = [*"abcdefgh", "##ing", "##s", "the", "2019", "##9", "—"]
CHARACTERS = list("春眠不觉晓处闻啼鸟夜来风雨声花落知多少，。？")
# As in Google's vocab.txt: [PAD] is first, the others stand after [unused…].
TOKENS = [
    "[PAD]",
    "[unused1]",
    "[unused2]",
    *SPECIAL[1:],
    "<S>",
    *LETTERS,
    *CHARACTERS,
    *(f"##{character}" for character in CHARACTERS),
    "##—",
    "——",
]
# What bert4keras keeps of them, worked out by hand, and the rows these have.
SIMPLIFIED = [*SPECIAL, *LETTERS, *CHARACTERS]
ROWS = [TOKENS.index(token) for token in SIMPLIFIED]
GOOGLE_BLOCK = "bert/encoder/layer_{}/"
ALBERT_BLOCK = "bert/encoder/transformer/group_0/inner_group_0/"


def config(**changes):
    return {**CONFIG, "vocab_size": len(TOKENS), **changes}


def google_tensors(config, seed=0):
    """Return weights that no part of the model may mix up or leave out."""
    D, F = config["hidden_size"], config["intermediate_size"]
    E = config.get("embedding_size", D)
    tables = {
        "word_embeddings": config["vocab_size"],
        "position_embeddings": config["max_position_embeddings"],
        "token_type_embeddings": config["type_vocab_size"],
    }
    shapes = {f"bert/embeddings/{name}": (rows, E) for name, rows in tables.items()}
    shapes |= norm("bert/embeddings/LayerNorm", E)
    if E != D:
        shapes |= dense("bert/encoder/embedding_hidden_mapping_in", E, D)
    for number in range(config["num_hidden_layers"]):
        block = GOOGLE_BLOCK.format(number)
        for name in ("query", "key", "value"):
            shapes |= dense(f"{block}attention/self/{name}", D, D)
        shapes |= dense(f"{block}attention/output/dense", D, D)
        shapes |= norm(f"{block}attention/output/LayerNorm", D)
        shapes |= dense(f"{block}intermediate/dense", D, F)
        shapes |= dense(f"{block}output/dense", F, D)
        shapes |= norm(f"{block}output/LayerNorm", D)
    shapes |= dense("cls/predictions/transform/dense", D, E)
    shapes |= norm("cls/predictions/transform/LayerNorm", E)
    shapes["cls/predictions/output_bias"] = (config["vocab_size"],)
    rng = np.random.default_rng(seed)
    return {name: drawn(rng, name, shape) for name, shape in shapes.items()}


def dense(name, size, units):
    return {f"{name}/kernel": (size, units), f"{name}/bias": (units,)}


def norm(name, units):
    return {f"{name}/beta": (units,), f"{name}/gamma": (units,)}


def drawn(rng, name, shape):
    centre = 1.0 if name.endswith("gamma") else 0.0
    return (centre + 0.2 * rng.normal(size=shape)).astype("float32")


def other_heads(config):
    """Return what Google's checkpoints have besides."""
    D = config["hidden_size"]
    shapes = dense("bert/pooler/dense", D, D)
    shapes["cls/seq_relationship/output_weights"] = (2, D)
    shapes["cls/seq_relationship/output_bias"] = (2,)
    shapes["bert/pooler/dense/bias/adam_m"] = (D,)
    return {name: np.ones(shape, "float32") for name, shape in shapes.items()}


def shared(tensors):
    """Return `tensors` as ALBERT keeps them: the first block is all blocks."""
    block = GOOGLE_BLOCK.format(0)
    moved = {
        "attention/self/": "attention_1/self/",
        "attention/output/dense": "attention_1/output/dense",
        "attention/output/LayerNorm": "LayerNorm",
        "intermediate/": "ffn_1/intermediate/",
        "output/dense": "ffn_1/intermediate/output/dense",
        "output/LayerNorm": "LayerNorm_1",
    }
    kept = {}
    for name, tensor in tensors.items():
        if name.startswith(block):
            rest = name.removeprefix(block)
            start = next(x for x in moved if rest.startswith(x))
            kept[ALBERT_BLOCK + moved[start] + rest.removeprefix(start)] = tensor
        elif not name.startswith("bert/encoder/layer_"):
            kept[name] = tensor
    return kept


def unshared(tensors, config):
    """Return `tensors` with every block that of the first."""
    first = GOOGLE_BLOCK.format(0)
    again = dict(tensors)
    for number in range(1, config["num_hidden_layers"]):
        for name in tensors:
            if name.startswith(first):
                block = GOOGLE_BLOCK.format(number)
                again[name.replace(first, block)] = tensors[name]
    return again


# --- files


def write_facts(folder, config, tokens=TOKENS, name="bert_config.json"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(config), "utf-8")
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", "utf-8")
    return folder


def write_google(folder, config, tensors):
    """Write what tf.train.Saver of TensorFlow 1 writes: tensors by name."""
    import tensorflow as tf

    write_facts(folder, config)
    tf.raw_ops.SaveV2(
        prefix=str(folder / "bert_model.ckpt"),
        tensor_names=list(tensors),
        shape_and_slices=[""] * len(tensors),
        tensors=[tf.constant(tensor) for tensor in tensors.values()],
    )
    return folder


def hugging_face_tensors(tensors):
    """Rename as convert_bert_original_tf_checkpoint_to_pytorch.py does."""
    renamed = {}
    for name, tensor in tensors.items():
        new = name.replace("layer_", "layer.").replace("/", ".")
        if new.endswith(".kernel"):
            tensor = np.ascontiguousarray(tensor.T)
        for google, theirs in (
            (".kernel", ".weight"),
            (".gamma", ".weight"),
            (".beta", ".bias"),
            ("_embeddings", "_embeddings.weight"),
            ("output_weights", "weight"),
            ("output_bias", "bias"),
        ):
            if new.endswith(google):
                new = new.removesuffix(google) + theirs
        renamed[new] = tensor
    return renamed


def write_hugging_face(folder, config, tensors):
    from safetensors.numpy import save_file

    write_facts(folder, {"model_type": "bert", **config}, name="config.json")
    save_file(hugging_face_tensors(tensors), folder / "model.safetensors")
    return folder


# --- the oracle

ACTIVATIONS = {
    "gelu": lambda x: x * (1 + np.vectorize(math.erf)(x / 2**0.5)) / 2,
    "gelu_new": lambda x: (
        x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))) / 2
    ),
    "relu": lambda x: np.maximum(x, 0),
}


def numpy_bert(config, tensors, token_ids, segment_ids, mask):
    """Return the states (B, T, D) and the scores (B, T, V) of a BERT, in float64.

    `mask` (B, T, T) is 1 where the first may look at the second.
    """
    t = {name: tensor.astype("float64") for name, tensor in tensors.items()}
    bend = ACTIVATIONS[config["hidden_act"]]
    H = config["num_attention_heads"]
    B, T = token_ids.shape

    def dense(name, x):
        return x @ t[f"{name}/kernel"] + t[f"{name}/bias"]

    def norm(name, x):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-12)
        return x * t[f"{name}/gamma"] + t[f"{name}/beta"]

    def heads(x):
        return x.reshape(B, T, H, -1).transpose(0, 2, 1, 3)  # (B, H, T, d)

    x = (
        t["bert/embeddings/word_embeddings"][token_ids]
        + t["bert/embeddings/token_type_embeddings"][segment_ids]
        + t["bert/embeddings/position_embeddings"][:T]
    )
    x = norm("bert/embeddings/LayerNorm", x)
    if "bert/encoder/embedding_hidden_mapping_in/kernel" in t:
        x = dense("bert/encoder/embedding_hidden_mapping_in", x)
    for number in range(config["num_hidden_layers"]):
        block = GOOGLE_BLOCK.format(number)
        query, key, value = (
            heads(dense(f"{block}attention/self/{name}", x))
            for name in ("query", "key", "value")
        )
        scores = query @ key.swapaxes(2, 3) / query.shape[-1] ** 0.5
        shares = np.exp(scores - scores.max(-1, keepdims=True)) * mask[:, None]
        shares = shares / shares.sum(-1, keepdims=True)
        mixed = (shares @ value).transpose(0, 2, 1, 3).reshape(B, T, -1)
        attended = dense(f"{block}attention/output/dense", mixed)
        x = norm(f"{block}attention/output/LayerNorm", x + attended)
        wide = bend(dense(f"{block}intermediate/dense", x))
        x = norm(f"{block}output/LayerNorm", x + dense(f"{block}output/dense", wide))
    y = bend(dense("cls/predictions/transform/dense", x))
    y = norm("cls/predictions/transform/LayerNorm", y)
    table = t["bert/embeddings/word_embeddings"]
    return x, y @ table.T + t["cls/predictions/output_bias"]


# --- what it is asked

TEXTS = (
    ["[CLS]", *"春眠不觉晓", "[SEP]", *"处闻", "[SEP]"],
    ["[CLS]", *"夜来", "[SEP]", "花"],
)
LENGTHS = tuple(map(len, TEXTS))


def inputs(tokens):
    """Return token and segment ids (B, T) in a vocabulary; rows end in padding."""
    token_ids = np.zeros((len(TEXTS), max(LENGTHS)), "int32")
    segment_ids = np.zeros_like(token_ids)
    for row, text in enumerate(TEXTS):
        token_ids[row, : len(text)] = [tokens.index(token) for token in text]
        after = text.index("[SEP]") + 1
        segment_ids[row, after : len(text)] = 1
    return token_ids, segment_ids


def mask_of(application, segment_ids):
    """Return who may look at whom, (B, T, T), drawn token by token."""
    B, T = segment_ids.shape
    mask = np.zeros((B, T, T))
    for b, length in enumerate(LENGTHS):
        for i in range(T):
            for j in range(T):
                given = {
                    "unilm": segment_ids[b, j] == 0,
                    "lm": False,
                    "bidirectional": True,
                }[application]
                real = (j < length) == (i < length)
                mask[b, i, j] = real and (given or j <= i or i >= length)
    return mask


def read(x):
    """Return what is not padding, one row a token."""
    return np.concatenate([np.asarray(x)[b, :n] for b, n in enumerate(LENGTHS)])
