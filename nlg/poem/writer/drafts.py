"""Run the graphs of a writer: a request as arrays -> what is written for it.

    drawn       candidates, each by a noise of its own, of which the best is kept
    searched    by a beam
    by lines    a draw that is longer each time, by the same noise

A word that is read otherwise than the pattern wants is struck, and the poem written
again without it. This file does not know how a request is read.

Shapes: S source tokens, T tokens of a poem, N conditions, M latents of Z units.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nlg.decode.results import COLDEST, IMPOSSIBLE, NO_TOKEN
from nlg.errors import OptionError
from nlg.poem.request import COMMA, LONGEST_WORD, SOURCE_WORDS, PoemRequest
from nlg.poem.writer.wanted import Fixed, drawn, said_of
from nlg.runtime.checkpoint import GUIDED, Checkpoint
from nlg.runtime.graph import batched, filled
from nlg.text.forms import Form
from nlg.text.patterns import misread
from nlg.text.vocab import Vocabulary

if TYPE_CHECKING:
    from nlg.poem.writer.plans import PlanBuilder

BLOCK = 32  # rows a run
REWRITES = 8  # of a poem, until its words are read as its pattern wants
TILE = 4  # rows of a run are a multiple, see `filled`


class PreparedRequest(NamedTuple):
    """A request as arrays."""

    request: PoemRequest
    form: Form
    fixed: Fixed
    source: str
    # token_ids (1, S), class_ids (1, N), latents (M, Z): M is 1 when a graph runs
    conditioned: dict[str, np.ndarray]
    plan_inputs: dict[str, np.ndarray]  # of `nlg.poem.writer.plans`
    words: np.ndarray  # (SOURCE_WORDS, LONGEST_WORD) tokens of the theme's words


class Draft(NamedTuple):
    """What the graph wrote."""

    lines: tuple[str, ...]
    log_prob: float
    noise: np.ndarray | None = None  # (T,) that it was drawn with


class Drafter:
    """Writes what a request asks for; knows the lines of the training poems."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        plans: "PlanBuilder",
        is_known: Callable[[str], bool],
    ):
        """Take the graphs, what makes plans, and what knows a training line."""
        self.checkpoint, self.plans, self.is_known = checkpoint, plans, is_known

    def write(self, asked: PreparedRequest) -> Iterator[Draft]:
        """Return the drafts of the poems of one latent."""
        return self._found(asked) if asked.request.beam else self._drawn(asked)

    def line_by_line(
        self, asked: PreparedRequest, noise: np.ndarray | None = None
    ) -> Iterator[Draft]:
        """Yield what is written so far: a longer draw by the same noise begins alike.

        A line with a word that is read otherwise than its pattern wants is drawn again
        without it; from there on the lines before are fixed, so that they stay.

        Args:
            asked: one poem.
            noise: (T,) that it is drawn with; that of the first candidate by default.
        """
        noise = next(_noises(asked)) if noise is None else noise
        lines: tuple[str, ...] = ()
        struck: set[str] = set()
        for number in range(1, asked.form.lines + 1):
            for _ in range(REWRITES):
                stage = self._without(asked, struck, lines)
                (draft,) = self._draw(stage, [noise], number)
                _refuse_impossible([draft], asked)
                wrong = _struck(draft.lines, asked)
                if wrong <= struck:
                    break
                struck |= wrong
            lines = draft.lines
            yield draft

    def merit(
        self, draft: Draft, asked: PreparedRequest
    ) -> tuple[bool, bool, bool, int, float]:
        """Return what candidates are ranked by.

        Words that are read as the pattern wants come first, then no line of the
        training poems, then words of the theme, then the score.
        """
        possible = draft.log_prob > IMPOSSIBLE
        read = not _struck(draft.lines, asked)
        own = possible and not any(map(self.is_known, draft.lines))
        theme = asked.source if asked.request.theme else ""
        return possible, read, own, said_of(theme, draft.lines), draft.log_prob

    def _drawn(self, asked: PreparedRequest) -> Iterator[Draft]:
        """Yield the best of the candidates for each poem."""
        drafts = (
            draft
            for block in batched(_noises(asked), BLOCK)
            for draft in self._draw(asked, block, asked.form.lines)
        )
        for candidates in batched(drafts, asked.request.candidates):
            _refuse_impossible(candidates, asked)
            best = max(candidates, key=lambda draft: self.merit(draft, asked))
            if _struck(best.lines, asked) and best.noise is not None:
                *_, best = self.line_by_line(asked, best.noise)
            yield best

    def _draw(
        self, asked: PreparedRequest, noises: Sequence[np.ndarray], lines: int
    ) -> list[Draft]:
        """Return the first `lines` lines of a poem for each of `noises`."""
        padded = filled(noises, TILE)
        conditioned = {
            n: np.repeat(x, len(padded), axis=0) for n, x in asked.conditioned.items()
        }
        tokens = sum(asked.form.line_lengths[:lines]) + lines
        out = self._run(
            "model",
            asked._replace(conditioned=conditioned),
            length=np.array(tokens - 1, "int32"),
            noise=np.stack(padded),
            temperature=np.array(max(asked.request.temperature, COLDEST), "float32"),
            top_p=np.array(asked.request.top_p, "float32"),
        )
        written = zip(out["poems"], out["log_probs"], strict=True)
        drafts = (self._draft(*one, asked) for one in written)
        pairs = zip(drafts, noises, strict=False)  # not those that fill the block
        return [draft._replace(noise=noise) for draft, noise in pairs]

    def _found(self, asked: PreparedRequest) -> Iterator[Draft]:
        """Yield the best poems that a search finds, without words that are misread."""
        struck: set[str] = set()
        for _ in range(REWRITES):
            drafts = self._search(self._without(asked, struck))
            wrong = set().union(*(_struck(draft.lines, asked) for draft in drafts))
            if wrong <= struck:
                break
            struck |= wrong
        _refuse_impossible(drafts, asked)
        yield from (draft for draft in drafts if draft.log_prob > IMPOSSIBLE)

    def _search(self, asked: PreparedRequest) -> list[Draft]:
        """Return the first poems of a search."""
        out = self._run(
            "beam",
            asked,
            length=np.array(asked.form.tokens - 1, "int32"),
            beam=np.array(asked.request.beam, "int32"),
        )
        written = zip(out["poems"][0], out["log_probs"][0], strict=True)
        best = itertools.islice(written, asked.request.count)
        return [self._draft(*one, asked) for one in best]

    def _without(
        self, asked: PreparedRequest, struck: set[str], lines: Sequence[str] = ()
    ) -> PreparedRequest:
        """Return `asked` with characters that may stand nowhere but where they must.

        Args:
            asked: as it was prepared.
            struck: the characters; if there are none, `asked` is returned.
            lines: that are written already, and stay.
        """
        if not struck:
            return asked
        fixed = asked.fixed | _places_of(lines)
        inputs = self.plans.arrays(asked.form, fixed, asked.request)
        ids = self.checkpoint.vocabulary.encode("".join(sorted(struck)))
        inputs["kinds"][: len(self.plans.kinds), ids] = 0
        return asked._replace(plan_inputs=inputs)

    def _run(
        self, name: str, asked: PreparedRequest, **given: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Return what the graph `name` writes, with guidance if there is any."""
        request, weight = asked.request, asked.request.theme_weight
        conditions = request.period, request.sentiment, request.author
        if any(conditions) and request.guidance != 1:
            name = f"{name}{GUIDED}"
            given["guidance"] = np.array(request.guidance, "float32")
        return self.checkpoint.graph(name)(
            **asked.conditioned,
            **asked.plan_inputs,
            words=asked.words,
            begin=_gains(asked.form, weight),
            go_on=np.array(weight, "float32"),
            **given,
        )

    def _draft(
        self, token_ids: np.ndarray, log_prob: float, asked: PreparedRequest
    ) -> Draft:
        """Return what was written, without its marks."""
        text = self.checkpoint.vocabulary.decode(token_ids.tolist())
        return Draft(asked.form.split_marked(text), float(log_prob))


def _noises(asked: PreparedRequest) -> Iterator[np.ndarray]:
    """Yield the noise (T,) of every candidate for every poem."""
    request = asked.request
    for number in range(request.count):
        for candidate in range(request.candidates):
            rng = np.random.default_rng([request.seed, number, candidate])
            yield rng.random(asked.form.tokens, "float32")


def _gains(form: Form, weight: float) -> np.ndarray:
    """Return the gain (T,) of a word that begins at a place, in nats; mean `weight`.

    It grows from nothing, or every poem would begin with its theme.
    """
    return np.linspace(0, 2 * weight, form.tokens, dtype="float32")


def _places_of(lines: Sequence[str]) -> Fixed:
    """Return where the characters of `lines` stand."""
    return {
        (line, column): character
        for line, text in enumerate(lines)
        for column, character in enumerate(text)
    }


def _struck(lines: Sequence[str], asked: PreparedRequest) -> set[str]:
    """Return the characters that words of a poem cannot keep as they are read.

    Of a word whose character must stand there, the other one.
    """
    if not asked.request.rules:
        return set()
    kept = set(asked.fixed.values())
    return {
        word.beside if word.character in kept else word.character
        for word in misread(lines, asked.form)
    }


def _refuse_impossible(drafts: Sequence[Draft], asked: PreparedRequest) -> None:
    """Stop if none of `drafts` keeps what was asked."""
    if all(draft.log_prob < IMPOSSIBLE for draft in drafts):
        fixed = drawn(asked.fixed, asked.form) or asked.request.rhyme
        raise OptionError(
            f"no {asked.form.name} was found that keeps {fixed or 'all rules'}; change "
            "a character, or let tones and rhyme go (--free)"
        )


def words_of(theme: str, vocabulary: Vocabulary) -> np.ndarray:
    """Return the words of a theme, without those that the model cannot write."""
    words = np.full((SOURCE_WORDS, LONGEST_WORD), NO_TOKEN, "int32")
    for row, word in zip(words, theme.split(COMMA), strict=False):
        known = all(character in vocabulary for character in word)
        if known and len(word) <= LONGEST_WORD:
            row[: len(word)] = vocabulary.encode(word)
    return words
