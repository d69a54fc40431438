"""Run bert4keras 0.8.1's AutoRegressiveDecoder in a process of its own.

    python bert4keras_decoder.py FOLDER

FOLDER holds google/, a checkpoint, and sources.json. It leaves lines.json: for every
source what greedy search writes until token 28, and what three beams write without end.
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
from bert4keras.models import build_transformer_model  # noqa: E402
from bert4keras.snippets import AutoRegressiveDecoder  # noqa: E402
from bert4keras.tokenizers import load_vocab  # noqa: E402

FOLDER, LENGTH, END, BEAMS = pathlib.Path(sys.argv[1]), 8, 28, 3
START = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


class Writer(AutoRegressiveDecoder):
    @AutoRegressiveDecoder.wraps(default_rtype="probas")
    def predict(self, inputs, output_ids, states):
        tokens, segments = inputs
        tokens = np.concatenate([tokens, output_ids], 1)
        segments = np.concatenate([segments, np.ones_like(output_ids)], 1)
        return model.predict_on_batch([tokens, segments])[:, -1]


def lines(beams, end_id):
    writer = Writer(start_id=None, end_id=end_id, maxlen=LENGTH)
    return [
        writer.beam_search([source, [0] * len(source)], topk=beams).tolist()
        for source in json.loads((FOLDER / "sources.json").read_text())
    ]


google = FOLDER / "google"
_, keep = load_vocab(str(google / "vocab.txt"), simplified=True, startswith=START)
model = build_transformer_model(
    str(google / "bert_config.json"),
    str(google / "bert_model.ckpt"),
    application="unilm",
    keep_tokens=keep,
)
found = {"greedy": lines(1, END), "beam": lines(BEAMS, -1)}
(FOLDER / "lines.json").write_text(json.dumps(found))
