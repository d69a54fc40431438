"""What `Composer.write` may be asked for, and the names that it knows.

A command imports this file for its help, so it imports next to nothing.
"""

import dataclasses
import math

from nlg.config import check_bounds
from nlg.errors import OptionError

PERIODS = {  # and the dynasties that count as each
    "古": ("秦", "汉", "三国", "晋", "南北朝"),
    "唐": ("隋", "唐", "五代十国", "五代"),
    "宋": ("宋", "辽", "金"),
    "元": ("元",),
    "明": ("明",),
    "清": ("清", "近代"),
}
SENTIMENTS = ("sad", "wistful", "calm", "cheerful", "glad")
ACROSTICS = ("head", "tail", "diagonal")
BEAMS = 8
SOURCE_WORDS = 4  # of a theme; a writer is trained with as many at most
LONGEST_WORD = 4  # characters
LONGEST_TITLE = 16  # characters that are read
LONGEST_THEME = 200
COMMA = "、"  # between words of a source


@dataclasses.dataclass(frozen=True)
class PoemRequest:
    """Poems on demand; what is empty is left to the writer.

    Example:
        >>> PoemRequest(theme="秋思", form="七绝", period="唐", count=3).beam
        0
    """

    form: str = ""  # "": the one that all parts fit, else 七绝
    theme: str = ""  # words, or prose that has them
    title: str = ""
    period: str = ""  # of `PERIODS`
    sentiment: str = ""  # of `SENTIMENTS`
    author: str = ""
    acrostic: str = ""  # one character a line
    acrostic_at: str = "head"  # of `ACROSTICS`
    first_line: str = ""
    keep: str = ""  # a whole poem, with "_" for each free character
    rhyme: str = ""  # a level group of 平水韵, 七阳 or 阳
    like: str = ""  # poem whose latent the new ones get
    latents: tuple[tuple[float, ...], ...] | None = None  # (M, Z): `count` poems each
    rules: bool = True  # rhyme and tone pattern
    count: int = 1
    seed: int = 1
    beam: int = 0  # beams of a search; 0 draws
    temperature: float = 0.8  # of what is drawn; 0 takes the most probable
    top_p: float = 0.95  # share of the probability that is drawn from
    candidates: int = 4  # poems drawn for each one returned
    theme_weight: float = 4.0  # nats that a character of the theme's words gains
    guidance: float = 2.5  # weight of period, sentiment, author; 1 as in training

    def __post_init__(self) -> None:
        """Refuse values out of bounds, and what contradicts itself."""
        check_bounds(
            self,
            {
                "count": (1, math.inf),
                "seed": (0, math.inf),
                "beam": (0, BEAMS),
                "temperature": (0, 10),
                "top_p": (1e-6, 1),
                "candidates": (1, 10_000),
                "theme_weight": (0, 20),
                "guidance": (0, 20),
            },
        )
        if self.beam and self.count > self.beam:
            raise OptionError(
                f"{self.count} poems of {self.beam} beams; search with more, or draw"
            )
        if self.title and self.theme:
            raise OptionError("a title and a theme exclude each other; give one")
        if self.like and self.latents is not None:
            raise OptionError("like and latents exclude each other; give one")
        if self.rhyme and not self.rules:
            raise OptionError(
                f"a rhyme ({self.rhyme}) and free verse exclude each other; give one"
            )
        if self.acrostic_at not in ACROSTICS:
            raise OptionError(
                f"no acrostic {self.acrostic_at!r}; choose {', '.join(ACROSTICS)}"
            )
