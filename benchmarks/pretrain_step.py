"""Tokens a second of a UniLM training step: ours against bert4keras, in one run.

The same size, the same tokens, the same number of predictions; each system in a process
of its own, in turn, on all cores. bert4keras (tf_keras, float32) is what its seq2seq
examples do: the vocabulary is paid for every token, and the loss masked after.

    python benchmarks/pretrain_step.py [--size mini] [--steps 6] [--rounds 3]

A table on screen; the last line is JSON. Needs torch, tf_keras and bert4keras 0.8.1.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

SIZES = {"small": (6, 384, 6), "mini": (6, 256, 4), "tiny": (2, 32, 2)}
VOCABULARY, ROW, ROWS, WARM_UP = 8000, 256, 8, 2


def batch(seed=0):
    """One batch as UniLM trains on it: half source, half target."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(5, VOCABULARY, (ROWS, ROW)).astype("int32")
    segments = np.repeat(np.arange(ROW)[None] >= ROW // 2, ROWS, axis=0).astype("int32")
    return tokens, segments


def ours(size, steps, backend, precision):
    os.environ["KERAS_BACKEND"] = backend
    import keras

    keras.config.set_dtype_policy(precision)
    from nlg.backbone.config import BackboneConfig
    from nlg.backbone.unilm import UniLM
    from nlg.pretrain.model import Pretraining

    unilm = UniLM(BackboneConfig.preset(size, VOCABULARY))
    unilm.build()
    model = Pretraining(unilm)
    model.build()
    model.compile(keras.optimizers.AdamW(1e-4))
    tokens, segments = batch()
    places = np.flatnonzero(segments)[: -(ROWS // 2)].astype("int32")
    inputs = {
        "token_ids": tokens,
        "segment_ids": segments,
        "places": places,
        "targets": tokens.ravel()[(places + 1) % tokens.size],
        "objective": np.full(len(places), 2, "int32"),
        "weights": np.ones(len(places), "float32"),
    }
    return seconds(
        lambda: model.train_on_batch(inputs, return_dict=True)["loss"], steps
    )


def bert4keras(size, steps):
    os.environ.update(TF_KERAS="1", TF_USE_LEGACY_KERAS="1", TF_CPP_MIN_LOG_LEVEL="3")
    import tensorflow.keras as tf_keras

    tf_keras.__version__ = "2.21.0-tf"  # bert4keras compares version strings
    from bert4keras.backend import K
    from bert4keras.layers import Loss
    from bert4keras.models import build_transformer_model

    layers, units, heads = SIZES[size]
    config = {
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "hidden_size": units,
        "initializer_range": 0.02,
        "intermediate_size": 4 * units,
        "max_position_embeddings": 512,
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "type_vocab_size": 2,
        "vocab_size": VOCABULARY,
    }

    class CrossEntropy(Loss):
        """Next-token loss on segment 1, as in bert4keras's seq2seq examples."""

        def compute_loss(self, inputs, mask=None):
            true, segments, predicted = inputs
            true, segments, predicted = true[:, 1:], segments[:, 1:], predicted[:, :-1]
            loss = K.sparse_categorical_crossentropy(true, predicted)
            return K.sum(loss * segments) / K.sum(segments)

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "bert_config.json"
        path.write_text(json.dumps(config))
        model = build_transformer_model(str(path), None, application="unilm")
    output = CrossEntropy(2)(model.inputs + model.outputs)
    model = tf_keras.models.Model(model.inputs, output)
    # Its own Adam is for an older Keras; this is the one that it subclasses.
    model.compile(optimizer=tf_keras.optimizers.legacy.Adam(1e-4))
    inputs = [x.astype("float32") for x in batch()]
    return seconds(
        lambda: model.train_on_batch(inputs, return_dict=True)["loss"], steps
    )


def seconds(step, steps):
    """Median seconds of a step, after those that compile."""
    for _ in range(WARM_UP):
        float(step())
    taken = []
    for _ in range(steps):
        began = time.perf_counter()
        float(step())
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


SYSTEMS = {
    "bert4keras, float32": lambda size, steps: bert4keras(size, steps),
    "nlg, torch, float32": lambda size, steps: ours(size, steps, "torch", "float32"),
    "nlg, torch, mixed_bfloat16": lambda size, steps: ours(
        size, steps, "torch", "mixed_bfloat16"
    ),
    "nlg, jax, float32": lambda size, steps: ours(size, steps, "jax", "float32"),
}


def measure(name, size, steps):
    """Run one system in a process of its own; return its seconds a step."""
    command = [sys.executable, __file__, "--size", size, "--steps", str(steps)]
    done = subprocess.run(
        [*command, "--system", name], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{name}: {done.stderr[-2000:]}")
    return float(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="mini")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--skip", nargs="*", default=[], help="systems to leave out")
    parser.add_argument("--system", help="measure one here (used by the script)")
    asked = parser.parse_args()
    if asked.system:
        print(SYSTEMS[asked.system](asked.size, asked.steps))
        return
    names = [name for name in SYSTEMS if name not in asked.skip]
    taken = {name: [] for name in names}
    for _ in range(asked.rounds):
        for name in names:
            taken[name].append(measure(name, asked.size, asked.steps))
    peer = statistics.median(taken["bert4keras, float32"])
    results = []
    print(f"{'system':28} {'s/step':>8} {'tokens/s':>9} {'ratio':>6}")
    for name in names:
        step = statistics.median(taken[name])
        speed = ROW * ROWS / step
        print(f"{name:28} {step:8.3f} {speed:9,.0f} {peer / step:6.2f}")
        results.append(
            {"system": name, "tokens_per_second": speed, "ratio": peer / step}
        )
    print(json.dumps({"size": asked.size, "results": results}))


if __name__ == "__main__":
    main()
