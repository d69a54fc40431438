"""The backbone as a reader: what a passage answers to a question, written or copied.

    [CLS]passage[SEP]question[SEP] -> answer[SEP]      (kexue.fm/archives/7115)

Beside the backbone stand four aids that have no effect before they are trained, so
that an imported BERT is as good as it was: vectors for how long an n-gram around each
token of the passage also stands in the question, for how much of the question is near,
and for the word of a dictionary around it (`nlg.qa.inputs`); what that word means, by a
vector that was made from plain text (`nlg.layers.meaning`); a head that copies
(`nlg.layers.copy`); and convolutions over the source (`nlg.layers.dgcnn`), which are
added to the embeddings and to what the head looks for. Answers stand near the
question's own words, are names of people where it asks who, are made of the passage's
tokens, and are told by what is around them; a small backbone would have to learn all
that from examples.

    token vectors --+--> embeddings + hints --> backbone --> states, keys
                    |                   ^                             |
         meaning ---+--> DGCNN -- zeros-+-------- zeros ------------> +
                          ^                                           |
                    hints, asks                                  copying head

The type and the style of the answer may be told as classes, by Conditional Layer
Normalization (kexue.fm/archives/7124); class 0 of each is "not told".

This file knows neither words nor the search.

Shapes: B rows, T tokens, P predictions; R sources, S source tokens, K beams, Q passages
a question, M lines that are written, each of which goes on after Q sources; N kinds of
class; D units, V vocabulary.
"""

from typing import Any, NamedTuple

import keras
from keras import ops

from nlg.backbone.unilm import SourceState, UniLM
from nlg.layers.attention import NEG_INF
from nlg.layers.copy import (
    LONGEST_RUN,
    CopyHead,
    copy_log_probs,
    copy_nats,
    runs_after,
    same_tokens,
)
from nlg.layers.dgcnn import DGCNN
from nlg.layers.losses import SymmetricKL, nats_of
from nlg.layers.meaning import Meaning
from nlg.qa.config import QAConfig
from nlg.qa.inputs import LONGEST_OVERLAP, NEAREST
from nlg.qa.train.options import QATraining
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


class SourceReading(NamedTuple):
    """What is known of the sources before anything is written; tensors only."""

    first: Any  # (R, V) log-probabilities of the first token
    source: SourceState
    keys: Any  # (R, D, S), what may be copied looks like; None without copying
    token_ids: Any  # (R, S)
    same: Any  # (R, S, S), see `nlg.layers.copy.same_tokens`; None without copying


class Ways(NamedTuple):
    """The ways in which a prediction may come to a token: to write or to copy it.

    R-Drop compares these in place of tokens. Ways that lead to one token count apart,
    so they differ at least as much as the tokens do.
    """

    logits: Any  # (P, V), of the tokens that are written
    openness: Any = None  # (P,), the logit of a copy; None without copying
    scores: Any = None  # (P, T), of the places that are copied from

    def log_probs(self):
        """Return the log-probability of each way, float32 (P, V + T)."""
        written = ops.log_softmax(ops.cast(self.logits, "float32"), axis=-1)
        if self.scores is None:
            return written
        copied = ops.log_softmax(self.scores, axis=-1)
        written += ops.log_sigmoid(-self.openness)[:, None]
        copied += ops.log_sigmoid(self.openness)[:, None]
        return ops.concatenate([written, copied], axis=-1)


class Cache(NamedTuple):
    """What is known of lines that are being written."""

    inner: Any  # the backbone's
    runs: Any  # (M * Q, S), see `nlg.layers.copy.runs_after`


