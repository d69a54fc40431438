"""Write poems on demand with a trained writer; NumPy and ONNX Runtime, no Keras.

    Composer.from_checkpoint(folder).write(Wish(theme="秋思", form="七绝"), count=3)

A poem depends on its wish, its options, its seed and its number alone, not on how many
are asked for. Drawn line by line (`stream`) it is the same poem as drawn at once.

Shapes: B rows, S source tokens, T tokens of a poem, L written ones, Z latent units.
"""

import dataclasses
import functools
import itertools
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from nlg.decode.results import COLDEST, IMPOSSIBLE, NO_TOKEN, batched
from nlg.errors import OptionError
from nlg.metrics.originality import KnownLines
from nlg.poem.conditions import AUTHORS, Conditions
from nlg.poem.known import known_lines
from nlg.poem.page import Pages, group_named
from nlg.poem.wishes import (
    COMMA,
    LONGEST_WORD,
    SOURCE_WORDS,
    Fixed,
    Wish,
    drawn,
    fixed_of,
    form_wanted,
    said_of,
    source_of,
)
from nlg.runtime import Checkpoint, open_checkpoint
from nlg.runtime.checkpoint import GUIDED
from nlg.text import prosody
from nlg.text.forms import Form, cut
from nlg.text.patterns import misread
from nlg.text.vocab import CLS_ID, SEP_ID

TASK = "poem-writer"
BEAMS = 8
BLOCK = 32  # rows a run
REWRITES = 8  # of a poem, until its words are read as its pattern wants
TILE = 4  # a run's rows are padded to a multiple: a product may round by its edge


@dataclasses.dataclass(frozen=True)
class ComposeOptions:
    """How to write."""

    beam: int = 0  # beams of a search; 0 draws
    temperature: float = 0.8  # of what is drawn; 0 takes the most probable
    top_p: float = 0.95  # share of the probability that is drawn from
    candidates: int = 4  # poems drawn for each one kept
    theme_weight: float = 4.0  # nats that a character of the theme's words gains
    guidance: float = 2.5  # of period, sentiment and author; 1 as they were learnt

    def __post_init__(self):
        """Refuse what cannot be written."""
        bounds = {
            "beam": (0, BEAMS),
            "temperature": (0, 10),
            "top_p": (1e-6, 1),
            "candidates": (1, 10_000),
            "theme_weight": (0, 20),
            "guidance": (0, 20),
        }
        for name, (least, most) in bounds.items():
            if not least <= getattr(self, name) <= most:
                raise OptionError(
                    f"{name} is {getattr(self, name)}; it must be between {least} and "
                    f"{most}"
                )


class Composed(NamedTuple):
    """A written poem and what is known of it."""

    form: str
    lines: tuple[str, ...]
    rhyme: str  # group of 平水韵, "" if the rhyme fails
    pattern: str  # standard tone pattern, "" if none is kept
    tones: tuple[str, ...]  # 平 仄, 多 for both, a string a line
    score: float  # mean log-probability of a character, led as it was, in nats
    originality: dict[str, Any]  # lines found in training, longest shared run
    source: str  # what was read: a title, or words of the theme


class Asked(NamedTuple):
    """A wish as arrays."""

    wish: Wish
    form: Form
    fixed: Fixed
    source: str
    told: dict[str, np.ndarray]  # token_ids (1, S), class_ids (1, N), latents (1, Z)
    page: dict[str, np.ndarray]  # see `nlg.poem.page`
    words: np.ndarray  # (SOURCE_WORDS, LONGEST_WORD) tokens of the theme's words


class Row(NamedTuple):
    """What the graph wrote."""

    lines: tuple[str, ...]
    log_prob: float
    noise: np.ndarray | None = None  # (T,) that it was drawn with


