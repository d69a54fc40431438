"""What each weight is called here, by Google, by bert4keras and by Hugging Face.

One table for all importers. A part of the model is a row: its name in each layout, and
the weights in it. A weight's name is that of its part and its own; those of a layer of
bert4keras stand in the order in which Keras 2 stores them.

    here              unilm/block_0/attention/query/kernel
    Google            bert/encoder/layer_0/attention/self/query/kernel
    ALBERT            bert/encoder/transformer/group_0/inner_group_0/attention_1/self/…
    bert4keras        Transformer-0-MultiHeadSelfAttention/q_dense/kernel
    Hugging Face      bert.encoder.layer.0.attention.self.query.weight

Kernels are (in, out), but (out, in) at Hugging Face, so those are transposed.
"""

import fnmatch
import functools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nlg.backbone.config import BackboneConfig

MODEL = "unilm"  # the name of the backbone, which each of our paths starts with
LAYOUTS = ("google", "albert", "bert4keras", "hugging_face")


class Weight(NamedTuple):
    """A weight of a part; empty where its name is that of the part."""

    ours: str
    google: str
    bert4keras: str
    hugging_face: str


class Part(NamedTuple):
    """A row of the table; empty where that layout has no such part."""

    ours: str
    google: str
    bert4keras: str
    hugging_face: str
    weights: tuple[Weight, ...]


TABLE = (Weight("", "", "embeddings", "weight"),)
BIAS = (Weight("", "", "bias", ""),)
DENSE = (
    Weight("kernel", "kernel", "kernel", "weight"),
    Weight("bias", "bias", "bias", "bias"),
)
NORM = (
    Weight("beta", "beta", "beta", "bias"),
    Weight("gamma", "gamma", "gamma", "weight"),
)
# Conditional LayerNorm, kexue.fm/archives/7124; only bert4keras has it.
CONDITIONAL = (
    Weight("beta_kernel", "", "beta_dense/kernel", ""),
    Weight("gamma_kernel", "", "gamma_dense/kernel", ""),
)

BEFORE = (
    Part(
        "embeddings/token/table",
        "bert/embeddings/word_embeddings",
        "Embedding-Token",
        "bert.embeddings.word_embeddings",
        TABLE,
    ),
    Part(
        "embeddings/segments",
        "bert/embeddings/token_type_embeddings",
        "Embedding-Segment",
        "bert.embeddings.token_type_embeddings",
        TABLE,
    ),
    Part(
        "embeddings/positions",
        "bert/embeddings/position_embeddings",
        "Embedding-Position",
        "bert.embeddings.position_embeddings",
        TABLE,
    ),
    Part(
        "embeddings/norm",
        "bert/embeddings/LayerNorm",
        "Embedding-Norm",
        "bert.embeddings.LayerNorm",
        NORM,
    ),
)
# Only where embedding_size is not hidden_size.
MAPPING = Part(
    "embeddings/mapping",
    "bert/encoder/embedding_hidden_mapping_in",
    "Embedding-Mapping",
    "bert.encoder.embedding_hidden_mapping_in",
    DENSE,
)
# Each block's part starts with these; {} is its number.
BLOCK = Part(
    "block_{}/",
    "bert/encoder/layer_{}/",
    "Transformer-{}-",
    "bert.encoder.layer.{}.",
    (),
)
ALBERT_BLOCK = "bert/encoder/transformer/group_0/inner_group_0/"
IN_BLOCK = (
    Part(
        "attention/query",
        "attention/self/query",
        "MultiHeadSelfAttention/q_dense",
        "attention.self.query",
        DENSE,
    ),
    Part(
        "attention/key",
        "attention/self/key",
        "MultiHeadSelfAttention/k_dense",
        "attention.self.key",
        DENSE,
    ),
    Part(
        "attention/value",
        "attention/self/value",
        "MultiHeadSelfAttention/v_dense",
        "attention.self.value",
        DENSE,
    ),
    Part(
        "attention/output_projection",
        "attention/output/dense",
        "MultiHeadSelfAttention/o_dense",
        "attention.output.dense",
        DENSE,
    ),
    Part(
        "attention_norm",
        "attention/output/LayerNorm",
        "MultiHeadSelfAttention-Norm",
        "attention.output.LayerNorm",
        NORM,
    ),
    Part(
        "feed_forward/widen",
        "intermediate/dense",
        "FeedForward/dense_1",
        "intermediate.dense",
        DENSE,
    ),
    Part(
        "feed_forward/narrow",
        "output/dense",
        "FeedForward/dense_2",
        "output.dense",
        DENSE,
    ),
    Part(
        "feed_forward_norm",
        "output/LayerNorm",
        "FeedForward-Norm",
        "output.LayerNorm",
        NORM,
    ),
)
# What ALBERT, whose blocks are one, calls the parts of a block that Google's BERT has.
ALBERT = {
    "attention/self/query": "attention_1/self/query",
    "attention/self/key": "attention_1/self/key",
    "attention/self/value": "attention_1/self/value",
    "attention/output/dense": "attention_1/output/dense",
    "attention/output/LayerNorm": "LayerNorm",
    "intermediate/dense": "ffn_1/intermediate/dense",
    "output/dense": "ffn_1/intermediate/output/dense",
    "output/LayerNorm": "LayerNorm_1",
}
AFTER = (
    Part(
        "head/dense",
        "cls/predictions/transform/dense",
        "MLM-Dense",
        "cls.predictions.transform.dense",
        DENSE,
    ),
    Part(
        "head/norm",
        "cls/predictions/transform/LayerNorm",
        "MLM-Norm",
        "cls.predictions.transform.LayerNorm",
        NORM,
    ),
    Part(
        "head/bias",
        "cls/predictions/output_bias",
        "MLM-Bias",
        "cls.predictions.bias",
        BIAS,
    ),
)
# Heads that do not write, and what an optimizer left; the decoder is the token table.
IGNORED = {
    "google": (
        "bert/pooler/*",
        "cls/seq_relationship/*",
        "cls/squad/*",
        "output_weights",
        "output_bias",
        "global_step",
        "*/adam_[mv]",
        "*/Adam",
        "*/Adam_1",
        "beta[12]_power",
    ),
    "bert4keras": ("Pooler-Dense/*", "NSP-Proba/*"),
    "hugging_face": (
        "bert.pooler.*",
        "cls.seq_relationship.*",
        "cls.predictions.decoder.*",
        "bert.embeddings.position_ids",
        "classifier.*",
        "qa_outputs.*",
    ),
}
IGNORED["albert"] = IGNORED["google"]


