"""Samples made into rows with something to predict: the three objectives of UniLM.

    bidirectional   [CLS] 床 [MASK] 明 月 光 [SEP]
                    the masked words; both sides are seen
    lm              [CLS] 床 前 明 月 光 [SEP]
                    each token, from those before it
    seq2seq         [CLS] 床 [MASK] 明 月 光 [SEP] 疑 是 地 上 霜 [SEP]
                    the second part, from the first; and the masked words of the first

Of the bidirectional samples a share hides spans that stand twice instead of any words
(`nlg.pretrain.recurring`).

arXiv:1905.03197. The state of a [MASK] predicts the token it stands for, any other
state the next token. A row is packed from several samples (`nlg.text.packing`).

Shapes: B rows, T tokens, P predictions.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nlg.pretrain.corpus import Corpus
from nlg.pretrain.recurring import recurring_spans
from nlg.text.packing import fill_up
from nlg.text.vocab import CLS_ID, MASK_ID, SEP_ID, SPECIAL

OBJECTIVES = ("bidirectional", "lm", "seq2seq")
EXTRA = 3  # [CLS] and two [SEP]
PREDICTIONS_MULTIPLE = 256  # P is one of few sizes, so that compiling is rare


class Piece(NamedTuple):
    """One sample as the model reads it, and what it must predict; all (T',)."""

    token_ids: np.ndarray
    segment_ids: np.ndarray
    generated: np.ndarray
    targets: np.ndarray  # -1 where nothing is predicted


class Objectives:
    """Turn samples into batches.

    Args:
        corpus: the samples.
        shares: of bidirectional and of lm; seq2seq is the rest.
        mask_share: of the tokens seen from both sides.
        vocab_size: random tokens are drawn from it.
        recurring_share: of the bidirectional samples that hide what recurs.
        is_text: (vocab_size,) bool, see `recurring_spans`; by default of all tokens.
    """

    def __init__(
        self,
        corpus: Corpus,
        shares: tuple[float, float],
        mask_share: float,
        vocab_size: int,
        recurring_share: float = 0.0,
        is_text: np.ndarray | None = None,
    ):
        self.corpus = corpus
        self.shares = (*shares, 1.0 - sum(shares))
        self.mask_share = mask_share
        self.vocab_size = vocab_size
        self.recurring_share = recurring_share
        self.is_text = np.ones(vocab_size, bool) if is_text is None else is_text

    def batch(
        self, rows: Sequence[Sequence[int]], row_tokens: int, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """Return the model's input for packed `rows` of samples.

        Returns:
            token_ids, segment_ids, sample_ids, position_ids, generated: (B, T) int32.
            places (P,) int32: of each prediction in the B * T states.
            targets (P,) int32; objective (P,) int32: number in `OBJECTIVES`.
            weights (P,) float32: 1, or 0 where P was filled up.
        """
        B = len(rows)
        names = ("token_ids", "segment_ids", "sample_ids", "position_ids", "generated")
        batch = {name: np.zeros((B, row_tokens), "int32") for name in names}
        targets = np.full((B, row_tokens), -1, "int32")
        objective = np.zeros((B, row_tokens), "int32")
        for b, samples in enumerate(rows):
            start = 0
            for number, sample in enumerate(samples, 1):
                kind = int(rng.choice(len(OBJECTIVES), p=self.shares))
                piece = self.piece(sample, OBJECTIVES[kind], rng)
                here = slice(start, start + len(piece.token_ids))
                batch["token_ids"][b, here] = piece.token_ids
                batch["segment_ids"][b, here] = piece.segment_ids
                batch["sample_ids"][b, here] = number
                batch["position_ids"][b, here] = np.arange(len(piece.token_ids))
                batch["generated"][b, here] = piece.generated
                targets[b, here], objective[b, here] = piece.targets, kind
                start = here.stop
        return batch | _predictions(targets.ravel(), objective.ravel())

    def piece(self, sample: int, objective: str, rng: np.random.Generator) -> Piece:
        """Return one sample under `objective`."""
        start, stop = self.corpus.starts[sample : sample + 2]
        ids = self.corpus.token_ids[start:stop].astype("int32")
        words = self.corpus.word_starts[start:stop]
        if objective == "lm":
            return _written(np.r_[CLS_ID, ids, SEP_ID], 1, segment=0)
        if objective == "bidirectional":
            return self._masked(ids, self._hidden_once(ids, words, rng), rng)
        cut = _cut(self.corpus.sentence_ends[start:stop], rng)
        source = self._masked(ids[:cut], self._hidden(words[:cut], rng), rng)
        return _joined(source, ids[cut:]) if cut < len(ids) else source

    def _hidden_once(
        self, ids: np.ndarray, words: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return which tokens to hide: of spans that stand twice, or of any words."""
        if self.recurring_share and rng.random() < self.recurring_share:
            hidden = np.zeros(len(ids), bool)
            for start, end in rng.permutation(
                recurring_spans(ids, words, self.is_text[ids])
            ).tolist():
                hidden[start:end] = True
                if hidden.sum() >= self.mask_share * len(ids):
                    break
            if hidden.any():
                return hidden
        return self._hidden(words, rng)

    def _hidden(self, words: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return which tokens to hide (n,): a share of the words, one at least."""
        word = np.cumsum(words)  # (n,)
        hidden = (rng.random(word[-1] + 1) < self.mask_share)[word]
        if not hidden.any():  # a short sample; it must teach something
            hidden = word == rng.choice(word)
        return hidden

    def _masked(
        self, ids: np.ndarray, hidden: np.ndarray, rng: np.random.Generator
    ) -> Piece:
        """Hide tokens: 80 % of them become [MASK], 10 % a random one."""
        dice = rng.random(len(ids))
        shown = np.where(hidden & (dice < 0.8), MASK_ID, ids)
        drawn = rng.integers(len(SPECIAL), self.vocab_size, len(ids))
        shown = np.where(hidden & (dice > 0.9), drawn, shown)
        token_ids = np.r_[CLS_ID, shown, SEP_ID]
        zeros = np.zeros_like(token_ids)
        targets = np.r_[-1, np.where(hidden, ids, -1), -1]
        return Piece(token_ids, zeros, zeros, targets)


def _written(token_ids: np.ndarray, generated: int, segment: int) -> Piece:
    """Return tokens that each predict the next; the last predicts nothing."""
    ones = np.ones_like(token_ids)
    return Piece(token_ids, segment * ones, generated * ones, np.r_[token_ids[1:], -1])


def _joined(source: Piece, target: np.ndarray) -> Piece:
    """Return `source` and the target that it must bring forth, to the last [SEP]."""
    written = _written(np.r_[target, SEP_ID], 1, segment=1)
    source.targets[-1] = target[0]  # the source's [SEP] predicts the first token
    return Piece(*(np.concatenate(pair) for pair in zip(source, written, strict=True)))


def _cut(sentence_ends: np.ndarray, rng: np.random.Generator) -> int:
    """Return where the target begins: after a sentence, or anywhere if there is one."""
    ends = np.flatnonzero(sentence_ends[:-1]) + 1
    if len(ends):
        return int(rng.choice(ends))
    return int(rng.integers(1, len(sentence_ends))) if len(sentence_ends) > 1 else 1


def _predictions(targets: np.ndarray, objective: np.ndarray) -> dict[str, np.ndarray]:
    """Return the places that predict something, filled up to a round number."""
    places = np.flatnonzero(targets >= 0)
    padded = fill_up(places.astype("int32"), PREDICTIONS_MULTIPLE)
    weights = (np.arange(len(padded)) < len(places)).astype("float32")
    return {
        "places": padded,
        "targets": np.maximum(targets[padded], 0),
        "objective": objective[padded],
        "weights": weights,
    }
