"""Which tokens an answer rests on: gradient times input, in one graph.

    saliency of token s  =  |d log p(answer | source) / d m_s|  at m = 1

m_s scales all that the token gives: its embedding x_s as it enters the first block,
place and hints added, and the probability that is copied from it. The saliency is what
log p would lose without the token, to first order. Where nothing is copied it is
|g_s · x_s| with the gradient g_s of x_s ("gradient x input", arXiv:1312.6034 and
arXiv:1605.01713; saliency of kexue.fm's RNN posts carried over); what is copied goes
past the embeddings, and their gradient does not see it. The answer is given, not
searched for: one pass forward and one back.

Runs on the TensorFlow backend, as an export does. This file knows neither words nor the
search.

Shapes: S source tokens, T tokens of the answer, its end included, N = S + T, D units.
"""

import pathlib
from typing import Any, NamedTuple

from keras import ops

from nlg.layers.attention import NEG_INF
from nlg.layers.copy import LEAST
from nlg.onnx_export.export import export_onnx
from nlg.qa.config import SALIENCY, ReaderConfig, longest
from nlg.qa.inputs import EncodedSource
from nlg.qa.train.model import Answerer, runs_of
from nlg.runtime.checkpoint import WEIGHTS
from nlg.runtime.graph import Graph

HINTS = EncodedSource._fields[1:]  # what the question's words tell of each token


class Saliency(NamedTuple):
    """What one answer rests on."""

    saliency: Any  # (1, S) of log p in nats, not negative; 0 at padding
    log_probs: Any  # (1, T) of each token after those before it; 0 at padding
    copied: Any  # (1, T, S) probability of a copy from each place; None without copying


def saliency(model: Answerer, inputs: Any, answer: Any) -> Saliency:
    """Return what an answer rests on.

    Args:
        model: trained.
        inputs: what `Answerer.read` takes, of one source; padding at the end.
        answer: (1, T) token ids, the end included; padding at the end.
    """
    import tensorflow as tf

    row, S = row_of(inputs, answer), ops.shape(inputs["token_ids"])[1]
    scale = ops.ones_like(row["token_ids"], "float32")  # m, (1, N)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(scale)
        log_probs, copied = written(model, row, scale, answer)
        log_probs = log_probs * ops.cast(answer != 0, "float32")
    found = ops.abs(tape.gradient(log_probs, scale))  # of their sum
    copied = None if copied is None else copied[:, :, :S]
    return Saliency(found[:, :S], log_probs, copied)


def row_of(inputs: Any, answer: Any) -> dict[str, Any]:
    """Return a source and its answer as one row (1, N).

    token_ids     [CLS] 春 眠 [SEP] 谁 [SEP] [PAD] 不 觉 [SEP]
    segment_ids     0   0  0   0   0   0     0   1  1   1
    position_ids    0   1  2   3   4   5     6   6  7   8
    overlap         0   0  0   0   0   0     0   0  0   0
    """
    token_ids, answer = map(ops.convert_to_tensor, (inputs["token_ids"], answer))
    blank = ops.zeros_like(answer)
    length = ops.sum(ops.cast(token_ids != 0, "int32"), axis=1, keepdims=True)
    parts = {
        "token_ids": (token_ids, answer),
        "segment_ids": (ops.zeros_like(token_ids), blank + 1),
        "position_ids": (_places(token_ids), length + _places(answer)),
        **{name: (inputs[name], blank) for name in HINTS if name in inputs},
    }
    row = {name: ops.concatenate(both, axis=1) for name, both in parts.items()}
    return {**inputs, **row}  # of the inputs, the kind of answer has no places


def embedded(model: Answerer, row: dict[str, Any], around: Any) -> Any:
    """Return what enters the first block, (1, N, D)."""
    ids = (row[name] for name in ("token_ids", "segment_ids", "position_ids"))
    x = model.unilm.embeddings(*ids, model.unilm.condition_of(row))
    added = model.added(row, around)
    return x if added is None else x + added


def written(model: Answerer, row: dict[str, Any], scale: Any, answer: Any) -> Any:
    """Return the log-probabilities (1, T) of `answer`, and its copies (1, T, N).

    Args:
        model: trained.
        row: of `row_of`.
        scale: (1, N), of what each token gives.
        answer: (1, T).
    """
    unilm, row = model.unilm, model.with_meanings(row)
    around = model.around(row, scale=scale)
    added = (scale[..., None] - 1.0) * embedded(model, row, around)
    states, keys = model.states_and_keys({**row, "vectors": added}, around)
    states = ops.matmul(_stand_before(row, answer), states)  # (1, T, D)
    logits = unilm.logits(states, unilm.condition_of(row))
    targets = ops.one_hot(answer, logits.shape[-1])  # (1, T, V); graphs pick no places
    chances = ops.sum(targets * ops.softmax(logits, axis=-1), axis=-1)  # (1, T)
    copied = None
    if model.copying:
        openness, shares = _shares(model, row, states, keys, answer)
        copied = ops.sigmoid(openness)[..., None] * shares * scale[:, None]
        chances = ops.sigmoid(-openness) * chances + ops.sum(copied, axis=-1)
    return ops.log(ops.maximum(chances, LEAST)), copied


def _shares(model, row, states, keys, answer):
    """Return the logit of g (1, T), and the share of each right place (1, T, N)."""
    T = ops.shape(answer)[1]
    first = ops.shape(row["token_ids"])[1] - T - 1
    places = first + ops.arange(T, dtype="int32")
    scores = model.copying(states, ops.transpose(keys, (0, 2, 1)))  # (1, T, N)
    scores += model.copying.bonus(states, runs_of({**row, "places": places})[None])
    given = ops.logical_and(row["segment_ids"] == 0, row["token_ids"] != 0)
    shares = ops.softmax(ops.where(given[:, None], scores, NEG_INF), axis=-1)
    holds = ops.equal(row["token_ids"][:, None], answer[..., None])
    openness = model.copying.openness(states, ops.matmul(shares, keys))
    return openness, shares * ops.cast(holds, "float32")


def _stand_before(row: dict[str, Any], answer: Any) -> Any:
    """Return where the token before each of `answer` stands, one-hot (1, T, N)."""
    wanted = row["position_ids"][:, -ops.shape(answer)[1] :] - 1  # (1, T)
    known = ops.equal(row["position_ids"][:, None], wanted[..., None])
    return ops.cast(ops.logical_and(known, (row["token_ids"] != 0)[:, None]), "float32")


def _places(token_ids: Any) -> Any:
    return ops.arange(ops.shape(token_ids)[1], dtype="int32")[None]


def write_saliency(model: Answerer, config: ReaderConfig, out: pathlib.Path) -> None:
    """Write the graph of gradients, beside the weights; its inputs have fixed sizes."""
    S, T = longest(config)
    inputs = dict.fromkeys(model.config.inputs(), ((1, S), "int32"))
    kinds = len(model.config.classes())
    inputs |= {"class_ids": ((1, kinds), "int32")} if kinds else {}
    outputs = Saliency._fields if model.config.copy else Saliency._fields[:-1]

    def graph(*given):
        *source, answer = given
        found = saliency(model, dict(zip(inputs, source, strict=True)), answer)
        return found[: len(outputs)]

    signature = {**inputs, "answer": ((1, T), "int32")}
    path = out / f"{SALIENCY}.onnx"
    export_onnx(graph, model, signature, outputs, path, out / WEIGHTS)
    Graph(path, "cpu")  # fail now if ONNX lacks a gradient, not when it is used