class Composer:
    """Writes what is wished for."""

    def __init__(self, checkpoint: Checkpoint):
        self.checkpoint = checkpoint
        self.vocabulary = checkpoint.vocabulary
        self.pages = Pages(checkpoint.vocabulary)
        self.conditions = Conditions.load(checkpoint.path(AUTHORS))
        self.latent_units: int = checkpoint.config["latent_units"]

    @classmethod
    def from_checkpoint(cls, folder: pathlib.Path, device: str = "cpu") -> "Composer":
        """Open the folder that `nlg train poem` wrote."""
        return cls(open_checkpoint(folder, TASK, device=device))

    @functools.cached_property
    def known(self) -> KnownLines:
        """Return what the training poems contain."""
        return known_lines(self.checkpoint)

    def write(
        self,
        wish: Wish,
        count: int = 1,
        seed: int = 1,
        options: ComposeOptions = ComposeOptions(),
        latent: np.ndarray | None = None,
    ) -> Iterator[Composed]:
        """Yield `count` poems; a search has as many as it has beams.

        Args:
            wish: what is asked for.
            count: how many.
            seed: of what is drawn.
            options: how to write.
            latent: (Z,) of the VAE that the writer was trained with.

        Raises:
            OptionError: what is asked for contradicts itself, is unknown or cannot be.
        """
        asked = self.ask(wish, latent)
        if options.beam and count > options.beam:
            raise OptionError(
                f"{count} poems of {options.beam} beams; search with more, or draw"
            )
        poems = (
            self._found(asked, count, options)
            if options.beam
            else self._drawn(asked, count, seed, options)
        )
        return (self._describe(row, asked) for row in poems)

    def stream(
        self,
        wish: Wish,
        seed: int = 1,
        options: ComposeOptions = ComposeOptions(),
        latent: np.ndarray | None = None,
    ) -> Iterator[Composed]:
        """Yield the first poem that `write` draws of one candidate, a line at a time.

        Each is what stands so far, the last the whole poem. A line is drawn with those
        before it held fast, by the same noise as at once. Where words of a theme are
        favoured the score differs: characters held fast were not to be favoured.
        """
        asked = self.ask(wish, latent)
        (noise,) = _noises(seed, 1, 1, asked.form)
        for row in self._line_by_line(asked, noise, options):
            yield self._describe(row, asked)

    def _line_by_line(
        self, asked: Asked, noise: np.ndarray, options: ComposeOptions
    ) -> Iterator[Row]:
        """Yield what stands so far, a line at a time.

        A line with a word that is read otherwise than its pattern wants is drawn again
        without it.
        """
        lines: tuple[str, ...] = ()
        struck: set[str] = set()
        for number in range(1, asked.form.lines + 1):
            fixed = asked.fixed | _places_of(lines)
            page = self.pages.arrays(asked.form, fixed, asked.wish)
            for _ in range(REWRITES):
                stage = self._without(asked._replace(page=page), struck)
                (row,) = self._draw(stage, [noise], options, number)
                _refuse_impossible([row], asked)
                wrong = _struck(row.lines, asked)
                if wrong <= struck:
                    break
                struck |= wrong
            lines = row.lines
            yield row

    def _without(self, asked: Asked, struck: set[str]) -> Asked:
        """Return `asked` with characters that may stand nowhere but where they must."""
        kinds = asked.page["kinds"].copy()
        ids = self.vocabulary.encode("".join(sorted(struck)))
        kinds[: len(self.pages.kinds), ids] = 0
        return asked._replace(page=asked.page | {"kinds": kinds})

    def ask(self, wish: Wish, latent: np.ndarray | None = None) -> Asked:
        """Return what `wish` asks of the graph; refuse what it cannot."""
        wish = dataclasses.replace(wish, rhyme=group_named(wish.rhyme))
        form = form_wanted(wish)
        fixed, source = fixed_of(wish, form), source_of(wish)
        classes = self.conditions.told(
            form=form.name,
            period=wish.period,
            sentiment=wish.sentiment,
            author=wish.author,
        )
        if latent is None:
            latent = np.zeros(self.latent_units)
        token_ids = [CLS_ID, *self.vocabulary.encode(source), SEP_ID]
        told = {
            "token_ids": np.array([token_ids], "int32"),
            "class_ids": np.array([classes], "int32"),
            "latents": np.array([latent], "float32"),
        }
        page = self.pages.arrays(form, fixed, wish)
        words = self._words(source if wish.theme else "")
        return Asked(wish, form, fixed, source, told, page, words)

    def _words(self, theme: str) -> np.ndarray:
        """Return the words that the poem is to hold, but for those it cannot write."""
        words = np.full((SOURCE_WORDS, LONGEST_WORD), NO_TOKEN, "int32")
        for row, word in zip(words, theme.split(COMMA), strict=False):
            known = all(character in self.vocabulary for character in word)
            if known and len(word) <= LONGEST_WORD:
                row[: len(word)] = self.vocabulary.encode(word)
        return words

    def _drawn(
        self, asked: Asked, count: int, seed: int, options: ComposeOptions
    ) -> Iterator[Row]:
        """Yield the best of the candidates for each poem."""
        noises = _noises(seed, count, options.candidates, asked.form)
        rows = (
            row
            for block in batched(noises, BLOCK)
            for row in self._draw(asked, block, options, asked.form.lines)
        )
        for candidates in batched(rows, options.candidates):
            _refuse_impossible(candidates, asked)
            best = max(candidates, key=lambda row: self._merit(row, asked))
            if _struck(best.lines, asked) and best.noise is not None:
                *_, best = self._line_by_line(asked, best.noise, options)
            yield best

    def _merit(self, row: Row, asked: Asked) -> tuple[bool, bool, bool, int, float]:
        """Return what the best candidate has most of.

        Words that are read as the pattern wants come first and lines of its own, then
        what it says of the theme, then the score.
        """
        possible = row.log_prob > IMPOSSIBLE
        read = not _struck(row.lines, asked)
        own = possible and not any(line in self.known for line in row.lines)
        theme = asked.source if asked.wish.theme else ""
        return possible, read, own, said_of(theme, row.lines), row.log_prob

    def _draw(
        self,
        asked: Asked,
        noises: Sequence[np.ndarray],
        options: ComposeOptions,
        lines: int,
    ) -> list[Row]:
        """Return the first `lines` lines of a poem for each of `noises`."""
        padded = [*noises, *[noises[0]] * (-len(noises) % TILE)]
        told = {n: np.repeat(x, len(padded), axis=0) for n, x in asked.told.items()}
        out = self._run(
            "model",
            asked._replace(told=told),
            options,
            length=np.array(lines * (asked.form.columns + 1) - 1, "int32"),
            noise=np.stack(padded),
            temperature=np.array(max(options.temperature, COLDEST), "float32"),
            top_p=np.array(options.top_p, "float32"),
        )
        written = zip(out["poems"], out["log_probs"], strict=True)
        rows = [self._row(*one, asked) for one in written]
        pairs = zip(rows, noises, strict=False)  # not those that pad the block
        return [row._replace(noise=noise) for row, noise in pairs]

    def _found(
        self, asked: Asked, count: int, options: ComposeOptions
    ) -> Iterator[Row]:
        """Yield the best poems that a search finds, without words that are misread."""
        struck: set[str] = set()
        for _ in range(REWRITES):
            rows = self._search(self._without(asked, struck), count, options)
            wrong = set().union(*(_struck(row.lines, asked) for row in rows))
            if wrong <= struck:
                break
            struck |= wrong
        _refuse_impossible(rows, asked)
        yield from (row for row in rows if row.log_prob > IMPOSSIBLE)

    def _search(self, asked: Asked, count: int, options: ComposeOptions) -> list[Row]:
        """Return the first poems of a search."""
        out = self._run(
            "beam",
            asked,
            options,
            length=np.array(asked.form.lines * (asked.form.columns + 1) - 1, "int32"),
            beam=np.array(options.beam, "int32"),
        )
        written = zip(out["poems"][0], out["log_probs"][0], strict=True)
        return [self._row(*one, asked) for one in itertools.islice(written, count)]

    def _run(
        self, name: str, asked: Asked, options: ComposeOptions, **given: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Return what the graph `name` writes, with guidance if there is any."""
        about = asked.wish.period, asked.wish.sentiment, asked.wish.author
        if any(about) and options.guidance != 1:
            name = f"{name}{GUIDED}"
            given["guidance"] = np.array(options.guidance, "float32")
        return self.checkpoint.graph(name)(
            **asked.told,
            **asked.page,
            words=asked.words,
            begin=_gains(asked.form, options.theme_weight),
            go_on=np.array(options.theme_weight, "float32"),
            **given,
        )

    def _row(self, token_ids: np.ndarray, log_prob: float, asked: Asked) -> Row:
        """Return what was written, without its marks."""
        text = self.vocabulary.decode(token_ids.tolist())
        step = asked.form.columns + 1
        lines = tuple(line[: step - 1] for line in cut(text, step))
        return Row(lines, float(log_prob))

    def _describe(self, row: Row, asked: Asked) -> Composed:
        """Return all that is known of a written poem."""
        verdict = prosody.check(row.lines)
        return Composed(
            form=asked.form.name,
            lines=row.lines,
            rhyme=verdict.rhyme,
            pattern=verdict.pattern,
            tones=verdict.tones,
            score=round(row.log_prob / len("".join(row.lines)), 4),
            originality={
                "known_lines": sum(line in self.known for line in row.lines),
                "longest_shared_run": max(map(self.known.longest_run, row.lines)),
            },
            source=asked.source,
        )


def _noises(seed: int, count: int, candidates: int, form: Form) -> Iterator[np.ndarray]:
    """Yield the noise (T,) of every candidate for every poem of `seed`."""
    tokens = form.lines * (form.columns + 1)
    for number, candidate in itertools.product(range(count), range(candidates)):
        rng = np.random.default_rng([seed, number, candidate])
        yield rng.random(tokens, "float32")


def _gains(form: Form, weight: float) -> np.ndarray:
    """Return the gain (T,) of a word that begins at a place: `weight` in the middle.

    It grows from nothing, or every poem would begin with its theme.
    """
    tokens = form.lines * (form.columns + 1)
    return np.linspace(0, 2 * weight, tokens, dtype="float32")


def _places_of(lines: Sequence[str]) -> Fixed:
    """Return where the characters of `lines` stand."""
    return {
        (line, column): character
        for line, text in enumerate(lines)
        for column, character in enumerate(text)
    }


def _struck(lines: Sequence[str], asked: Asked) -> set[str]:
    """Return the characters that words of a poem cannot keep as they are read.

    Of a word whose character must stand there, the other one.
    """
    if not asked.wish.rules:
        return set()
    kept = set(asked.fixed.values())
    return {
        word.beside if word.character in kept else word.character
        for word in misread(lines, asked.form)
    }


def _refuse_impossible(rows: Sequence[Row], asked: Asked) -> None:
    """Stop if none of `rows` keeps what was asked."""
    if all(row.log_prob < IMPOSSIBLE for row in rows):
        fixed = drawn(asked.fixed, asked.form) or asked.wish.rhyme
        raise OptionError(
            f"no {asked.form.name} was found that keeps {fixed or 'all rules'}; change "
            "a character, or let tones and rhyme go (--free)"
        )
