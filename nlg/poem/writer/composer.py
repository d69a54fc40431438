"""Write poems on demand with a trained writer; NumPy and ONNX Runtime, no Keras.

    Composer().write(theme="秋思", form="七绝", count=3)

A poem depends on its request, its seed and its number alone, not on how many are asked
for. Drawn line by line (`stream`) it is the same poem as drawn at once. A composer may
write in several threads at once.

Shapes: B rows, S source tokens, T tokens of a poem, L written ones, Z latent units.
"""

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nlg.config import apply_values
from nlg.decode.results import (
    COLDEST,
    IMPOSSIBLE,
    NO_TOKEN,
    batched,
    filled,
    refuse_repeats,
)
from nlg.errors import CheckpointError, OptionError
from nlg.metrics.originality import KnownLines
from nlg.poem.known import Originality, known_lines
from nlg.poem.vae.latents import as_array
from nlg.poem.writer.conditions import AUTHORS, Conditions
from nlg.poem.writer.plans import PlanBuilder, group_named
from nlg.poem.writer.request import COMMA, LONGEST_WORD, SOURCE_WORDS, PoemRequest
from nlg.poem.writer.wanted import (
    Fixed,
    drawn,
    fixed_of,
    form_wanted,
    said_of,
    source_of,
)
from nlg.runtime import Source, opened
from nlg.runtime.checkpoint import GUIDED, WEIGHTS, digest
from nlg.text import prosody
from nlg.text.forms import Form
from nlg.text.normalize import to_traditional
from nlg.text.patterns import misread
from nlg.text.vocab import CLS_ID, SEP_ID

if TYPE_CHECKING:
    from nlg.poem.vae.poet import Poet

TASK = "poem-writer"
BLOCK = 32  # rows a run
REWRITES = 8  # of a poem, until its words are read as its pattern wants
TILE = 4  # rows of a run are a multiple, see `filled`


@dataclasses.dataclass(frozen=True)
class ComposerConfig:
    """The facts of a writer's checkpoint."""

    latent_units: int
    vae: str = ""  # sha256 of the weights of the VAE whose latents it knows


class ComposedPoem(NamedTuple):
    """A poem written on demand and what is known of it."""

    form: str
    lines: tuple[str, ...]
    rhyme: str  # group of 平水韵, "" if the rhyme fails
    pattern: str  # standard tone pattern, "" if none is kept
    tones: tuple[str, ...]  # 平 仄, 多 for both, a string a line
    score: float  # mean log-probability of a character, boosted and guided, in nats
    originality: Originality
    source: str  # what was read: a title, or words of the theme
    seed: int

    def traditional(self) -> "ComposedPoem":
        """Return the poem with its lines in traditional characters."""
        return self._replace(lines=tuple(map(to_traditional, self.lines)))

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return self._asdict() | {"originality": self.originality._asdict()}


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


