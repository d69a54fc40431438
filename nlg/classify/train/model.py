"""The backbone as a classifier: it reads a text from both sides and names its label.

    [CLS]服务很好[SEP] -> states -> their mean -> dropout -> a score a label

In training a frequent label may be given a lead, so that its score need not hold it: a
rare label is then found more often (logit adjustment, arXiv:2007.07314).

Shapes: B rows, T tokens, D units, C labels.
"""

from collections.abc import Sequence

import keras
from keras import ops

from nlg.backbone.unilm import UniLM
from nlg.layers.losses import SymmetricKL, nats_of


class ClassifierNetwork(keras.Model):
    """The network; its loss is added inside, so `fit` needs no targets."""

    def __init__(
        self,
        unilm: UniLM,
        label_priors: Sequence[float],
        dropout: float = 0.0,
        r_drop: float = 0.0,
        name: str = "classifier",
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        self.unilm = unilm
        self.label_priors = tuple(label_priors)  # C, in nats
        self.dropout = keras.layers.Dropout(dropout, name="dropout")
        self.scores = keras.layers.Dense(len(label_priors), name="scores")
        self.agreement = SymmetricKL(r_drop, name="agreement") if r_drop else None

    def build(self, inputs_shape=None):
        """Create what stands beside `unilm`, which comes built, and whose head rests.

        The table of tokens, which the head shares, goes on learning.
        """
        head = self.unilm.head
        for variable in (*head.dense.variables, *head.norm.variables, head.bias):
            variable.trainable = False
        self.scores.build((None, self.unilm.config.hidden_size))
        self.built = True

    def call(self, inputs, training=None):
        """Return the scores (B, C); the loss is added inside.

        Args:
            inputs: `token_ids` (B, T), padding at the end, and `labels` (B,).
            training: drop out.
        """
        scores, nats = self._scores_and_nats(inputs, training)
        if training and self.agreement:
            again, more = self._scores_and_nats(inputs, training)
            self.agreement(scores, again, ops.ones_like(nats))
            nats = (nats + more) / 2
        self.add_loss(ops.mean(nats))
        return scores

    def _scores_and_nats(self, inputs, training):
        """Return the scores (B, C), and -log p of the labels (B,) with their lead."""
        scores = self.logits(inputs["token_ids"], training)
        ahead = scores + ops.convert_to_tensor(self.label_priors, scores.dtype)
        return scores, nats_of(ahead, inputs["labels"])

    def logits(self, token_ids, training=None):
        """Return the scores (B, C) of the labels of texts, before any softmax."""
        states = self.unilm({"token_ids": token_ids}, training=training)  # (B, T, D)
        known = ops.cast(token_ids != 0, states.dtype)[:, :, None]
        mean = ops.sum(states * known, axis=1) / ops.sum(known, axis=1)  # (B, D)
        return self.scores(self.dropout(mean, training=training))

    def probabilities(self, token_ids):
        """Return how probable each label is, (B, C)."""
        return ops.softmax(ops.cast(self.logits(token_ids), "float32"))
