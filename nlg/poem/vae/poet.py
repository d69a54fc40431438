"""Write poems with a trained checkpoint; needs NumPy and ONNX Runtime, no Keras.

    Poet().write("七绝", count=3, seed=1)
    Poet().write(near="白日依山尽，黄河入海流。欲穷千里目，更上一层楼。", radius=0.8)

A poem depends on its seed and its number alone: the same seed gives the same poem,
however many are asked for and in whatever batches they are computed. Its latent,
decoded with that seed in that place, gives it back. A poet may write in several threads
at once.
"""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from nlg.config import apply_values
from nlg.errors import OptionError
from nlg.poem.known import Originality, known_lines
from nlg.poem.request import SampleRequest
from nlg.poem.rules import Rulebook
from nlg.poem.vae.config import PoetConfig
from nlg.poem.vae.latents import Place, as_array
from nlg.runtime import Source, opened
from nlg.runtime.graph import batched, filled
from nlg.text import prosody
from nlg.text.forms import DEFAULT_FORM, Form, cut_unmarked, form_named, form_of
from nlg.text.known_lines import KnownLines
from nlg.text.normalize import to_simplified, verses
from nlg.text.patterns import misread

TASK = "poem-vae"
REWRITES = 8  # of a poem, until its words are read as its pattern wants
DECIMALS = 4  # of a latent
BLOCK = 96  # rows a run
TILE = 8  # rows of a run are a multiple, see `filled`

# Draws (B, Z) of a standard normal -> latents (B, Z).
LatentSampler = Callable[[np.ndarray], np.ndarray]


