"""UniLM: one BERT that reads what is given and writes what comes after.

`[CLS]source[SEP]target[SEP]` goes through in one pass; the mask lets the source see
itself and the target see the source and its own past (arXiv:1905.03197,
kexue.fm/archives/6933). The same weights are called in three ways:

    model(inputs)            the whole sequence: training
    model.prefill(source)    the source, once
    model.step(token, …)     one written token, with a cache of all before it

Each returns states; `model.logits` turns those that are asked for into scores, so
training does not pay the vocabulary for tokens that no loss looks at.

Shapes: B rows, T tokens, S source tokens, W places to write, K beams a row, M = B * K,
D units, L layers, H heads, d = D / H, V vocabulary, C condition units.
"""

import dataclasses
from typing import Any, NamedTuple

import keras
from keras import ops

from nlg.backbone.config import BackboneConfig
from nlg.errors import OptionError
from nlg.layers.attention import NEG_INF
from nlg.layers.block import ACTIVATIONS, Block
from nlg.layers.condition import Condition
from nlg.layers.embeddings import BertEmbeddings
from nlg.layers.masks import attention_mask
from nlg.layers.norm import ConditionalLayerNormalization


class SourceState(NamedTuple):
    """What the written tokens need to know of their source; the same at every step."""

    keys: tuple[Any, ...]  # L x (B, H, d, S)
    values: tuple[Any, ...]  # L x (B, H, S, d)
    hidden: Any  # (B, 1, 1, S) scores to add: 0, or NEG_INF at padding
    length: Any  # (B,) int32, source tokens that are not padding
    condition: Any  # (B, C), or None


class LanguageModelHead(keras.layers.Layer):
    """States to scores of every token, through the table they were looked up in."""

    def __init__(self, config, token, initializer, **kwargs):
        super().__init__(**kwargs)
        self.token = token
        self.dense = keras.layers.Dense(
            token.units, ACTIVATIONS[config.activation], name="dense"
        )
        self.dense.kernel_initializer = keras.initializers.get(initializer)
        self.norm = ConditionalLayerNormalization(config.epsilon, name="norm")

    def build(self, states_shape, condition_shape=None):
        """Create the dense layer, the norm and the bias (V,)."""
        self.dense.build((None, states_shape[-1]))
        self.norm.build((None, self.token.units), condition_shape)
        self.bias = self.add_weight((self.token.size,), "zeros", name="bias")

    def call(self, states, condition=None):
        """Return (..., V) from `states` (..., D)."""
        x = self.norm(self.dense(states), condition)
        return self.token.logits(x) + ops.cast(self.bias, x.dtype)


