"""A reader of two layers over 30 tokens, its aids and its weights in use."""

import keras
import numpy as np
from decode.models import WORDS, tiny_unilm
from keras import ops

from nlg.qa.config import QAConfig
from nlg.qa.inputs import padded, source_of
from nlg.qa.train.model import Answerer
from nlg.text.lexicon import LEVELS, Words
from nlg.text.vocab import SEP_ID

VECTORS = 6  # of words, where there are any


class Modulo:
    """A lexicon where a token's class and vector are told by its number."""

    def read(self, token_ids):
        known = np.asarray(token_ids) > SEP_ID
        return Words(
            np.where(known, token_ids % (LEVELS + 1), 0).astype("int32"),
            np.where(known, token_ids % (VECTORS + 1), 0).astype("int32"),
        )


def numpy(x):
    return np.array(ops.convert_to_numpy(x))


def row_to(tokens, size):
    """Return one row (1, size) of tokens, padding at the end."""
    return np.array([[*tokens, *[0] * (size - len(tokens))]], "int32")


def tiny_reader(seed=0, **changes):
    """Random weights that 16 bits hold, those that start at zero too."""
    config = QAConfig(**{"convolutions": 8} | changes)
    told = {"condition_size": 8, "classes": config.classes()}
    unilm = tiny_unilm(seed, **(told if config.classes() else {}))
    model = Answerer(unilm, config)
    model.build()
    rng = np.random.default_rng(seed + 1)
    for variable in model.trainable_variables:
        if "unilm" not in variable.path:
            spread = 0.2 if "to_" in variable.path else 0.5  # of what DGCNN adds
            value = spread * rng.normal(size=variable.shape)
            variable.assign(value.astype("float16").astype("float32"))
    keras.utils.set_random_seed(seed)
    return model


def sources(rng, count, shortest=3, longest=8):
    """Return sources of passages and questions of few different tokens."""
    few = range(5, WORDS // 2)
    return [
        source_of(
            rng.choice(few, rng.integers(shortest, longest)),
            rng.choice(few, rng.integers(1, 4)),
            Modulo(),
        )
        for _ in range(count)
    ]


def questions(rng, batch, passages):
    """Return `token_ids` and `overlap` (B, Q, S)."""
    arrays = padded(sources(rng, batch * passages))
    return {name: x.reshape(batch, passages, -1) for name, x in arrays.items()}
