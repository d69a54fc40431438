"""The backbone as a reader: what a passage answers to a question, written or copied.

    [CLS]passage[SEP]question[SEP] -> answer[SEP]      (kexue.fm/archives/7115)

The type and the style of the answer may be conditions, by Conditional Layer
Normalization (kexue.fm/archives/7124); class 0 of each is "not given". What is added to
the backbone is in `nlg.qa.train.aids`. This file knows neither words nor the search.

Shapes: B rows, T tokens, P predictions; R sources, S source tokens, K beams, Q passages
a question, M lines that are written, each of which goes on after Q sources; N kinds of
class; D units, V vocabulary.
"""

from typing import Any, NamedTuple

from keras import ops

from nlg.backbone.unilm import SourceState, UniLM
from nlg.layers.attention import NEG_INF
from nlg.layers.copy import (
    LONGEST_RUN,
    copy_log_probs,
    copy_nats,
    runs_after,
    same_tokens,
)
from nlg.layers.losses import SymmetricKL, nats_of
from nlg.qa.config import QAConfig
from nlg.qa.train.aids import AidedBackbone
from nlg.qa.train.options import QATraining


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


class Answerer(AidedBackbone):
    """The network; its loss is added inside, so `fit` needs no targets."""

    def __init__(
        self,
        unilm: UniLM,
        config: QAConfig,
        r_drop: float = 0.0,
        name: str = "answerer",
        **kwargs,
    ):
        super().__init__(unilm, config, name=name, **kwargs)
        self.agreement = SymmetricKL(r_drop, name="agreement") if r_drop else None

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
            inputs: what `QAConfig.inputs` names, all (R, S), and, if kinds are
                conditions, `class_ids` (R, N); one source a row, padding at the end.
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
            cache: from `empty_cache`, or the last call.
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
