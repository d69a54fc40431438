"""Write poems with a trained checkpoint; needs NumPy and ONNX Runtime, no Keras.

    Poet.from_checkpoint(folder).write("七绝", count=3, seed=1)

A poem depends on its seed and its number alone: the same seed gives the same poem,
however many are asked for and in whatever batches they are computed.
"""

import dataclasses
import functools
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from nlg.errors import OptionError
from nlg.metrics.originality import KnownLines
from nlg.poem.rules import Rulebook
from nlg.runtime import Checkpoint, open_checkpoint
from nlg.text import prosody
from nlg.text.forms import FORMS, Form, form_of
from nlg.text.normalize import to_simplified, verses

TASK = "poem-vae"
KNOWN = "known.npz"
BLOCK = 32  # rows a run; always full, because a matrix product may round by its height


@dataclasses.dataclass(frozen=True)
class WriteOptions:
    """How freely to write."""

    temperature: float = 0.3  # of the characters; 0 takes the most probable
    latent_temperature: float = 1.0  # standard deviation of the latent
    candidates: int = 8  # poems written for each one kept
    rules: bool = True  # rhyme and tone pattern

    def __post_init__(self):
        """Refuse what cannot be written."""
        if self.candidates < 1:
            raise OptionError(f"candidates is {self.candidates}; it must be at least 1")
        for name in ("temperature", "latent_temperature"):
            value = getattr(self, name)
            if not 0 <= value <= 10:
                raise OptionError(f"{name} is {value}; it must be between 0 and 10")


class Poem(NamedTuple):
    """A written poem and what is known of it."""

    form: str
    lines: tuple[str, ...]
    rhyme: str  # group of 平水韵, "" if the rhyme fails
    tones: tuple[str, ...]  # 平 仄, 多 for both, a string a line
    score: float  # mean log-probability of a character, in nats
    originality: dict[str, Any]  # lines found in training, longest shared run
    latent: tuple[float, ...]


class Draws(NamedTuple):
    """The random numbers of some poems."""

    latent: np.ndarray  # (B, Z)
    noise: np.ndarray  # (B, T, N) standard Gumbel


