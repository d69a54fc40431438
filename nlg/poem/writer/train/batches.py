"""Poems as arrays for the writer, and the batches that it is trained on.

    source    [CLS]秋夕[SEP]         a title; or [CLS]明月、故人[SEP], words of it;
                                     or [CLS][SEP]
    target    银烛秋光…，…。[SEP]     its lines, with the marks that the form has

The marks are written too, but not charged: in a form they are certain. Which sources a
batch has, which words, and which conditions a poem comes with, is drawn from the seed
and the step alone.

Shapes: N poems of a form, T tokens of one with its marks, B rows, L tokens of a row, P
predictions, Z latent units.
"""

import collections
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nlg.errors import DataError
from nlg.poem.request import COMMA, LONGEST_TITLE, SOURCE_WORDS
from nlg.poem.writer.conditions import Conditions
from nlg.poem.writer.train.options import WriterTraining
from nlg.text.forms import FORMS, Form, verse
from nlg.text.packing import round_up
from nlg.text.poem_records import Poem
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import CLS_ID, PAD_ID, SEP_ID
from nlg.text.words import cut_words
from nlg.training.batches import Schedule

MOST_WORDS = 16  # that are kept of a poem
TILE = 8  # rows are padded to a multiple


class Encoded(NamedTuple):
    """Poems of one form."""

    poems: np.ndarray  # (N, T) uint16, with marks
    titles: np.ndarray  # (N, LONGEST_TITLE) uint16, PAD_ID after the end
    words: np.ndarray  # (N, MOST_WORDS, 2) uint8: where a word starts, and its length
    told: np.ndarray  # (N, 4) uint16, of `nlg.poem.writer.conditions`; a run's folder
    # has it under this name
    latents: np.ndarray  # (N, Z) float16


def marks_of(form: Form) -> np.ndarray:
    """Return which tokens of a poem are marks, bool (T,)."""
    places = np.arange(form.lines * (form.columns + 1))
    return places % (form.columns + 1) == form.columns


def encode(
    poems: Iterable[Poem],
    tokenizer: Tokenizer,
    conditions: Conditions,
    sentiments: Mapping[str, int],
) -> dict[str, Encoded]:
    """Return poems by form, the latents still empty.

    Args:
        poems: those with a character that the tokenizer does not know are kept: it is
            unknown there too.
        tokenizer: of the backbone.
        conditions: the classes that there are.
        sentiments: by `verse`, the class of each poem that has one.

    Raises:
        DataError: there is no poem.
    """
    ids = tokenizer.vocabulary.encode
    rows: dict[str, list] = collections.defaultdict(list)
    for poem in poems:
        text = verse(poem.lines)
        title = np.zeros(LONGEST_TITLE, "uint16")
        known = ids(poem.title[:LONGEST_TITLE])
        title[: len(known)] = known
        condition_ids = conditions.of(poem, sentiments.get(text, 0))
        rows[poem.form].append((ids(text), title, _words(poem.lines), condition_ids))
    if not rows:
        raise DataError("no poem to train on")
    found = {}
    for form in (form for form in FORMS if form in rows):
        texts, titles, words, every_id = zip(*rows[form], strict=True)
        found[form] = Encoded(
            np.array(texts, "uint16"),
            np.array(titles, "uint16"),
            np.array(words, "uint8"),
            np.array(every_id, "uint16"),
            np.zeros((len(texts), 0), "float16"),
        )
    return found


