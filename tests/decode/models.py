"""A backbone of two layers over 30 tokens, its weights such that 16 bits hold them."""

import keras
import numpy as np

from nlg.backbone.config import BackboneConfig
from nlg.backbone.unilm import UniLM

WORDS, CLS, SEP = 30, 2, 3
SOURCES = np.array(
    [[2, 10, 11, 12, 13, 3, 0, 0], [2, 14, 10, 15, 16, 11, 17, 3]], "int32"
)


def tiny_unilm(seed=0, **changes):
    """Random weights that make decided choices, which differ from line to line."""
    keras.utils.set_random_seed(seed)
    model = UniLM(BackboneConfig.preset("tiny", WORDS, max_positions=64, **changes))
    model.build()
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        scale = 1.0 if variable.path.endswith("table") else 0.3
        value = np.array(variable) + scale * rng.normal(size=variable.shape)
        if variable.path.endswith("head/bias"):
            value[SEP] -= 3  # or every line would end at once
        variable.assign(value.astype("float16").astype("float32"))
    return model