class Answerer(keras.Model):
    """The network; its loss is added inside, so `fit` needs no targets."""

    def __init__(
        self,
        unilm: UniLM,
        config: QAConfig,
        r_drop: float = 0.0,
        name: str = "answerer",
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        self.agreement = SymmetricKL(r_drop, name="agreement") if r_drop else None
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
                layer.build((None, None, self.meaning.told))
        if self.convolutions:
            token = (None, None, self.unilm.embeddings.units)
            self.convolutions.build(token, (None, None, LEVELS))
            for layer in filter(None, (self.to_vectors, self.to_keys)):
                layer.build((None, None, self.config.convolutions))
        self.built = True

    def call(self, inputs, training=None):
        """Return -log p of each target in nats, (P,); the loss is added inside.

        Args:
            inputs: what `nlg.qa.train.batches.Batches.batch` returns.
            training: drop out.
        """
        inputs, weights = self.with_meanings(inputs), inputs["weights"]
        nats, ways = self._predicted(inputs, training)
        if training and self.agreement:
            others, other_ways = self._predicted(inputs, training)
            self.agreement(ways.log_probs(), other_ways.log_probs(), weights)
            nats = (nats + others) / 2
        self.add_loss(ops.sum(nats * weights) / ops.maximum(ops.sum(weights), 1.0))
        return nats

    def _predicted(self, inputs, training):
        """Return -log p of each target (P,), and the `Ways` that it sums up."""
        around = self.around(inputs, training)
        states, keys = self.states_and_keys(inputs, around, training)
        flat = ops.reshape(states, (-1, ops.shape(states)[-1]))  # (B * T, D)
        picked = ops.take(flat, inputs["places"], axis=0)  # (P, D)
        logits = self.unilm.logits(picked, self._condition(inputs))
        nats = nats_of(logits, inputs["targets"])
        if not self.copying:
            return nats, Ways(logits)
        scores = self.copying(states, ops.transpose(keys, (0, 2, 1)))  # (B, T, T)
        scores, is_open, holds = _places_to_copy(scores, inputs)
        scores += self.copying.bonus(picked, runs_of(inputs))
        openness = self.copying.openness(
            picked, _seen_by(scores, is_open, inputs, keys)
        )
        nats = copy_nats(nats, openness, scores, is_open, holds)
        return nats, Ways(logits, openness, ops.where(is_open, scores, NEG_INF))

    def read(self, inputs) -> SourceReading:
        """Read sources once.

        Args:
            inputs: what `QAConfig.inputs` names, all (R, S), and, if kinds are told,
                `class_ids` (R, N); one source a row, padding at the end.
        """
        inputs = self.with_meanings(inputs)
        around = self.around(inputs)
        states, source = self.unilm.prefill(self._aided(inputs, around))  # (R, D)
        token_ids = ops.convert_to_tensor(inputs["token_ids"])
        same = keys = None
        if self.copying:
            same = same_tokens(token_ids)
            keys = ops.reshape(
                source.keys[-1],
                (ops.shape(token_ids)[0], states.shape[-1], ops.shape(token_ids)[1]),
            )
            if self.to_keys:
                keys += ops.transpose(self.to_keys(around), (0, 2, 1))
        reading = SourceReading(None, source, keys, token_ids, same)
        blank = ops.zeros_like(token_ids)
        return reading._replace(first=self._log_probs(states, blank, reading, 1, 1))

    def empty_cache(self, reading: SourceReading, lines, length):
        """Return an empty cache for `lines` (M * Q) of `length` tokens."""
        runs = ops.zeros((lines, ops.shape(reading.token_ids)[1]), "int32")
        return Cache(self.unilm.empty_cache(lines, length), runs)

    def write(self, token_ids, index, reading: SourceReading, cache, beams, passages):
        """Read one more written token a line, on every passage.

        Args:
            token_ids: (M * Q,), the tokens written last; in order of question, beam
                and passage.
            index: scalar, how many tokens were written before these.
            reading: of R sources, Q a question.
            cache: from `room`, or the last call.
            beams: K.
            passages: Q.

        Returns:
            The log-probabilities (M * Q, V) of the next token, and the cache.
        """
        states, inner = self.unilm.step(
            token_ids, index, reading.source, cache.inner, beams, passages
        )
        sources = self.unilm.per_beam(reading.token_ids, beams, passages)
        runs = runs_after(token_ids, sources, cache.runs)
        log_probs = self._log_probs(states, runs, reading, beams, passages)
        return log_probs, Cache(inner, runs)

    def with_meanings(self, inputs):
        """Return `inputs` with what words mean, `meant` (B, T, U + 1), if that is told.

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
            inputs: of `told`.
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

    def _condition(self, inputs):
        """Return the condition of each prediction, (P, C), or None."""
        condition = self.unilm.condition_of(inputs)
        if condition is None:
            return None
        rows = inputs["places"] // ops.shape(inputs["token_ids"])[1]
        return ops.take(condition, rows, axis=0)

    def _log_probs(self, states, runs, reading: SourceReading, beams, passages):
        """Return the log-probabilities (M * Q, V) that `states` (M * Q, D) predict."""
        source, per_beam = reading.source, self.unilm.per_beam
        logits = self.unilm.logits(states, per_beam(source.condition, beams, passages))
        if not self.copying:
            return ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
        R, S = ops.shape(reading.token_ids)
        keys = reading.keys
        scores = self.copying(_by_source(states, R, passages), keys)  # (R, K, S)
        scores += _by_source(self.copying.bonus(states, runs), R, passages)
        shares = ops.softmax(scores + source.hidden[:, 0], axis=-1)
        seen = ops.matmul(shares, ops.transpose(ops.cast(keys, "float32"), (0, 2, 1)))
        openness = self.copying.openness(
            states, _by_line(seen, states.shape[-1], passages)
        )
        shares = _by_line(ops.matmul(shares, reading.same), S, passages)
        token_ids = per_beam(reading.token_ids, beams, passages)  # (M * Q, S)
        return copy_log_probs(logits, openness, shares, token_ids)


def runs_of(inputs):
    """Return how many tokens before each place are the answer's last, int32 (P, T).

    As `nlg.layers.copy.runs_after` has it step by step; here of whole rows.

    Args:
        inputs: `token_ids` and `segment_ids` (B, T), 1 in answers, and `places` (P,).
    """
    token_ids, places = inputs["token_ids"], inputs["places"]
    rows = places // ops.shape(token_ids)[1]
    tokens = ops.take(token_ids, rows, axis=0)  # (P, T)
    written = ops.where(ops.equal(inputs["segment_ids"], 1), token_ids, -1)
    written = ops.pad(ops.reshape(written, (-1,)), [[LONGEST_RUN, 0]], "constant", -1)
    runs, whole = ops.zeros_like(tokens), ops.ones_like(tokens)
    for back in range(LONGEST_RUN):
        tokens = ops.pad(tokens, [[0, 0], [1, 0]])[:, :-1]  # `back` + 1 before
        last = ops.take(written, places + LONGEST_RUN - back, axis=0)[:, None]
        whole = whole * ops.cast(ops.equal(tokens, last), "int32")
        runs += whole
    return runs


def _texts(inputs):
    """Return the text that each token belongs to, (B, T) int32; 0 is none."""
    token_ids = ops.convert_to_tensor(inputs["token_ids"])
    return inputs.get("sample_ids", ops.cast(token_ids != 0, "int32"))


def _zeros(units, name):
    """Return a dense layer without effect before it is trained, nor on zeros ever."""
    return keras.layers.Dense(
        units, use_bias=False, kernel_initializer="zeros", name=name
    )


def _places_to_copy(scores, inputs):
    """Return scores, which places may be copied and which hold the target, (P, T).

    A prediction may copy from the source of its own sample.
    """
    T = ops.shape(scores)[-1]
    places, samples = inputs["places"], inputs["sample_ids"]
    rows = places // T  # (P,)
    own = ops.take(ops.reshape(samples, (-1,)), places, axis=0)[:, None]  # (P, 1)
    given = ops.equal(ops.take(inputs["segment_ids"], rows, axis=0), 0)
    is_open = ops.logical_and(given, ops.equal(ops.take(samples, rows, axis=0), own))
    tokens = ops.take(inputs["token_ids"], rows, axis=0)  # (P, T)
    holds = ops.logical_and(is_open, ops.equal(tokens, inputs["targets"][:, None]))
    return ops.take(ops.reshape(scores, (-1, T)), places, axis=0), is_open, holds


def _seen_by(scores, is_open, inputs, keys):
    """Return the mean (P, D) of `keys` (B, T, D) by what predictions would copy."""
    B, T, D = ops.shape(keys)
    shares = ops.softmax(ops.where(is_open, scores, NEG_INF), axis=-1)  # (P, T)
    rows = ops.one_hot(inputs["places"] // T, B, dtype="float32")  # (P, B)
    shares = ops.reshape(rows[..., None] * shares[:, None], (-1, B * T))
    return ops.matmul(shares, ops.reshape(ops.cast(keys, "float32"), (B * T, D)))


def _by_source(x, R, passages):
    """Return `x` (M * Q, n), which is by question, beam and passage, as (R, K, n)."""
    n = ops.shape(x)[-1]
    x = ops.reshape(x, (R // passages, -1, passages, n))
    return ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (R, -1, n))


def _by_line(x, n, passages):
    """Return `x` (R, K, n) as (M * Q, n): undo `_by_source`."""
    K = ops.shape(x)[1]
    x = ops.reshape(x, (-1, passages, K, n))
    return ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, n))


def build_model(unilm: UniLM, options: QATraining) -> Answerer:
    """Return a built reader on `unilm`, with the aids that `options` ask for."""
    model = Answerer(unilm, options.model(), options.r_drop)
    model.build()
    return model
