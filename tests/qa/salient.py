"""The reader of `qa.stub`, whose answers rest on marks: < and > weigh most.

Saliency of a mark is 4, of any other token 1; [CLS] and [SEP] weigh a thousand, which
must not count. An answer that stands late in its window is a little more probable.
"""

import numpy as np
from qa.stub import CLOSE, OPEN, StubCheckpoint

from nlg.qa.reader import Reader
from nlg.text.vocab import CLS_ID, SEP_ID

WEIGHTS = {OPEN: 4.0, CLOSE: 4.0, CLS_ID: 1000.0, SEP_ID: 1000.0, 0: 0.0}


class SalientCheckpoint(StubCheckpoint):
    """A stub that has the graph of gradients."""

    listed = ("saliency.onnx",)

    def graph(self, name):
        if name != "saliency":
            return super().graph(name)

        def run(**inputs):
            self.runs.append((name, inputs))
            (source,), (answer,) = inputs["token_ids"].tolist(), inputs["answer"]
            known = answer > 0
            place = source.index(answer[0]) if answer[0] in source else 0
            copied = np.zeros((1, len(answer), len(source)))
            copied[0, :, place] = 0.25
            return {
                "saliency": np.array([[WEIGHTS.get(token, 1.0) for token in source]]),
                "log_probs": (known * np.log(0.5 + place / 1000))[None],
                "copied": copied,
            }

        return run


def salient_reader(**changes):
    return Reader(SalientCheckpoint(**changes))
