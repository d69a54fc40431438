"""The table of names against the model, and against Google's names spelt out."""

import re

import pytest
import tiny_bert

from nlg.backbone.config import BackboneConfig
from nlg.backbone.import_weights import build
from nlg.backbone.names import IGNORED, LAYOUTS, is_ignored, names, stored_names

SIZES = {"hidden_size": 32, "layers": 2, "heads": 4, "feed_forward_size": 48}
PLAIN = BackboneConfig(len(tiny_bert.TOKENS), max_positions=24, **SIZES)
MAPPED = BackboneConfig(len(tiny_bert.TOKENS), 32, 2, 4, 48, 24, embedding_size=16)
CONDITIONAL = BackboneConfig(60, condition_size=8, **SIZES)


def shapes_of(config):
    return {variable.path: tuple(variable.shape) for variable in build(config).weights}


@pytest.mark.parametrize("config", [PLAIN, MAPPED, CONDITIONAL])
def test_every_weight_of_the_model_has_a_name_of_bert4keras_of_its_own(config):
    named = names(config, "bert4keras")
    assert named.keys() == shapes_of(config).keys()
    assert len(set(named.values())) == len(named)


@pytest.mark.parametrize("config", [PLAIN, MAPPED])
def test_google_calls_tensors_of_the_same_shapes_so(config):
    facts = tiny_bert.config(embedding_size=config.embedding_size or 32)
    shapes, named = shapes_of(config), names(config, "google")
    assert {named[ours]: shape for ours, shape in shapes.items()} == {
        name: x.shape for name, x in tiny_bert.google_tensors(facts).items()
    }


def test_albert_calls_every_block_by_one_name():
    tensors = tiny_bert.shared(tiny_bert.google_tensors(tiny_bert.config()))
    named = names(PLAIN, "albert")
    assert set(named.values()) == set(tensors)
    for ours, theirs in named.items():
        assert named[re.sub("block_1", "block_0", ours)] == theirs


def test_hugging_face_renames_google_as_its_converter_does():
    tensors = tiny_bert.google_tensors(tiny_bert.config())
    theirs = set(names(PLAIN, "hugging_face").values())
    assert theirs == set(tiny_bert.hugging_face_tensors(tensors))


@pytest.mark.parametrize(
    ("layer", "count", "last"),
    [
        ("Embedding-Token", 1, "Embedding-Token/embeddings"),
        ("Transformer-11-MultiHeadSelfAttention", 8, "o_dense/bias"),
        ("Transformer-0-MultiHeadSelfAttention-Norm", 2, "gamma"),
        ("Transformer-0-FeedForward-Norm", 4, "gamma_dense/kernel"),
        ("Transformer-0-FeedForward", 4, "dense_2/bias"),
        ("embedding_3", 1, "embedding_3/own"),
    ],
)
def test_stored_weights_are_named_by_their_order(layer, count, last):
    # Keras 2 calls them dense_57/bias:0, and another number in the next process.
    found = stored_names(layer, [f"{layer}/dense_{n}/own:0" for n in range(count)])
    assert len(found) == count
    assert found[-1].startswith(layer)
    assert found[-1].endswith(last)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_weight_that_a_writer_needs_is_ignored(layout):
    assert not [
        name for name in names(MAPPED, layout).values() if is_ignored(name, layout)
    ]
    assert IGNORED[layout]


def test_heads_that_do_not_write_are_ignored():
    heads = tiny_bert.other_heads(tiny_bert.config())
    assert all(is_ignored(name, "google") for name in heads)
    renamed = tiny_bert.hugging_face_tensors(
        {name: x for name, x in heads.items() if "adam" not in name}
    )
    assert all(is_ignored(name, "hugging_face") for name in renamed)
