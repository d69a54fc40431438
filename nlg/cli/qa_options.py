"""The options that `nlg qa` and `nlg eval qa` share: which reader answers, and how."""

import dataclasses
import pathlib
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.options import Number
from nlg.qa.config import ANSWER_TYPES, STYLES
from nlg.qa.options import (
    AUTO,
    BEAMS,
    MANY_BEAMS,
    MODES,
    MOST_AT_ONCE,
    UNCONDITIONED,
    AnswerOptions,
)

if TYPE_CHECKING:
    from nlg.batch.work import Work
    from nlg.qa.reader import Reader

BLOCK_ROWS = 32  # questions that are answered, and kept on the disk, together


class BatchSize(click.IntRange):
    """A number of questions; auto is 0."""

    def convert(self, value: Any, *about: Any) -> int:
        """Return `value` as a number."""
        return 0 if value == "auto" else super().convert(value, *about)


LAYOUTS = ("auto", "webqa", "sogou", "squad", "dureader", "jsonl")
LAYOUT = click.option(
    "--format",
    "layout",
    type=click.Choice(LAYOUTS),
    default="auto",
    show_default=True,
    help="Layout of the data; auto finds it from the content.",
)
MODE = click.option(
    "--mode",
    type=click.Choice(MODES),
    default=MODES[0],
    show_default=True,
    help="extractive: an answer is a piece of a passage; generative: it may be any.",
)
TOP_K = click.option(
    "--top-k",
    type=click.IntRange(1, MANY_BEAMS),
    default=1,
    show_default=True,
    help="Answers, the best first; none inside another.",
)
BEAM = click.option(
    "--beam",
    type=click.IntRange(1, MANY_BEAMS),
    default=BEAMS,
    show_default=True,
    help="Hypotheses that are kept at each step.",
)
THRESHOLD = click.option(
    "--threshold",
    type=Number(0, 1),
    default=0.0,
    show_default=True,
    help="Give no answer with a lower confidence.",
)
SILENCE = click.option(
    "--silence",
    type=Number(0, 1),
    help="A passage has no vote if its probability of having no answer is this or "
    "higher; with 1 all passages vote.  [default: the checkpoint's, learned on dev]",
)
ANSWER_TYPE = click.option(
    "--answer-type",
    type=click.Choice([AUTO, UNCONDITIONED, *ANSWER_TYPES]),
    default=AUTO,
    show_default=True,
    help="What kind of thing is asked for; auto finds it from the question by rules. "
    "Needs a model that was trained with answer types.",
)
STYLE = click.option(
    "--style",
    type=click.Choice([AUTO, UNCONDITIONED, *STYLES]),
    default=AUTO,
    show_default=True,
    help="entity: a name or a number by itself; phrase: a piece of a sentence; auto "
    "finds it from the question by rules, where that tells. Needs a model that was "
    "trained with styles.",
)
BATCH_SIZE = click.option(
    "--batch-size",
    type=BatchSize(1, MOST_AT_ONCE),
    metavar="auto|N",
    default="auto",
    show_default=True,
    help="Questions of --input that go through the graph together; auto is as many as "
    "fit by their tokens.",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReaderOptions:
    """The values of the options above, and of --checkpoint and --device."""

    checkpoint: pathlib.Path | None
    device: str
    mode: str
    beam: int
    threshold: float
    silence: float | None
    answer_type: str
    style: str
    top_k: int = 1
    batch_size: int = 0

    def answering(self) -> AnswerOptions:
        """Return how to answer."""
        return AnswerOptions(
            mode=self.mode,
            top_k=self.top_k,
            beam=self.beam,
            threshold=self.threshold,
            no_answer_threshold=self.silence,
            answer_type=self.answer_type,
            style=self.style,
            batch_size=self.batch_size,
        )

    def work(self, id_field: str = "id") -> "Work":
        """Return what the batch engine does to questions."""
        from nlg.batch.work import Work

        settings = {
            "checkpoint": self.checkpoint and str(self.checkpoint),
            "device": self.device,
            "options": dataclasses.asdict(self.answering()),
        }
        names = ("question", "passages")
        return Work("nlg.batch.tasks:qa", settings, id_field, ("answer",), names)

    def open_reader(self, workers: int = 0) -> "Reader":
        """Open the checkpoint; `workers` are threads for many questions."""
        from nlg.qa.reader import Reader

        return Reader.from_checkpoint(self.checkpoint, self.device, workers)