class WrittenPoem(NamedTuple):
    """A written poem and what is known of it."""

    form: str
    lines: tuple[str, ...]
    rhyme: str  # group of 平水韵, "" if the rhyme fails
    tones: tuple[str, ...]  # 平 仄, 多 for both, a string a line
    score: float  # mean log-probability of a character, in nats
    originality: Originality
    latent: tuple[float, ...]
    seed: int
    number: int  # from 1, among the poems of the seed; with the seed it tells the noise
    cluster: int | None = None  # the one asked for

    def traditional(self) -> "WrittenPoem":
        """Return the poem with its lines in traditional characters."""
        from nlg.text.traditional import to_traditional

        return self._replace(lines=tuple(map(to_traditional, self.lines)))

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold, a cluster only if one was asked for."""
        facts = self._asdict() | {"originality": self.originality._asdict()}
        return {name: value for name, value in facts.items() if value is not None}


class Draft(NamedTuple):
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

    def __init__(self, checkpoint: Source = None, device: str = "cpu"):
        """Open a folder that `nlg train poem-vae` wrote, by default the shipped one."""
        self.checkpoint = opened(checkpoint, TASK, "poem/vae", device)
        self.vocabulary = self.checkpoint.vocabulary
        self.rulebook = Rulebook(self.vocabulary)
        config = self.checkpoint.config.facts_as(PoetConfig)
        self.latent_units, self.slots = config.model.latent_units, config.slots

    @classmethod
    def from_checkpoint(cls, path: Source = None, device: str = "cpu") -> "Poet":
        """Return the same as `Poet(path, device)`."""
        return cls(path, device)

    @functools.cached_property
    def training_lines(self) -> KnownLines:
        """Return the lines of the training poems."""
        return known_lines(self.checkpoint)

    def write(
        self, request: SampleRequest | str = "", /, **changes: Any
    ) -> Iterator[WrittenPoem]:
        """Yield the poems that are asked for.

        Args:
            request: a form is short for `SampleRequest(form)`.
            **changes: other values for fields of the request.

        Raises:
            OptionError: a value is impossible; nothing has been written then.

        Example:
            >>> [poem.form for poem in Poet().write("五绝", count=2, seed=1)]
            ['五绝', '五绝']
        """
        if isinstance(request, str):
            request = SampleRequest(request)
        request = apply_values(request, changes, "write()")
        if request.source == "cluster":
            from nlg.poem.vae.clusters import LatentMap

            latent_map = LatentMap.load(request.map_folder, self)
            cluster = latent_map.find(request.cluster or "")
            poems = self.sample(request, latent_map.sampler(cluster))
            return (poem._replace(cluster=cluster.number) for poem in poems)
        if request.source == "":
            return self.sample(request)
        form, latents = self._latents_of(request)
        placed = (
            (place, Draws(_printable(latent[None]), self._noise(form, *place)))
            for place, latent in zip(_places(request), latents, strict=False)
        )
        return self._best(form, placed, request, candidates=1)

    def sample(
        self, request: SampleRequest, sampler: LatentSampler | None = None
    ) -> Iterator[WrittenPoem]:
        """Yield random poems; `sampler` moves their latents, as to a cluster."""
        form = form_named(request.form or DEFAULT_FORM)
        placed = self._placed(form, [request], sampler)
        return self._best(form, placed, request, request.candidates)

    def sample_all(
        self, requests: Sequence[SampleRequest]
    ) -> Iterator[list[WrittenPoem]]:
        """Yield the random poems of each request; all share the runs of the graph.

        Each gets the poems that it would get alone.

        Args:
            requests: that differ in seed and count alone.
        """
        first = requests[0]
        form = form_named(first.form or DEFAULT_FORM)
        placed = self._placed(form, requests, None)
        poems = self._best(form, placed, first, first.candidates)
        for request in requests:
            yield list(itertools.islice(poems, request.count))

    def encode(self, lines: Sequence[str]) -> np.ndarray:
        """Return the latent (Z,) of a poem: the mean of its posterior."""
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

    def unknown(self, texts: Iterable[str]) -> str:
        """Return the characters of poems that the model does not know."""
        lines = itertools.chain.from_iterable(parse_poem(text)[1] for text in texts)
        characters = dict.fromkeys(itertools.chain.from_iterable(lines))
        return "".join(c for c in characters if c not in self.vocabulary)

    def _latents_of(self, request: SampleRequest) -> tuple[Form, Iterable[np.ndarray]]:
        """Return the form and the latents (Z,) that a request names, one by one."""
        if request.latents is not None:
            latents = as_array(request.latents, self.latent_units)
            return form_named(request.form or DEFAULT_FORM), latents
        poems = [parse_poem(text) for text in request.poems]
        named = [request.form, *(form.name for form, _ in poems)]
        forms = list(dict.fromkeys(filter(None, named)))
        if len(forms) > 1:
            raise OptionError(
                f"{request.source}: {' and '.join(forms)} are two forms; give one"
            )
        encoded = [self.encode(lines) for _, lines in poems]
        if request.source == "interpolate":
            encoded = list(interpolate(encoded[0], encoded[1], request.steps))
        elif request.source == "near":
            around = near(encoded[0], request.radius, request.count, request.seed)
            return form_named(forms[0]), around
        return form_named(forms[0]), encoded

    def _placed(
        self,
        form: Form,
        requests: Iterable[SampleRequest],
        sampler: LatentSampler | None,
    ) -> Iterator[tuple[Place, Draws]]:
        """Yield the place of each poem of each request, and its random numbers."""
        for request in requests:
            for number in range(1, request.count + 1):
                place = request.seed, number
                yield place, self._draw(form, request, number, sampler)

    def _draw(
        self,
        form: Form,
        request: SampleRequest,
        number: int,
        sampler: LatentSampler | None,
    ) -> Draws:
        """Return the random numbers of the candidates for poem `number`."""
        rng = np.random.default_rng([request.seed, number - 1, 0])
        shape = (request.candidates, self.latent_units)
        latent = rng.standard_normal(shape, "float32") * request.latent_temperature
        if sampler:
            latent = sampler(latent)
        noise = self._noise(form, request.seed, number)
        return Draws(_printable(latent), np.repeat(noise, request.candidates, axis=0))

    def _noise(self, form: Form, seed: int, number: int) -> np.ndarray:
        """Return the noise (1, T, N) of poem `number` of `seed`."""
        rng = np.random.default_rng([seed, number - 1, 1])
        uniform = rng.random((1, form.places, self.slots), "float32")
        return -np.log(-np.log(np.clip(uniform, 1e-7, 1 - 1e-7)))

    def _best(
        self,
        form: Form,
        placed: Iterator[tuple[Place, Draws]],
        request: SampleRequest,
        candidates: int,
    ) -> Iterator[WrittenPoem]:
        """Yield, for each place and its draws, the best of their rows."""
        rules = self.rulebook.arrays(form, request.rules)
        ahead, behind = itertools.tee(placed)  # apart by a block of rows
        draws, places = (draws for _, draws in ahead), (place for place, _ in behind)
        rows = self._rows(form, draws, request.warmth, rules)
        merit = functools.partial(self._merit, form=form if request.rules else None)
        for drafts, place in zip(batched(rows, candidates), places, strict=True):
            chosen = max(drafts, key=merit) if len(drafts) > 1 else drafts[0]
            if request.rules:
                chosen = self._well_read(form, chosen, request.warmth, rules)
            yield self._describe(chosen, *place)

    def _merit(self, row: Draft, form: Form | None) -> tuple[bool, bool, float]:
        """Return what candidates are ranked by.

        Words that are read as the pattern wants come first, if there is to be one, then
        no known line, then the score.
        """
        own = not any(line in self.training_lines for line in row.lines)
        return not (form and misread(row.lines, form)), own, row.score

    def _well_read(
        self, form: Form, row: Draft, temperature: float, rules: dict[str, np.ndarray]
    ) -> Draft:
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
    ) -> Iterator[Draft]:
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
                yield Draft(block.latent[n], block.noise[n], form.split(text), score)

    def _describe(self, row: Draft, seed: int, number: int) -> WrittenPoem:
        """Return all that is known of a written poem."""
        verdict = prosody.check(row.lines)
        return WrittenPoem(
            form=verdict.form,
            lines=row.lines,
            rhyme=verdict.rhyme,
            tones=verdict.tones,
            score=round(row.score, 4),
            originality=Originality.of(row.lines, self.training_lines),
            latent=tuple(row.latent.astype("float64").round(DECIMALS).tolist()),
            seed=seed,
            number=number,
        )


def parse_poem(text: str) -> tuple[Form, tuple[str, ...]]:
    """Return form and lines of a poem as a person types it, in simplified characters.

    Marks and line ends separate lines; a poem without any is cut by its length.

    Example:
        >>> parse_poem("白日依山尽黄河入海流欲穷千里目更上一层楼")[1]
        ('白日依山尽', '黄河入海流', '欲穷千里目', '更上一层楼')

    Raises:
        OptionError: its lines are those of none of the four forms.
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


