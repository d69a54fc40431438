"""Write poems on demand with a trained writer; NumPy and ONNX Runtime, no Keras.

    Composer().write(theme="秋思", form="七绝", count=3)

A poem depends on its request, its seed and its number alone, not on how many are asked
for. Drawn line by line (`stream`) it is the same poem as drawn at once. A composer may
write in several threads at once.

Shapes: M latents, Z units of each.
"""

import dataclasses
import functools
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nlg.config import apply_values
from nlg.decode.results import refuse_repeats
from nlg.errors import CheckpointError
from nlg.poem.known import Originality, known_lines
from nlg.poem.request import PoemRequest
from nlg.poem.vae.latents import as_array
from nlg.poem.writer.conditions import AUTHORS, Conditions
from nlg.poem.writer.drafts import Draft, Drafter, PreparedRequest, words_of
from nlg.poem.writer.plans import PlanBuilder, group_named
from nlg.poem.writer.wanted import fixed_of, form_wanted, source_of
from nlg.runtime import Source, opened
from nlg.runtime.checkpoint import WEIGHTS, digest
from nlg.text import prosody
from nlg.text.known_lines import KnownLines
from nlg.text.vocab import CLS_ID, SEP_ID

if TYPE_CHECKING:
    from nlg.poem.vae.poet import Poet

TASK = "poem-writer"


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
        from nlg.text.traditional import to_traditional

        return self._replace(lines=tuple(map(to_traditional, self.lines)))

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return self._asdict() | {"originality": self.originality._asdict()}


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
        self.drafter = Drafter(
            self.checkpoint, self.plans, lambda line: line in self.training_lines
        )

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
        words = words_of(source if request.theme else "", self.vocabulary)
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
        return (self._describe(draft, asked) for draft in self.drafter.write(asked))

    def _stream(self, asked: PreparedRequest) -> Iterator[ComposedPoem]:
        """Yield a poem line by line."""
        for draft in self.drafter.line_by_line(asked):
            yield self._describe(draft, asked)

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
