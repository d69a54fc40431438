"""The backbone with a loss on the places that predict something.

Shapes: B rows, T tokens, P predictions, D units, V vocabulary.
"""

from keras import ops

from nlg.backbone.unilm import UniLM
from nlg.layers.losses import MaskedCrossEntropy
from nlg.layers.measured import Measured, by_group
from nlg.pretrain.objectives import OBJECTIVES


class Pretraining(Measured):
    """Charge the three objectives; the input is what `Objectives.batch` makes."""

    def __init__(self, unilm: UniLM, name: str = "pretraining", **kwargs):
        super().__init__(OBJECTIVES, name=name, **kwargs)
        self.unilm = unilm
        self.cross_entropy = MaskedCrossEntropy(name="cross_entropy")

    def build(self, inputs_shape=None):
        """Have nothing of its own to build: `unilm` comes built."""
        self.built = True

    def call(self, inputs, training=None):
        """Return the nats (P,) of each prediction; the loss is added inside."""
        states = self.unilm(inputs, training=training)  # (B, T, D)
        flat = ops.reshape(states, (-1, ops.shape(states)[-1]))
        picked = ops.take(flat, inputs["places"], axis=0)  # (P, D)
        return self.cross_entropy(
            self.unilm.logits(picked), inputs["targets"], inputs["weights"]
        )

    def figures(self, inputs, outputs):
        """Return the nats of each objective."""
        return by_group(OBJECTIVES, outputs, inputs["weights"], inputs["objective"])
