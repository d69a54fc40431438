"""The backbone of a reader, with four aids beside it.

They have no effect before they are trained, so that an imported BERT is as good as it
was: vectors for how long an n-gram around each token of the passage also stands in the
question, for how much of the question is near, and for the word of a dictionary around
it (`nlg.qa.inputs`); what that word means, by a vector that was made from plain text
(`nlg.layers.meaning`); a head that copies (`nlg.layers.copy`); and convolutions over
the source (`nlg.layers.dgcnn`), which are added to the embeddings and to what the head
looks for. Answers stand near the question's own words, are names of people where it
asks who, are made of the passage's tokens, and are marked by the words around them; a
small backbone would have to learn all that from examples.

    token vectors --+--> embeddings + hints --> backbone --> states, keys
                    |                   ^                             |
         meaning ---+--> DGCNN -- zeros-+-------- zeros ------------> +
                          ^                                           |
                    hints, asks                                  copying head

This file knows neither words nor losses nor the search.

Shapes: B rows, T tokens, D units, U units of the convolutions, H levels of all hints.
"""

import keras
from keras import ops

from nlg.backbone.unilm import UniLM
from nlg.layers.copy import CopyHead
from nlg.layers.dgcnn import DGCNN
from nlg.layers.meaning import Meaning
from nlg.qa.config import QAConfig
from nlg.qa.inputs import LONGEST_OVERLAP, NEAREST
from nlg.text.lexicon import LEVELS as LEVELS_OF_WORDS

HINTS = {"overlap": LONGEST_OVERLAP, "nearness": NEAREST, "words": LEVELS_OF_WORDS}
LEVELS = 1 + sum(most + 1 for most in HINTS.values())  # of all hints, asks included


class Level(keras.layers.Layer):
    """A small number as a vector: zero for 0 always, for all numbers at the start."""

    def __init__(self, most: int, units: int, **kwargs):
        super().__init__(**kwargs)
        self.most, self.units = most, units

    def build(self, levels_shape=None):
        """Create the table (most, D)."""
        shape = (self.most, self.units)
        self.table = self.add_weight(shape, initializer="zeros", name="table")

    def call(self, levels):
        """Return the vectors (B, T, D) of `levels` (B, T)."""
        vectors = ops.take(self.table, ops.maximum(levels - 1, 0), axis=0)
        vectors = ops.where(levels[..., None] > 0, vectors, 0.0)
        return ops.cast(vectors, self.compute_dtype)


