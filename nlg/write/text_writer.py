"""Write text of a class with a trained writer; NumPy and ONNX Runtime, no Keras.

    TextWriter.from_checkpoint(folder).write("positive", begin="房间", count=3)

A text depends on what is asked, its options, its seed and its number alone, not on how
many are asked for.

Shapes: B rows, S source tokens, T tokens of a text.
"""

import dataclasses
import pathlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from nlg.config import hint
from nlg.decode.results import COLDEST, batched, line_of, uniforms
from nlg.errors import OptionError
from nlg.runtime import Checkpoint, open_checkpoint
from nlg.runtime.checkpoint import GUIDED
from nlg.text.normalize import to_simplified
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import CLS_ID, SEP_ID

TASK = "text-writer"
UNCONDITIONED = 0  # the class of a text of which none is told
BLOCK = 32  # rows a run
TILE = 4  # a run's rows are padded to a multiple: a product may round by its edge


@dataclasses.dataclass(frozen=True)
class WriteOptions:
    """How to write."""

    temperature: float = 0.8  # of what is drawn; 0 takes the most probable
    top_p: float = 0.9  # share of the probability that is drawn from
    max_length: int = 0  # tokens of a text, its beginning among them; 0: as trained
    guidance: float = 2.0  # of the class; 1 as it was learnt

    def __post_init__(self):
        """Refuse what cannot be written."""
        bounds = {"temperature": (0, 10), "top_p": (1e-6, 1), "guidance": (0, 20)}
        for name, (least, most) in bounds.items():
            if not least <= getattr(self, name) <= most:
                raise OptionError(
                    f"{name} is {getattr(self, name)}; it must be between {least} and "
                    f"{most}"
                )


class WrittenText(NamedTuple):
    """A text and what is known of it."""

    text: str
    ended: bool  # not cut where max_length was reached
    score: float  # mean log-probability of a written token, guided, in nats


class TextWriter:
    """Writes text of the classes that it was trained on."""

    def __init__(self, checkpoint: Checkpoint):
        self.checkpoint = checkpoint
        self.classes: list[str] = checkpoint.config["classes"]
        self.length: int = checkpoint.config["length"]
        lower_case = checkpoint.config["lower_case"]
        self.tokenizer = Tokenizer(checkpoint.vocabulary, lower_case)

    @classmethod
    def from_checkpoint(cls, folder: pathlib.Path, device: str = "cpu") -> "TextWriter":
        """Open the folder that `nlg train write` wrote."""
        return cls(open_checkpoint(folder, TASK, device=device))

    def write(
        self,
        class_name: str = "",
        begin: str = "",
        count: int = 1,
        seed: int = 1,
        options: WriteOptions = WriteOptions(),
    ) -> Iterator[WrittenText]:
        """Yield `count` texts.

        Args:
            class_name: one of `classes`; "" tells none.
            begin: how each text begins; it is written in simplified characters.
            count: how many.
            seed: of what is drawn.
            options: how to write.

        Raises:
            OptionError: no such class, or no room after the beginning.
        """
        class_id = self._class_id(class_name)
        begin = begin if begin.isascii() else to_simplified(begin)
        source = [CLS_ID, *self.tokenizer.encode(begin)]
        room = self._room(len(source) - 1, options)
        seeds = ([seed, number] for number in range(count))
        return (
            self._describe(begin, *row)
            for block in batched(seeds, BLOCK)
            for row in self._draw(source, class_id, uniforms(block, room), options)
        )

    def _class_id(self, name: str) -> int:
        """Return the id of a class."""
        if not name:
            return UNCONDITIONED
        if name not in self.classes:
            raise OptionError(f"no class {name[:20]!r}; {hint(name, self.classes)}")
        return self.classes.index(name) + 1

    def _room(self, begun: int, options: WriteOptions) -> int:
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
        options: WriteOptions,
    ) -> Iterator[tuple[np.ndarray, float]]:
        """Yield tokens (T,) and log-probability of a text for each row of `noise`."""
        rows = len(noise)
        padded = np.concatenate([noise, *[noise[:1]] * (-rows % TILE)])
        name, guidance = "model", {}
        if class_id != UNCONDITIONED and options.guidance != 1:
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

    def _describe(self, begin: str, token_ids: Any, log_prob: float) -> WrittenText:
        """Return all that is known of what was written after `begin`."""
        written = line_of(token_ids, SEP_ID)
        ended = SEP_ID in token_ids
        return WrittenText(
            text=begin + self.tokenizer.decode(written),
            ended=ended,
            score=round(float(log_prob) / (len(written) + ended), 4),
        )
