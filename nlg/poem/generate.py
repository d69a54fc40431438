"""Write poems with a trained checkpoint; needs NumPy and ONNX Runtime, no Keras.

    Poet.from_checkpoint(folder).write("七绝", count=3, seed=1)

A poem depends on its seed and its number alone: the same seed gives the same poem,
however many are asked for and in whatever batches they are computed. Its latent,
decoded with that seed in that place, gives it back.
"""

import dataclasses
import functools
import itertools
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from nlg.errors import OptionError
from nlg.metrics.originality import KnownLines
from nlg.poem.known import known_lines
from nlg.poem.rules import Rulebook
from nlg.runtime import Checkpoint, open_checkpoint
from nlg.text import prosody
from nlg.text.forms import Form, cut, cut_unmarked, form_named, form_of
from nlg.text.normalize import to_simplified, verses
from nlg.text.patterns import misread

TASK = "poem-vae"
DECIMALS = 4  # of a latent
BLOCK = 96  # rows a run
REWRITES = 8  # of a poem, until its words are read as its pattern wants
TILE = 8  # a run's rows are padded to a multiple: a product may round by its edge

Place = Callable[[np.ndarray], np.ndarray]  # draws (B, Z), standard normal -> latents


@dataclasses.dataclass(frozen=True)
class WriteOptions:
    """How freely to write."""

    temperature: float = 0.6  # of the characters; 0 takes the most probable
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


class WrittenPoem(NamedTuple):
    """A written poem and what is known of it."""

    form: str
    lines: tuple[str, ...]
    rhyme: str  # group of 平水韵, "" if the rhyme fails
    tones: tuple[str, ...]  # 平 仄, 多 for both, a string a line
    score: float  # mean log-probability of a character, in nats
    originality: dict[str, Any]  # lines found in training, longest shared run
    latent: tuple[float, ...]