class Batches:
    """Rows of one form each: a pure function of the seed and the step."""

    def __init__(
        self,
        encoded: Mapping[str, Encoded],
        tokenizer: Tokenizer,
        options: WriterTraining,
    ):
        self.encoded, self.options = encoded, options
        self.comma = tokenizer.vocabulary.encode(COMMA)
        sizes = {
            name: max(1, options.batch_tokens // (poems_of_form.poems.shape[1] + TILE))
            for name, poems_of_form in encoded.items()
        }
        counts = {
            name: len(poems_of_form.poems) for name, poems_of_form in encoded.items()
        }
        self.schedule = Schedule(counts, sizes, options.seed)

    def at(self, step: int) -> dict[str, np.ndarray]:
        """Return the inputs of `step`, see `inputs`."""
        form, rows = self.schedule.at(step)
        rng = np.random.default_rng([self.options.seed, step])
        kind = rng.random()
        options, poems_of_form = self.options, self.encoded[form]
        sources: list[list[int]] = [[]] * len(rows)
        if kind < options.titles:
            sources = [title_of(poems_of_form, row) for row in rows]
        elif kind < options.titles + options.words:
            count = int(rng.integers(1, SOURCE_WORDS + 1))
            sources = [self.words_of(poems_of_form, row, count, rng) for row in rows]
        shares = (options.tell_form, *[options.tell_class] * 2, options.tell_author)
        conditioned = poems_of_form.told[rows] * (rng.random((len(rows), 4)) < shares)
        latents = poems_of_form.latents[rows].astype("float32")
        latents *= rng.random((len(rows), 1)) < options.tell_latent
        return inputs(form, sources, poems_of_form.poems[rows], conditioned, latents)

    def words_of(
        self, poems_of_form: Encoded, row: int, count: int, rng: np.random.Generator
    ) -> list[int]:
        """Return `count` words of a poem, or as many as it has, in any order."""
        spans = poems_of_form.words[row]
        spans = rng.permutation(spans[spans[:, 1] > 0])[:count].astype(int)
        words = [poems_of_form.poems[row, a : a + n].tolist() for a, n in spans]
        return [token for word in words for token in (*self.comma, *word)][1:]


def inputs(
    form: str,
    sources: Sequence[Sequence[int]],
    poems: np.ndarray,
    conditioned: np.ndarray,
    latents: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return the arrays of rows of one form.

    Returns:
        token_ids, segment_ids (B, L) int32.
        places (P,) int32: of each prediction in the B * L states; P is B times the
            form's characters.
        targets (P,) int32.
        class_ids (B, 4) int32.
        latents (B, Z) float32; zeros are no condition.
    """
    T = poems.shape[1]
    lengths = np.array([len(source) + 2 for source in sources])  # [CLS], [SEP]
    L = round_up(int(lengths.max()) + T + 1, TILE)
    token_ids = np.full((len(poems), L), PAD_ID, "int32")
    segment_ids = np.zeros_like(token_ids)
    for row, (source, poem, length) in enumerate(
        zip(sources, poems, lengths, strict=True)
    ):
        token_ids[row, : length + T + 1] = [CLS_ID, *source, SEP_ID, *poem, SEP_ID]
        segment_ids[row, length : length + T + 1] = 1
    charged = np.flatnonzero(~marks_of(FORMS[form]))  # of the T tokens
    rows = np.arange(len(poems))[:, None] * L
    places = rows + lengths[:, None] - 1 + charged
    return {
        "token_ids": token_ids,
        "segment_ids": segment_ids,
        "places": places.reshape(-1).astype("int32"),
        "targets": poems[:, charged].reshape(-1).astype("int32"),
        "class_ids": conditioned.astype("int32"),
        "latents": latents,
    }


def title_of(poems_of_form: Encoded, row: int) -> list[int]:
    """Return the tokens of a poem's title."""
    title = poems_of_form.titles[row]
    return title[title != PAD_ID].tolist()


def _words(lines: Sequence[str]) -> np.ndarray:
    """Return where a poem has its first words of two characters or more."""
    found = np.zeros((MOST_WORDS, 2), "uint8")
    count = place = 0
    for line in lines:
        for word in cut_words(line):
            if len(word) > 1 and count < MOST_WORDS:
                found[count] = place, len(word)
                count += 1
            place += len(word)
        place += 1  # the mark
    return found