class UniLM(keras.Model):
    """The backbone; see the text of this file."""

    def __init__(self, config: BackboneConfig, name: str = "unilm", **kwargs):
        super().__init__(name=name, **kwargs)
        self.config = config
        spread = {
            "class_name": "TruncatedNormal",
            "config": {"stddev": config.initializer_range},
        }
        self.embeddings = BertEmbeddings(config, spread, name="embeddings")
        self.blocks = [
            Block(config, spread, name=f"block_{number}")
            for number in range(config.layers)
        ]
        self.head = LanguageModelHead(
            config, self.embeddings.token, spread, name="head"
        )
        self.condition = None
        if config.condition_size:
            self.condition = Condition(
                config.classes, config.condition_size, name="condition"
            )

    def build(self, inputs_shape=None):
        """Create every weight; no input is needed to know their shapes."""
        size = self.config.condition_size
        condition = (None, size) if size else None
        states = (None, None, self.config.hidden_size)
        if self.condition:
            self.condition.build()
        self.embeddings.build(None, condition)
        for block in self.blocks:
            block.build(states, None, condition)
        self.head.build(states, condition)
        self.built = True

    def call(self, inputs, training=None):
        """Return the states (B, T, D) of whole sequences.

        Args:
            inputs: `token_ids` (B, T) or a dict with that and any of
                segment_ids (B, T): 0 source, 1 target; zeros by default.
                sample_ids (B, T): the sample that each token of a packed row belongs
                    to, 0 for padding; by default all that is not [PAD] (id 0) is one.
                position_ids (B, T): 0, 1, 2, … by default.
                generated (B, T): 1 where a token is written, see `nlg.layers.masks`;
                    by default what the config's `application` says.
                class_ids (B, N), condition (B, C): see `nlg.layers.condition`.
                vectors (B, T, D): added to the embeddings; none by default.
            training: whether dropout drops.
        """
        return self._states(inputs, training)[-1]

    def states_and_keys(self, inputs, training=None):
        """Return what a call does, and the keys (B, T, D) of the last block.

        For a head that looks at tokens as that block does.
        """
        *_, before_last, states = self._states(inputs, training)
        return states, self.blocks[-1].attention.key(before_last)

    def _states(self, inputs, training):
        """Return (B, T, D) before the first block and after each."""
        inputs = _as_tensors(inputs)
        tokens = inputs["token_ids"]
        segments = inputs.get("segment_ids", ops.zeros_like(tokens))
        samples = inputs.get("sample_ids", ops.cast(tokens != 0, "int32"))
        generated = inputs.get("generated", self._generated(segments))
        condition = self.condition_of(inputs)
        mask = attention_mask(samples, generated)
        states = [self._embed(inputs, tokens, segments, condition, training)]
        for block in self.blocks:
            states.append(block(states[-1], mask, condition, training=training))
        return states

    def logits(self, states, condition=None):
        """Return the scores (..., V) of the tokens that `states` (..., D) predict.

        A state of written text predicts the token after it, a state of [MASK] the one
        it stands for. `condition` (B, C), of `condition_of`, has a row a row of states.
        """
        return self.head(states, condition)

    def prefill(self, inputs) -> tuple[Any, SourceState]:
        """Read sources once; return the last tokens' states and a `SourceState`.

        Args:
            inputs: as for a call, one source a row, padding at the end.

        Returns:
            (B, D), which predict the first written token, and the keys and values.
        """
        inputs = _as_tensors(inputs)
        tokens = inputs["token_ids"]
        segments = inputs.get("segment_ids", ops.zeros_like(tokens))
        known = ops.cast(tokens != 0, "int32")  # (B, S)
        generated = inputs.get("generated", self._generated(segments))
        condition = self.condition_of(inputs)
        x = self._embed(inputs, tokens, segments, condition)
        padding = _hidden(known[:, None, None] > 0, x.dtype)  # (B, 1, 1, S)
        hidden = _hidden(attention_mask(known, generated)[:, None], x.dtype)
        length = ops.sum(known, axis=1)
        last = ops.one_hot(length - 1, ops.shape(tokens)[1], dtype=x.dtype)  # (B, S)
        keys, values = [], []
        for block in self.blocks:
            key, value = block.attention.keys_and_values(x)
            keys.append(key)
            values.append(value)
            if block is self.blocks[-1]:  # only the last token is asked for any more
                x, hidden = ops.matmul(last[:, None], x), padding
            attended = block.attention.look(x, key, value, hidden)
            x = block.after_attention(x, attended, condition)
        source = SourceState(tuple(keys), tuple(values), padding, length, condition)
        return ops.squeeze(x, 1), source

    def empty_cache(self, beams, length):
        """Return room for `length` written tokens of `beams` (M): 2 * L x (M, H, W, d).

        Keys and values of each layer, the latest token in the last place: a step moves
        all to the left. That is two copies, and less than to write in the middle.
        """
        config = self.config
        shape = (beams, config.heads, length, config.hidden_size // config.heads)
        blank = ops.zeros(shape, self.compute_dtype)
        return (blank,) * (2 * config.layers)

    def step(
        self, token_ids, index, source: SourceState, cache, beams=None, passages=1
    ):
        """Read one more written token a beam.

        Args:
            token_ids: (M,), the tokens written last; the beams of a row stand together.
            index: scalar, how many tokens were written before these.
            source: from `prefill`, a row each.
            cache: 2 * L x (M, H, W, d), from `empty_cache` or the last step.
            beams: K, if it is known when the step is traced: the step is then faster.
            passages: how many source rows a question has; the order of M is then
                question, beam, passage.

        Returns:
            The states (M, D), which predict the next token, and the cache with these
            tokens in it.

        Raises:
            OptionError: the sources and W are more than the positions. A traced step
                does not know how much of a source is padding, and does not look.
        """
        self._check_room(source, cache)
        if beams is None:
            beams = ops.shape(token_ids)[0] // ops.shape(source.length)[0]
        condition = self.per_beam(source.condition, beams, passages)
        length = self.per_beam(source.length, beams, passages)
        # Not like `token_ids`: what is the same at every step leaves a compiled loop.
        segments = ops.full_like(length, int(self.config.application == "unilm"))
        places = ops.cast(length + index, "int32")  # (M,)
        x = self.embeddings(token_ids, segments, places, condition)  # (M, D)
        W = ops.shape(cache[0])[2]
        written = ops.arange(W, dtype="int32") >= W - 1 - index  # (W,), from the right
        seen = _hidden(written, x.dtype)
        new: list[Any] = []
        for number, block in enumerate(self.blocks):
            attended, *kept = block.attention.step(
                x,
                (source.keys[number], source.values[number]),
                cache[2 * number : 2 * number + 2],
                source.hidden,
                seen,
                passages,
            )
            new += kept
            x = block.after_attention(x, attended, condition)
        return x, tuple(new)

    def get_config(self):
        """Return what makes this model again."""
        config = dataclasses.asdict(self.config)
        return {"config": config, "name": self.name, "dtype": self.dtype_policy.name}

    @classmethod
    def from_config(cls, config):
        """Return the model that `get_config` described, with fresh weights."""
        config = dict(config)
        return cls(BackboneConfig.from_dict(config.pop("config")), **config)

    def _generated(self, segments):
        """Return which tokens are written, (B, T), by the config's application."""
        application = self.config.application
        if application == "unilm":
            return segments
        return ops.full_like(segments, int(application == "lm"))

    def condition_of(self, inputs):
        """Return (B, C), or None if `inputs` hold no condition."""
        class_ids, vector = inputs.get("class_ids"), inputs.get("condition")
        if self.condition is None or (class_ids is None and vector is None):
            return None
        return self.condition(class_ids, vector)

    def _embed(self, inputs, tokens, segments, condition, training=None):
        """Return the vectors (B, T, D) of a whole sequence."""
        places = inputs.get("position_ids")
        if places is None:
            self._check_positions(tokens.shape[1])
            places = ops.arange(ops.shape(tokens)[1], dtype="int32")[None]  # (1, T)
        x = self.embeddings(tokens, segments, places, condition, training=training)
        vectors = inputs.get("vectors")
        return x if vectors is None else x + ops.cast(vectors, x.dtype)

    def _check_room(self, source: SourceState, cache) -> None:
        """Refuse to write beyond the last position."""
        places, written = source.keys[0].shape[-1], cache[0].shape[2]
        if places is None or written is None:
            return
        if places + written <= self.config.max_positions:
            return  # whatever is padding
        try:
            longest = int(ops.max(source.length))
        except TypeError:  # traced
            return
        self._check_positions(longest, written)

    def _check_positions(self, read: int | None, written: int = 0) -> None:
        """Refuse more tokens than there are positions; None is not known yet."""
        most = self.config.max_positions
        if read is not None and read + written > most:
            wanted = f"{read} tokens" + (f" and {written} to write" if written else "")
            raise OptionError(
                f"{wanted} are more than the {most} positions of this backbone; cut "
                "the source or write less"
            )

    @staticmethod
    def per_beam(x, beams, passages=1):
        """Repeat each row for its beams: (B * P, …) to (M, …); None stays None."""
        if x is None or (isinstance(beams, int) and beams == 1):
            return x
        if isinstance(passages, int) and passages == 1:  # a graph may leave it open
            return ops.repeat(x, beams, axis=0)
        shape = tuple(ops.shape(x)[1:])
        x = ops.repeat(ops.reshape(x, (-1, 1, passages, *shape)), beams, axis=1)
        return ops.reshape(x, (-1, *shape))


def _as_tensors(inputs: Any) -> dict[str, Any]:
    """Return the inputs by name, lists of Python as tensors."""
    named = inputs if isinstance(inputs, dict) else {"token_ids": inputs}
    return {name: ops.convert_to_tensor(x) for name, x in named.items()}


def _hidden(seen: Any, dtype: str) -> Any:
    """Return what is added to scores: 0 where `seen`, else `NEG_INF`."""
    return ops.cast(ops.where(seen, 0.0, NEG_INF), dtype)
