"""What a token is, which part it belongs to and where it stands, as one vector.

Shapes: B rows, T tokens, E embedding units, D units.
"""

import keras
from keras import ops

from nlg.layers.norm import ConditionalLayerNormalization
from nlg.layers.vocabulary import TiedVocabulary


class BertEmbeddings(keras.layers.Layer):
    """Token, segment and position vectors, added and normalised (arXiv:1810.04805).

    Where E is not D, a dense layer maps one to the other (ALBERT, arXiv:1909.11942).
    """

    def __init__(self, config, initializer, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        self.initializer = initializer
        self.units = config.embedding_size or config.hidden_size
        self.token = TiedVocabulary(
            config.vocab_size, self.units, 1.0, initializer, name="token"
        )
        self.norm = ConditionalLayerNormalization(config.epsilon, name="norm")
        self.dropout = keras.layers.Dropout(config.dropout, name="dropout")
        self.mapping = None
        if self.units != config.hidden_size:
            self.mapping = keras.layers.Dense(config.hidden_size, name="mapping")

    def build(self, token_ids_shape=None, condition_shape=None):
        """Create the tables and the norm."""
        config = self.config
        self.token.build()
        for name, size in (
            ("segments", config.segments),
            ("positions", config.max_positions),
        ):
            table = self.add_weight(
                (size, self.units),
                initializer=keras.initializers.get(self.initializer),
                name=name,
            )
            setattr(self, name, table)
        self.norm.build((None, None, self.units), condition_shape)
        if self.mapping:
            self.mapping.build((None, None, self.units))

    def call(self, token_ids, segment_ids, position_ids, condition=None, training=None):
        """Return (..., D); the three ids are of one shape, (B, T) or (B,)."""
        x = (
            self.token(token_ids)
            + ops.cast(ops.take(self.segments, segment_ids, axis=0), self.compute_dtype)
            + ops.cast(
                ops.take(self.positions, position_ids, axis=0), self.compute_dtype
            )
        )
        x = self.dropout(self.norm(x, condition), training=training)
        return self.mapping(x) if self.mapping else x