class Row(NamedTuple):
    """What the graph wrote for one latent."""

    latent: np.ndarray  # (Z,)
    noise: np.ndarray  # (T, N)
    lines: tuple[str, ...]
    score: float


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
        return cls(open_checkpoint(folder, TASK, device=device))

    def write(
        self,
        form: str,
        count: int,
        seed: int,
        options: WriteOptions = WriteOptions(),
        place: Place | None = None,
    ) -> Iterator[WrittenPoem]:
        """Yield `count` random poems of `form`, from anywhere or from a `place`."""
        page = form_named(form)
        draws = (
            self._draw(page, seed, number, options, place) for number in range(count)
        )
        yield from self._best(page, draws, options)

    def decode(
        self,
        form: str,
        latents: np.ndarray,
        seed: int,
        options: WriteOptions,
        one_noise: bool = False,
    ) -> Iterator[WrittenPoem]:
        """Yield a poem for each of `latents` (B, Z).

        With `one_noise` they differ by nothing but the latent.
        """
        page = form_named(form)
        options = dataclasses.replace(options, candidates=1)
        draws = (
            Draws(_printable(latent[None]), self._noise(page, seed, number))
            for number, latent in enumerate(latents)
        )
        if one_noise:
            noise = self._noise(page, seed, 0)
            draws = (draw._replace(noise=noise) for draw in draws)
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
        return known_lines(self.checkpoint)

    def _draw(
        self,
        form: Form,
        seed: int,
        number: int,
        options: WriteOptions,
        place: Place | None,
    ) -> Draws:
        """Return the random numbers of the candidates for poem `number` of `seed`."""
        rng = np.random.default_rng([seed, number, 0])
        shape = (options.candidates, self.latent_units)
        latent = rng.standard_normal(shape, "float32") * options.latent_temperature
        if place:
            latent = place(latent)
        noise = self._noise(form, seed, number)
        return Draws(_printable(latent), np.repeat(noise, options.candidates, axis=0))

    def _noise(self, form: Form, seed: int, number: int) -> np.ndarray:
        """Return the noise (1, T, N) of poem `number` of `seed`."""
        rng = np.random.default_rng([seed, number, 1])
        uniform = rng.random((1, form.places, self.slots), "float32")
        return -np.log(-np.log(np.clip(uniform, 1e-7, 1 - 1e-7)))

    def _best(
        self, form: Form, draws: Iterator[Draws], options: WriteOptions
    ) -> Iterator[WrittenPoem]:
        """Yield, for each of `draws`, the best of its rows."""
        rules = self.rulebook.arrays(form, options.rules)
        rows = self._rows(form, draws, options.temperature, rules)
        while candidates := list(itertools.islice(rows, options.candidates)):
            chosen = candidates[0]
            if len(candidates) > 1:
                merit = functools.partial(
                    self._merit, form=form if options.rules else None
                )
                chosen = max(candidates, key=merit)
            if options.rules:
                chosen = self._well_read(form, chosen, options.temperature, rules)
            yield self._describe(chosen)

    def _merit(self, row: Row, form: Form | None) -> tuple[bool, bool, float]:
        """Return what the best candidate has most of.

        Words that are read as the pattern wants come first, if there is to be one, then
        lines of its own, then the score.
        """
        own = not any(line in self.known for line in row.lines)
        return not (form and misread(row.lines, form)), own, row.score

    def _well_read(
        self, form: Form, row: Row, temperature: float, rules: dict[str, np.ndarray]
    ) -> Row:
        """Return what is written without characters that their words read otherwise."""
        for _ in range(REWRITES):
            wrong = {word.character for word in misread(row.lines, form)}
            if not wrong:
                break
            kinds = rules["kinds"].copy()
            kinds[:, self.vocabulary.encode("".join(sorted(wrong)))] = 0
            rules = rules | {"kinds": kinds}
            draws = iter([Draws(row.latent[None], row.noise[None])])
            (row,) = self._rows(form, draws, temperature, rules)
        return row

    def _rows(
        self, form: Form, draws: Iterator[Draws], temperature: float, rules: dict
    ) -> Iterator[Row]:
        """Yield what is written for every row of `draws`, in blocks of `BLOCK`."""
        graph = self.checkpoint.graph("model")
        for block, used in _blocks(draws):
            out = graph(
                latent=block.latent,
                noise=block.noise,
                temperature=np.array(temperature, "float32"),
                **rules,
            )
            for n in range(used):
                text = self.vocabulary.decode(out["token_ids"][n].tolist())
                score = float(out["log_probs"][n]) / form.places
                lines = cut(text, form.columns)
                yield Row(block.latent[n], block.noise[n], lines, score)

    def _describe(self, row: Row) -> WrittenPoem:
        """Return all that is known of a written poem."""
        verdict = prosody.check(row.lines)
        return WrittenPoem(
            form=verdict.form,
            lines=row.lines,
            rhyme=verdict.rhyme,
            tones=verdict.tones,
            score=round(row.score, 4),
            originality={
                "known_lines": sum(line in self.known for line in row.lines),
                "longest_shared_run": max(map(self.known.longest_run, row.lines)),
            },
            latent=tuple(row.latent.astype("float64").round(DECIMALS).tolist()),
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
    lines = cut_unmarked([to_simplified(verse) for verse in verses(text)])
    form = form_of(lines)
    if form is None:
        shape = "+".join(str(len(line)) for line in lines[:9]) or "no"
        shape += "+…" * (len(lines) > 9)
        start = text.strip()[:20] or "an empty text"
        raise OptionError(
            f"{start} is no 五绝, 七绝, 五律 or 七律: it has {shape} Chinese "
            "characters; give 4 or 8 lines of 5 or 7"
        )
    return form, lines


def interpolate(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Return `steps` latents (steps, Z) from `start` to `end`, both included."""
    share = np.linspace(0.0, 1.0, steps)[:, None]
    return (1 - share) * start + share * end


def _printable(latent: np.ndarray) -> np.ndarray:
    """Return `latent` as --json prints it: what is printed gives the poem back."""
    return latent.round(DECIMALS).astype("float32")


def _blocks(draws: Iterator[Draws]) -> Iterator[tuple[Draws, int]]:
    """Yield up to `BLOCK` rows at a time, and how many of them are not padding."""
    rows = (row for draw in draws for row in zip(*draw, strict=True))
    while block := list(itertools.islice(rows, BLOCK)):
        padding = block[:1] * (-len(block) % TILE)
        latents, noises = zip(*block, *padding, strict=True)
        yield Draws(np.stack(latents), np.stack(noises)), len(block)
