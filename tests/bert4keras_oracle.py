"""Run bert4keras 0.8.1 on tiny checkpoints, in a process of its own.

    python bert4keras_oracle.py FOLDER

FOLDER holds google/ and albert/, checkpoints in Google's layout. It leaves NAME.npz and
NAME.json, states and scores of `tiny_bert.inputs` and the tokens, for each of the
models below; and what scripts that follow bert4keras's examples save, in every format.
"""

import json
import os
import pathlib
import sys

os.environ |= {
    "TF_KERAS": "1",
    "TF_USE_LEGACY_KERAS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
}
import tensorflow.keras

tensorflow.keras.__version__ = "2.21.0-tf"
import numpy as np  # noqa: E402
import tiny_bert  # noqa: E402
from bert4keras.backend import K, keras, set_gelu  # noqa: E402
from bert4keras.layers import Loss  # noqa: E402
from bert4keras.models import build_transformer_model  # noqa: E402
from bert4keras.tokenizers import load_vocab  # noqa: E402

FOLDER = pathlib.Path(sys.argv[1])
START = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
CLASSES = np.array([[1], [0]])


def vocabulary(start):
    path = str(FOLDER / "google" / "vocab.txt")
    return load_vocab(path, simplified=True, startswith=start)


def build(name, application, keep_tokens, model="bert", **more):
    folder = FOLDER / name
    return build_transformer_model(
        str(folder / "bert_config.json"),
        str(folder / "bert_model.ckpt"),
        model=model,
        application=application,
        keep_tokens=keep_tokens,
        with_mlm="linear",
        **more,
    )


def run(name, model, token_dict, *more):
    """Save states and scores, and the tokens in the order of their ids."""
    token_ids, segment_ids = tiny_bert.inputs(list(token_dict))
    if name.endswith("_lm") or name == "lm":
        segment_ids = np.zeros_like(segment_ids)
    last = model.get_layer("Transformer-1-FeedForward-Norm").output
    both = keras.models.Model(model.inputs, [last, model.output])
    states, scores = both([token_ids, segment_ids, *more])
    np.savez(FOLDER / f"{name}.npz", states=states, scores=scores)
    (FOLDER / f"{name}.json").write_text(json.dumps(list(token_dict)), "utf-8")


class CrossEntropy(Loss):
    """The loss of task_seq2seq_autotitle.py."""

    def compute_loss(self, inputs, mask=None):
        y_true, y_mask, y_pred = inputs
        y_true, y_mask, y_pred = y_true[:, 1:], y_mask[:, 1:], y_pred[:, :-1]
        loss = K.sparse_categorical_crossentropy(y_true, y_pred)
        return K.sum(loss * y_mask) / K.sum(y_mask)


tokens, keep = vocabulary([*START, "[MASK]"])
run("unilm", build("google", "unilm", keep), tokens)
run("lm", build("google", "lm", keep), tokens)
run("bidirectional", build("google", "encoder", keep), tokens)
run("albert", build("albert", "unilm", keep, "albert_unshared"), tokens)
set_gelu("tanh")
run("unilm_tanh", build("google", "unilm", keep), tokens)
set_gelu("erf")

# What the examples do: four special tokens, the loss in the model, Keras saves.
tokens, keep = vocabulary(START)
model = build("google", "unilm", keep)
run("example", model, tokens)
train = keras.models.Model(
    model.inputs, CrossEntropy(2)([*model.inputs, model.outputs[0]])
)
train.compile("adam")
train.save_weights(str(FOLDER / "example" / "best_model.weights"))
train.save_weights(str(FOLDER / "example.weights"), save_format="h5")
train.save(str(FOLDER / "whole_model.h5"))
train.save_weights(str(FOLDER / "newer.weights.h5"))

# task_conditional_language_model.py, with an effect that can be seen.
c_in = keras.layers.Input(shape=(1,))
c = keras.layers.Embedding(2, 8)(c_in)
c = keras.layers.Reshape((8,))(c)
model = build("google", "lm", keep, layer_norm_cond=c, additional_input_layers=c_in)
rng = np.random.default_rng(5)
for layer in model.layers:
    weights = layer.get_weights()
    if layer.name == "embedding" or len(weights) == 4:
        new = [x if x.ndim == 1 else 0.3 * rng.normal(size=x.shape) for x in weights]
        layer.set_weights(new)
run("conditional_lm", model, tokens, CLASSES)
model.save_weights(str(FOLDER / "conditional.weights"), save_format="h5")
