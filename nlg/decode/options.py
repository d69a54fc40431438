"""How to write: the settings of search and sampling, checked once; no Keras here.

They hold for any model on the seam. What depends on words (which tokens are banned,
what is forced where) belongs to the tasks, and comes as rules.
"""

import dataclasses
import math

from nlg.errors import OptionError

MANY = 1_000_000


@dataclasses.dataclass(frozen=True)
class DecodeOptions:
    """Beam search by default; `sampling` draws each token instead.

    Example:
        >>> DecodeOptions(beams=2, n_best=4)
        Traceback (most recent call last):
        nlg.errors.OptionError: n_best is 4; it must be from 1 to 2, the beams
    """

    beams: int = 4  # living hypotheses a row
    n_best: int = 1  # lines returned a row; the fewer, the sooner the search may stop
    max_length: int = 32  # tokens of a line, the end among them
    min_length: int = 0  # tokens before the end
    length_penalty: float = 0.0  # alpha of arXiv:1609.08144 eq. 14; 0 is none
    no_repeat_ngram: int = 0  # no n tokens twice in a line; 0 is off
    repetition_penalty: float = 1.0  # theta of arXiv:1909.05858; 1 is none
    sampling: bool = False  # draw tokens at random in place of searching
    temperature: float = 1.0  # of sampling; 0 takes the most probable token
    top_k: int = 0  # sample among the k most probable (arXiv:1805.04833); 0 is off
    top_p: float = 1.0  # among the fewest with this mass (arXiv:1904.09751)
    typical_p: float = 1.0  # among the most typical with it (arXiv:2202.00666)
    seed: int = 0  # of the first row; each row has its own, and depends on no other
    runners_up: int = 0  # other tokens to name at each place; 0 explains nothing

    def __post_init__(self):
        """Refuse what no search can do."""
        for name, (least, most, why) in self._bounds().items():
            value = getattr(self, name)
            if not (least <= value <= most and math.isfinite(value)):
                raise OptionError(
                    f"{name} is {value}; it must be from {least} to {most}{why}"
                )

    def _bounds(self) -> dict[str, tuple[float, float, str]]:
        return {
            "beams": (1, 1024, ""),
            "n_best": (1, self.beams, ", the beams"),
            "max_length": (1, MANY, ""),
            "min_length": (0, self.max_length - 1, ", max_length without the end"),
            "length_penalty": (-10, 10, ""),
            "no_repeat_ngram": (0, self.max_length, ", max_length"),
            "repetition_penalty": (1, 100, ""),
            "temperature": (0, 100, ""),
            "top_k": (0, MANY, ""),
            "top_p": (1e-6, 1, ""),
            "typical_p": (1e-6, 1, ""),
            "seed": (0, 2**63 - 1, ""),
            "runners_up": (0, 100, ""),
        }

    def told(self) -> list[str]:
        """Return in words the rules among these settings, for an error that names them.

        Example:
            >>> DecodeOptions(min_length=2, no_repeat_ngram=1).told()
            ['min_length=2', 'no_repeat_ngram=1']
        """
        rules = {"min_length": 0, "no_repeat_ngram": 0}
        return [
            f"{name}={getattr(self, name)}"
            for name, off in rules.items()
            if getattr(self, name) != off
        ]