def names(config: BackboneConfig, layout: str) -> dict[str, str]:
    """Return what `layout`, one of `LAYOUTS`, calls each weight, by our path.

    Example:
        >>> named = names(BackboneConfig.preset("tiny", 100), "hugging_face")
        >>> named["unilm/block_1/attention_norm/gamma"]
        'bert.encoder.layer.1.attention.output.LayerNorm.weight'
    """
    found = {}
    for part, theirs in _parts(config, layout):
        conditional = part.weights is NORM and config.condition_size
        for weight in part.weights + (CONDITIONAL if conditional else ()):
            path = _joined("/", MODEL, part.ours, weight.ours)
            dot = "." if layout == "hugging_face" else "/"
            found[path] = _joined(dot, theirs, getattr(weight, _column(layout)))
    return found


def is_ignored(name: str, layout: str) -> bool:
    """Return whether `layout` has a weight `name` that a writer does without."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in IGNORED[layout])


def stored_names(layer: str, own: Sequence[str]) -> list[str]:
    """Return the names of the weights of a bert4keras `layer`, as they are stored.

    Args:
        layer: such as "Transformer-3-FeedForward-Norm".
        own: what the file calls them; Keras 2 numbers the layers inside a layer anew
            in each process, so only their order counts.

    Example:
        >>> stored_names("MLM-Norm", ["beta:0", "gamma:0"])
        ['MLM-Norm/beta', 'MLM-Norm/gamma']
    """
    known = _stored().get(re.sub(r"^Transformer-\d+-", "", layer), [])
    rest = [name.split("/")[-1].split(":")[0] for name in own[len(known) :]]
    return [f"{layer}/{name}" for name in [*known[: len(own)], *rest]]


@functools.cache
def _stored() -> dict[str, list[str]]:
    """Return the weights of every bert4keras layer, in order."""
    found: dict[str, list[str]] = {}
    for part in (*BEFORE, MAPPING, *IN_BLOCK, *AFTER):
        layer, _, inside = part.bert4keras.partition("/")
        for weight in part.weights + (CONDITIONAL if part.weights is NORM else ()):
            name = _joined("/", inside, weight.bert4keras)
            found.setdefault(layer, []).append(name)
    return found


def _parts(config: BackboneConfig, layout: str) -> Iterator[tuple[Part, str]]:
    """Yield every part of a model, its number filled in, and its name in `layout`."""
    column = _column(layout)
    mapped = config.embedding_size not in (0, config.hidden_size)
    for part in (*BEFORE, *([MAPPING] if mapped else [])):
        yield part, getattr(part, column)
    for number in range(config.layers):
        for part in IN_BLOCK:
            theirs = getattr(BLOCK, column).format(number) + getattr(part, column)
            if layout == "albert":
                theirs = ALBERT_BLOCK + ALBERT[part.google]
            ours = BLOCK.ours.format(number) + part.ours
            yield part._replace(ours=ours), theirs
    for part in AFTER:
        yield part, getattr(part, column)


def _column(layout: str) -> str:
    return "google" if layout == "albert" else layout


def _joined(dot: str, *names: str) -> str:
    return dot.join(name for name in names if name)