class Composer:
    """Writes poems on demand."""

    def __init__(self, checkpoint: Source = None, device: str = "cpu"):
        """Open a folder that `nlg train poem` wrote, by default the shipped one."""
        self.checkpoint = opened(checkpoint, TASK, "poem/unilm", device)
        self.vocabulary = self.checkpoint.vocabulary
        self.plans = PlanBuilder(self.vocabulary)
        self.conditions = Conditions.load(self.checkpoint.path(AUTHORS))
        self.config = self.checkpoint.config.facts_as(ComposerConfig)
        self.latent_units = self.config.latent_units

    @classmethod
    def from_checkpoint(cls, path: Source = None, device: str = "cpu") -> "Composer":
        """Return the same as `Composer(path, device)`."""
        return cls(path, device)

    @functools.cached_property
    def training_lines(self) -> KnownLines:
        """Return the lines of the training poems."""
        return known_lines(self.checkpoint)

    @functools.cached_property
    def poet(self) -> "Poet":
        """Return the shipped VAE, which encodes the poem of `PoemRequest.like`.

        Raises:
            CheckpointError: this writer was trained with the latents of another one.
        """
        from nlg.poem.vae.poet import Poet

        poet = Poet.from_checkpoint(None, self.checkpoint.device)
        if self.config.vae != digest(poet.checkpoint.path(WEIGHTS)):
            raise CheckpointError(
                f"{self.checkpoint.folder} was trained with the latents of another "
                f"model than {poet.checkpoint.folder}; train it again to use --like"
            )
        return poet

    def write(
        self, request: PoemRequest | None = None, /, **changes: Any
    ) -> Iterator[ComposedPoem]:
        """Yield the poems that are asked for, `request.count` for each latent.

        Args:
            request: what is asked for.
            **changes: other values for fields of the request.

        Raises:
            OptionError: values contradict each other or are impossible; nothing has
                been written then.

        Example:
            >>> (poem,) = Composer().write(acrostic="春夏秋冬", form="五绝")
            >>> [line[0] for line in poem.lines]
            ['春', '夏', '秋', '冬']
        """
        request = apply_values(request or PoemRequest(), changes, "write()")
        if not request.beam:
            refuse_repeats(request.count, request.temperature, "poem")
        parts = _by_latent(self.prepare(request))
        return itertools.chain.from_iterable(map(self._write, parts))

    def stream(
        self, request: PoemRequest | None = None, /, **changes: Any
    ) -> Iterator[ComposedPoem]:
        """Yield the first poem that `write` draws of one candidate, a line at a time.

        Each is what is written so far, the last the whole poem.
        """
        request = apply_values(request or PoemRequest(), changes, "stream()")
        return self._stream(next(_by_latent(self.prepare(request))))

    def prepare(self, request: PoemRequest) -> PreparedRequest:
        """Return a request as arrays; refuse what is impossible."""
        request, latents = self._with_latents(request)
        request = dataclasses.replace(request, rhyme=group_named(request.rhyme))
        form = form_wanted(request)
        fixed, source = fixed_of(request, form), source_of(request)
        classes = self.conditions.ids_of(
            form=form.name,
            period=request.period,
            sentiment=request.sentiment,
            author=request.author,
        )
        token_ids = [CLS_ID, *self.vocabulary.encode(source), SEP_ID]
        conditioned = {
            "token_ids": np.array([token_ids], "int32"),
            "class_ids": np.array([classes], "int32"),
            "latents": latents,
        }
        plan_inputs = self.plans.arrays(form, fixed, request)
        words = self._words(source if request.theme else "")
        return PreparedRequest(
            request, form, fixed, source, conditioned, plan_inputs, words
        )

    def _with_latents(self, request: PoemRequest) -> tuple[PoemRequest, np.ndarray]:
        """Return the latents (M, Z) of a request, and it in the form of a poem `like`.

        Raises:
            OptionError: `like` is no poem.
            DataError: the latents have another length than the model's.
        """
        if request.like:
            from nlg.poem.vae.poet import parse_poem

            form, lines = parse_poem(request.like)
            latent = self.poet.encode(lines)
            return dataclasses.replace(request, form=request.form or form.name), latent[
                None
            ]
        if request.latents is None:
            return request, np.zeros((1, self.latent_units), "float32")
        return request, as_array(request.latents, self.latent_units)

    def _write(self, asked: PreparedRequest) -> Iterator[ComposedPoem]:
        """Yield the poems of one latent."""
        drafts = self._found(asked) if asked.request.beam else self._drawn(asked)
        return (self._describe(draft, asked) for draft in drafts)

    def _stream(self, asked: PreparedRequest) -> Iterator[ComposedPoem]:
        """Yield a poem line by line."""
        for draft in self._line_by_line(asked, next(_noises(asked))):
            yield self._describe(draft, asked)

    def _line_by_line(
        self, asked: PreparedRequest, noise: np.ndarray
    ) -> Iterator[Draft]:
        """Yield what is written so far: a longer draw by the same noise begins alike.

        A line with a word that is read otherwise than its pattern wants is drawn again
        without it; from there on the lines before are fixed, so that they stay.
        """
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
        ids = self.vocabulary.encode("".join(sorted(struck)))
        inputs["kinds"][: len(self.plans.kinds), ids] = 0
        return asked._replace(plan_inputs=inputs)

    def _words(self, theme: str) -> np.ndarray:
        """Return the words of a theme, without those that the model cannot write."""
        words = np.full((SOURCE_WORDS, LONGEST_WORD), NO_TOKEN, "int32")
        for row, word in zip(words, theme.split(COMMA), strict=False):
            known = all(character in self.vocabulary for character in word)
            if known and len(word) <= LONGEST_WORD:
                row[: len(word)] = self.vocabulary.encode(word)
        return words

    def _drawn(self, asked: PreparedRequest) -> Iterator[Draft]:
        """Yield the best of the candidates for each poem."""
        drafts = (
            draft
            for block in batched(_noises(asked), BLOCK)
            for draft in self._draw(asked, block, asked.form.lines)
        )
        for candidates in batched(drafts, asked.request.candidates):
            _refuse_impossible(candidates, asked)
            best = max(candidates, key=lambda draft: self._merit(draft, asked))
            if _struck(best.lines, asked) and best.noise is not None:
                *_, best = self._line_by_line(asked, best.noise)
            yield best

    def _merit(
        self, draft: Draft, asked: PreparedRequest
    ) -> tuple[bool, bool, bool, int, float]:
        """Return what candidates are ranked by.

        Words that are read as the pattern wants come first, then no line of the
        training poems, then words of the theme, then the score.
        """
        possible = draft.log_prob > IMPOSSIBLE
        read = not _struck(draft.lines, asked)
        own = possible and not any(line in self.training_lines for line in draft.lines)
        theme = asked.source if asked.request.theme else ""
        return possible, read, own, said_of(theme, draft.lines), draft.log_prob

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
        text = self.vocabulary.decode(token_ids.tolist())
        return Draft(asked.form.split_marked(text), float(log_prob))

    def _describe(self, draft: Draft, asked: PreparedRequest) -> ComposedPoem:
        """Return all that is known of a written poem."""
        verdict = prosody.check(draft.lines)
        return ComposedPoem(
            form=asked.form.name,
            lines=draft.lines,
            rhyme=verdict.rhyme,
            pattern=verdict.pattern,
            tones=verdict.tones,
            score=round(draft.log_prob / len("".join(draft.lines)), 4),
            originality=Originality.of(draft.lines, self.training_lines),
            source=asked.source,
            seed=asked.request.seed,
        )


def _by_latent(asked: PreparedRequest) -> Iterator[PreparedRequest]:
    """Yield `asked` with each of its latents (M, Z) alone."""
    for latent in asked.conditioned["latents"]:
        yield asked._replace(conditioned=asked.conditioned | {"latents": latent[None]})


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