class AidedBackbone(keras.Model):
    """A backbone and its aids; what a reader predicts with, see `Answerer`."""

    def __init__(self, unilm: UniLM, config: QAConfig, **kwargs):
        super().__init__(**kwargs)
        self.unilm = unilm
        self.config = config
        units = unilm.config.hidden_size
        self.hints = {
            name: Level(most, units, name=name)
            for name, most in HINTS.items()
            if name in config.inputs()
        }
        self.copying = CopyHead(name="copying") if config.copy else None
        self.meaning = self.meaning_to_vectors = self.meaning_to_tokens = None
        if config.vectors:
            size = config.vectors, config.vector_units
            self.meaning = Meaning(*size, name="meaning")
            self.meaning_to_vectors = _zeros(units, "meaning_to_vectors")
        self.convolutions = self.to_vectors = self.to_keys = None
        if config.convolutions:
            dropout = unilm.config.dropout
            self.convolutions = DGCNN(config.convolutions, dropout, name="convolutions")
            self.to_vectors = _zeros(units, "to_vectors")
            self.to_keys = _zeros(units, "to_keys") if config.copy else None
        if config.vectors and config.convolutions:
            token_units = unilm.embeddings.units
            self.meaning_to_tokens = _zeros(token_units, "meaning_to_tokens")

    def build(self, inputs_shape=None):
        """Create the aids; `unilm` is built already."""
        for level in self.hints.values():
            level.build()
        if self.copying:
            self.copying.build((None, None, self.unilm.config.hidden_size))
        if self.meaning:
            self.meaning.build()
            for layer in filter(
                None, (self.meaning_to_vectors, self.meaning_to_tokens)
            ):
                layer.build((None, None, self.meaning.features))
        if self.convolutions:
            token = (None, None, self.unilm.embeddings.units)
            self.convolutions.build(token, (None, None, LEVELS))
            for layer in filter(None, (self.to_vectors, self.to_keys)):
                layer.build((None, None, self.config.convolutions))
        self.built = True

    def with_meanings(self, inputs):
        """Return `inputs` with `meant` (B, T, U + 1), what words mean, if it is read.

        Args:
            inputs: as for a call, or of one source a row.
        """
        if not self.meaning:
            return inputs
        meant = self.meaning(inputs["meaning"], inputs["asks"], _texts(inputs))
        return {**inputs, "meant": meant}

    def around(self, inputs, training=None, scale=None):
        """Return what stands around each token of the sources, (B, T, U), or None.

        Args:
            inputs: of `with_meanings`.
            training: drop out.
            scale: (B, T), of what each token gives; 1 by default.
        """
        if not self.convolutions:
            return None
        token_ids = ops.convert_to_tensor(inputs["token_ids"])
        texts = _texts(inputs)
        if "segment_ids" in inputs:  # an answer is not there yet
            texts = texts * (1 - inputs["segment_ids"])
        vectors, hints = self.unilm.embeddings.token(token_ids), self._levels(inputs)
        if self.meaning_to_tokens:
            vectors += self.meaning_to_tokens(inputs["meant"])
        if scale is not None:
            vectors, hints = (x * scale[..., None] for x in (vectors, hints))
        return self.convolutions(
            vectors, hints, texts, inputs["asks"], training=training
        )

    def added(self, inputs, around):
        """Return what is added to the embeddings, (B, T, D), or None.

        Args:
            inputs: as for `around`; `vectors` (B, T, D) of their own are a part of it.
            around: what that returned.
        """
        found = [inputs["vectors"]] if "vectors" in inputs else []
        found += [level(inputs[name]) for name, level in self.hints.items()]
        if self.to_vectors:
            found.append(self.to_vectors(around))
        if self.meaning_to_vectors:
            found.append(self.meaning_to_vectors(inputs["meant"]))
        return sum(found[1:], found[0]) if found else None

    def states_and_keys(self, inputs, around, training=None):
        """Return the states of rows, and what may be copied looks like, (B, T, D).

        Args:
            inputs: as for a call; `vectors` of their own are added too.
            around: of `around`.
            training: drop out.
        """
        states, keys = self.unilm.states_and_keys(self._aided(inputs, around), training)
        return states, keys + self.to_keys(around) if self.to_keys else keys

    def _aided(self, inputs, around):
        """Return the backbone's inputs, with what is added to its embeddings."""
        added = self.added(inputs, around)
        return inputs if added is None else {**inputs, "vectors": added}

    def _levels(self, inputs):
        """Return the hints as numbers from 0 to 1, one for each level, (B, T, H)."""
        asks = ops.convert_to_tensor(inputs["asks"])
        found = [ops.cast(asks, "float32")[..., None]]
        for name, most in HINTS.items():
            levels = inputs[name] if name in self.hints else ops.zeros_like(asks)
            found.append(ops.one_hot(levels, most + 1))
        return ops.concatenate(found, axis=-1)


def _texts(inputs):
    """Return the text that each token belongs to, (B, T) int32; 0 is none."""
    token_ids = ops.convert_to_tensor(inputs["token_ids"])
    return inputs.get("sample_ids", ops.cast(token_ids != 0, "int32"))


def _zeros(units, name):
    """Return a dense layer without effect before it is trained, nor on zeros ever."""
    return keras.layers.Dense(
        units, use_bias=False, kernel_initializer="zeros", name=name
    )