def near(
    latent: np.ndarray, radius: float, count: int, seed: int
) -> Iterator[np.ndarray]:
    """Yield `count` latents (Z,) around `latent` (Z,).

    `radius` is the standard deviation of each unit; that of the prior is 1.
    """
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        yield latent + radius * rng.standard_normal(len(latent))


def _places(request: SampleRequest) -> Iterable[Place]:
    """Return seed and number of the poems; they tell the noise of each.

    Poems of an interpolation share one noise, so that the latent alone differs.
    """
    if request.places is not None:
        return request.places
    if request.source == "interpolate":
        return itertools.repeat((request.seed, 1))
    return ((request.seed, number) for number in itertools.count(1))


def _printable(latent: np.ndarray) -> np.ndarray:
    """Return `latent` as --json prints it: what is printed gives the poem back."""
    return latent.round(DECIMALS).astype("float32")


def _blocks(draws: Iterator[Draws]) -> Iterator[tuple[Draws, int]]:
    """Yield up to `BLOCK` rows at a time, and how many of them are not padding."""
    rows = (row for draw in draws for row in zip(*draw, strict=True))
    for block in batched(rows, BLOCK):
        latents, noises = zip(*filled(block, TILE), strict=True)
        yield Draws(np.stack(latents), np.stack(noises)), len(block)