class Poet:
    """Writes, rewrites and blends poems."""

    def __init__(self, checkpoint: Checkpoint):
        self.checkpoint = checkpoint
        self.vocabulary = checkpoint.vocabulary
        self.rulebook = Rulebook(checkpoint.vocabulary)
        self.latent_units: int = checkpoint.config["model"]["latent_units"]
        self.slots: int = checkpoint.config["slots"]

    @classmethod
    def from_checkpoint(cls, folder: pathlib.Path, device: str = "cpu") -> "Poet":
        """Open the folder that `nlg train poem-vae` wrote."""
        return cls(open_checkpoint(folder, TASK, device))

    def write(
        self, form: str, count: int, seed: int, options: WriteOptions = WriteOptions()
    ) -> Iterator[Poem]:
        """Yield `count` random poems of `form`."""
        page = FORMS[form]
        draws = (
            self._draw(page, seed, number, options.candidates, options)
            for number in range(count)
        )
        yield from self._best(page, draws, options)

    def decode(
        self, form: str, latents: np.ndarray, seed: int, options: WriteOptions
    ) -> Iterator[Poem]:
        """Yield a poem for each of `latents` (B, Z), all with the same noise."""
        page = FORMS[form]
        options = dataclasses.replace(options, candidates=1)
        noise = self._draw(page, seed, 0, 1, options).noise
        draws = (Draws(latent[None].astype("float32"), noise) for latent in latents)
        yield from self._best(page, draws, options)

    def encode(self, lines: Sequence[str]) -> np.ndarray:
        """Return the latent (Z,) that stands for a poem: the mean of its posterior."""
        return self.posterior([lines])[0][0]

    def posterior(
        self, poems: Sequence[Sequence[str]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and log-variance, (B, Z) each, of poems of one form."""
        graph = self.checkpoint.graph("encoder")
        ids = np.array(
            [[self.vocabulary.encode(x) for x in lines] for lines in poems], "int32"
        )
        parts = [
            graph(token_ids=ids[start : start + BLOCK])
            for start in range(0, len(ids), BLOCK)
        ]
        mean, log_var = (
            np.concatenate([part[name] for part in parts])
            for name in ("mean", "log_var")
        )
        return mean, log_var

    def near(
        self, latent: np.ndarray, radius: float, count: int, seed: int
    ) -> np.ndarray:
        """Return `count` latents (count, Z) around `latent` (Z,).

        `radius` is the standard deviation of each unit, in units of the prior's.
        """
        steps = [np.random.default_rng([seed, n]) for n in range(count)]
        around = np.stack([rng.standard_normal(self.latent_units) for rng in steps])
        return latent + radius * around

    @functools.cached_property
    def known(self) -> KnownLines:
        """Return what the training poems contain."""
        return KnownLines.load(self.checkpoint.folder / KNOWN)

    def _draw(
        self, form: Form, seed: int, number: int, rows: int, options: WriteOptions
    ) -> Draws:
        """Return the random numbers of poem `number` of `seed`."""
        rng = np.random.default_rng([seed, number])
        latent = rng.standard_normal((rows, self.latent_units), "float32")
        uniform = rng.random((rows, form.places, self.slots), "float32")
        noise = -np.log(-np.log(np.clip(uniform, 1e-7, 1 - 1e-7)))
        return Draws(latent * np.float32(options.latent_temperature), noise)

    def _best(
        self, form: Form, draws: Iterator[Draws], options: WriteOptions
    ) -> Iterator[Poem]:
        """Yield, for each of `draws`, the best of its rows."""
        rules = self.rulebook.arrays(form, options.rules)
        rows = self._rows(form, draws, options.temperature, rules)
        while group := [row for _, row in zip(range(options.candidates), rows)]:  # noqa: B905
            latent, ids, score = max(group, key=lambda row: row[2])
            yield self._poem(form, latent, ids, score / form.places)

    def _rows(
        self, form: Form, draws: Iterator[Draws], temperature: float, rules: dict
    ) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
        """Yield latent, ids and log-probability of every row, in blocks of `BLOCK`."""
        graph = self.checkpoint.graph("model")
        for block, used in _blocks(draws):
            out = graph(
                latent=block.latent,
                noise=block.noise,
                temperature=np.array(temperature, "float32"),
                **rules,
            )
            yield from zip(
                block.latent[:used],
                out["token_ids"][:used],
                out["log_probs"][:used].tolist(),
                strict=True,
            )

    def _poem(
        self, form: Form, latent: np.ndarray, ids: np.ndarray, score: float
    ) -> Poem:
        text = self.vocabulary.decode(ids.tolist())
        lines = cut(text, form.columns)
        verdict = prosody.check(lines)
        return Poem(
            form=form.name,
            lines=lines,
            rhyme=verdict.rhyme,
            tones=verdict.tones,
            score=round(score, 4),
            originality={
                "known_lines": sum(line in self.known for line in lines),
                "longest_shared_run": max(self.known.longest_run(x) for x in lines),
            },
            latent=tuple(round(float(x), 4) for x in latent),
        )


def parse_poem(text: str) -> tuple[Form, tuple[str, ...]]:
    """Return form and lines of a poem as a person types it, in simplified characters.

    Marks and line ends part the lines; a poem without any is cut by its length.

    Example:
        >>> parse_poem("白日依山尽黄河入海流欲穷千里目更上一层楼")[1]
        ('白日依山尽', '黄河入海流', '欲穷千里目', '更上一层楼')

    Raises:
        OptionError: it has not the shape of one of the four forms.
    """
    lines = tuple(to_simplified(verse) for verse in verses(text))
    by_length = {form.places: form.columns for form in FORMS.values()}
    if len(lines) == 1 and len(lines[0]) in by_length:
        lines = cut(lines[0], by_length[len(lines[0])])
    form = form_of(lines)
    if form is None:
        shape = "+".join(str(len(line)) for line in lines) or "no"
        start = text.strip()[:20] or "an empty text"
        raise OptionError(
            f"{start} is no 五绝, 七绝, 五律 or 七律: it has {shape} Chinese "
            "characters; give 4 or 8 lines of 5 or 7"
        )
    return form, lines


def cut(text: str, columns: int) -> tuple[str, ...]:
    """Cut `text` into lines of `columns` characters."""
    return tuple(text[i : i + columns] for i in range(0, len(text), columns))


def interpolate(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Return `steps` latents (steps, Z) from `start` to `end`, both included."""
    share = np.linspace(0.0, 1.0, steps)[:, None]
    return (1 - share) * start + share * end


def _blocks(draws: Iterator[Draws]) -> Iterator[tuple[Draws, int]]:
    """Yield full blocks of rows and how many of them are used; the rest is padding."""
    waiting: list[Draws] = []
    rows = 0
    for draw in draws:
        waiting.append(draw)
        rows += len(draw.latent)
        while rows >= BLOCK:
            everything = _join(waiting)
            yield Draws(*(x[:BLOCK] for x in everything)), BLOCK
            waiting = [Draws(*(x[BLOCK:] for x in everything))]
            rows -= BLOCK
    if rows:
        everything = _join(waiting)
        missing = BLOCK - rows
        yield (
            Draws(
                *(np.concatenate([x, np.repeat(x[:1], missing, 0)]) for x in everything)
            ),
            rows,
        )


def _join(draws: list[Draws]) -> Draws:
    return Draws(*(np.concatenate(parts) for parts in zip(*draws, strict=True)))
