"""How to answer: the options of `nlg qa` and of `Reader.answer`."""

import dataclasses

from nlg.config import check_bounds
from nlg.errors import OptionError
from nlg.qa.config import ANSWER_TYPES, STYLES

MODES = ("extractive", "generative")
# Beside `ANSWER_TYPES` and `STYLES`: found by rules from the question; not given.
AUTO, UNCONDITIONED = "auto", "none"
BEAMS, MANY_BEAMS = 4, 8  # of the graphs model.onnx and many.onnx
MOST_AT_ONCE = 128  # questions of one run of a graph


@dataclasses.dataclass(frozen=True)
class AnswerOptions:
    """How to answer a question.

    Raises:
        OptionError: an option is out of its range.
    """

    mode: str = MODES[0]  # extractive: a fragment of a passage; generative: any text
    top_k: int = 1  # answers to each question; none shares its place with another
    beam: int = BEAMS  # hypotheses kept at each step of the search
    threshold: float = 0.0  # an answer with a lower confidence is withheld
    # A passage with this probability of "no answer", or a higher one, has no vote; None
    # takes the threshold that the checkpoint learned on dev.
    no_answer_threshold: float | None = None
    answer_type: str = AUTO  # one of ANSWER_TYPES, or AUTO or UNCONDITIONED
    style: str = AUTO  # one of STYLES, or AUTO or UNCONDITIONED
    windows: int = 32  # windows read for a question; BM25 chooses among more
    batch_size: int = 0  # questions of one run of the graph; 0: as many as fit

    def __post_init__(self):
        """Check every option."""
        for name, choices in (
            ("mode", MODES),
            ("answer_type", (AUTO, UNCONDITIONED, *ANSWER_TYPES)),
            ("style", (AUTO, UNCONDITIONED, *STYLES)),
        ):
            value = getattr(self, name)
            if value not in choices:
                raise OptionError(f"{name} is {value!r}; choose {', '.join(choices)}")
        numbers = {
            "top_k": (1, MANY_BEAMS),
            "beam": (1, MANY_BEAMS),
            "threshold": (0, 1),
            "no_answer_threshold": (0, 1),
            "windows": (1, 1024),
            "batch_size": (0, MOST_AT_ONCE),
        }
        check_bounds(self, numbers)

    @property
    def beams(self) -> int:
        """Return the beams of the smallest graph that these options fit."""
        many = self.top_k > 1 or self.beam > BEAMS
        return MANY_BEAMS if many else BEAMS


DEFAULTS = AnswerOptions()
