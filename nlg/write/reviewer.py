"""Write text of a class with a trained writer; NumPy and ONNX Runtime, no Keras.

    Reviewer().write("positive", begin="房间", count=3)

A text depends on what is asked, its options, its seed and its number alone, not on how
many are asked for. What is like a text before it is left out.

Shapes: B rows, S source tokens, T tokens of a text.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from nlg.config import apply_values, check_bounds, hint
from nlg.decode.results import COLDEST, line_of, refuse_repeats, uniforms
from nlg.errors import OptionError
from nlg.runtime import Source, opened
from nlg.runtime.checkpoint import GUIDED
from nlg.runtime.graph import filled
from nlg.text.normalize import to_simplified
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import CLS_ID, SEP_ID
from nlg.write.unlike import unlike

TASK, SHIPPED = "text-writer", "write"
NO_CLASS = 0  # the class of a text for which none is given
BLOCK = 32  # rows a run
TILE = 4  # rows of a run are a multiple, see `filled`


@dataclasses.dataclass(frozen=True)
class ReviewOptions:
    """How to write."""

    temperature: float = 0.8  # of what is drawn; 0 takes the most probable
    top_p: float = 0.9  # share of the probability that is drawn from
    max_length: int = 0  # tokens of a text, its beginning among them; 0: as trained
    guidance: float = 2.0  # how far the class leads; 1 as in training

    def __post_init__(self):
        """Refuse what cannot be written."""
        bounds = {"temperature": (0, 10), "top_p": (1e-6, 1), "guidance": (0, 20)}
        check_bounds(self, bounds)


DEFAULTS = ReviewOptions()


@dataclasses.dataclass(frozen=True)
class ReviewerConfig:
    """What a checkpoint of the text writer says of its model."""

    classes: tuple[str, ...]  # names, in the order of their ids
    length: int  # tokens of a text, its end among them
    lower_case: bool


class WrittenText(NamedTuple):
    """A text and what is known of it."""

    text: str
    ended: bool  # not cut where max_length was reached
    score: float  # mean log-probability of a written token, guided, in nats
    class_name: str  # "" if none was given
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by their names; that of the class is `class`."""
        found = self._asdict()
        return {"class" if n == "class_name" else n: x for n, x in found.items()}


class Reviewer:
    """Writes text of the classes that it was trained on; threads may share one.

    The shipped one writes reviews that praise or complain.

    Args:
        checkpoint: the folder that `nlg train write` wrote; the shipped one by default.
        device: "cpu" or "gpu".
    """

    def __init__(self, checkpoint: Source = None, device: str = "cpu"):
        self.checkpoint = opened(checkpoint, TASK, SHIPPED, device)
        config = self.checkpoint.config.facts_as(ReviewerConfig)
        self.classes, self.length = list(config.classes), config.length
        self.tokenizer = Tokenizer(self.checkpoint.vocabulary, config.lower_case)

    @classmethod
    def from_checkpoint(cls, path: Source = None, device: str = "cpu") -> "Reviewer":
        """Return the same as `Reviewer(path, device)`."""
        return cls(path, device)

    def write(
        self,
        class_name: str = "",
        begin: str = "",
        count: int = 1,
        seed: int = 1,
        options: ReviewOptions = DEFAULTS,
        **changes: Any,
    ) -> Iterator[WrittenText]:
        """Yield `count` texts that differ; fewer if there seem to be no more.

        Args:
            class_name: one of `classes`, or "" for any text.
            begin: how each text begins; it is written in simplified characters.
            count: how many.
            seed: of what is drawn.
            options: how to write.
            **changes: fields of `options` to change, such as max_length=40.

        Raises:
            OptionError: no such class, no room after the beginning, or several texts
                of temperature 0, which would be one.
        """
        options = apply_values(options, changes, "write()")
        refuse_repeats(count, options.temperature, "text")
        class_id = self._class_id(class_name)
        begin = begin if begin.isascii() else to_simplified(begin)
        source = [CLS_ID, *self.tokenizer.encode(begin)]
        room = self._room(len(source) - 1, options)

        def draw(numbers: range) -> Iterator[WrittenText]:
            noise = uniforms([[seed, number] for number in numbers], room)
            for row in self._draw(source, class_id, noise, options):
                yield self._describe(begin, *row, class_name, seed)

        def own(written: WrittenText) -> str:
            return written.text.removeprefix(begin)

        return unlike(draw, own, count, BLOCK)

    def _class_id(self, name: str) -> int:
        """Return the id of a class."""
        if not name:
            return NO_CLASS
        if name not in self.classes:
            raise OptionError(f"no class {name[:20]!r}; {hint(name, self.classes)}")
        return self.classes.index(name) + 1

    def _room(self, begun: int, options: ReviewOptions) -> int:
        """Return how many tokens can be written after `begun` of them."""
        most = options.max_length or self.length
        if most > self.length:
            raise OptionError(
                f"max_length is {most}; this model knows texts of at most "
                f"{self.length} tokens"
            )
        if begun >= most:
            raise OptionError(
                f"the beginning has {begun} tokens, which leaves nothing to write of "
                f"{most}; give a shorter one"
            )
        return most - begun

    def _draw(
        self,
        source: list[int],
        class_id: int,
        noise: np.ndarray,
        options: ReviewOptions,
    ) -> Iterator[tuple[np.ndarray, float]]:
        """Yield tokens (T,) and log-probability of a text for each row of `noise`."""
        rows = len(noise)
        padded = noise[filled(range(rows), TILE)]
        name, guidance = "model", {}
        if class_id != NO_CLASS and options.guidance != 1:
            name = f"{name}{GUIDED}"
            guidance = {"guidance": np.array(options.guidance, "float32")}
        out = self.checkpoint.graph(name)(
            token_ids=np.tile(np.array(source, "int32"), (len(padded), 1)),
            class_ids=np.full((len(padded), 1), class_id, "int32"),
            length=np.array(noise.shape[1], "int32"),
            noise=padded,
            temperature=np.array(max(options.temperature, COLDEST), "float32"),
            top_p=np.array(options.top_p, "float32"),
            **guidance,
        )
        return zip(out["texts"][:rows], out["log_probs"][:rows], strict=True)

    def _describe(
        self,
        begin: str,
        token_ids: np.ndarray,
        log_prob: float,
        class_name: str,
        seed: int,
    ) -> WrittenText:
        """Return all that is known of what was written after `begin`."""
        written = line_of(token_ids.tolist(), SEP_ID)
        ended = bool((token_ids == SEP_ID).any())
        return WrittenText(
            text=begin + self.tokenizer.decode(written),
            ended=ended,
            score=round(float(log_prob) / (len(written) + ended), 4),
            class_name=class_name,
            seed=seed,
        )
