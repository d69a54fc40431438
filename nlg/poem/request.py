"""What the poets may be asked for: `Poet`, `Composer` and the map of poems.

A command imports this file for its help, so it imports next to nothing.
"""

import dataclasses
import math
import pathlib

from nlg.config import check_bounds
from nlg.errors import OptionError

SOURCES = ("cluster", "reconstruct", "interpolate", "near", "latents")
METHODS = ("kmeans", "mixture")
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
class SampleRequest:
    """Poems of the VAE: random ones, or from one of `SOURCES`.

    Example:
        >>> SampleRequest("七绝", count=3, seed=1).source
        ''
        >>> SampleRequest(near="床前明月光疑是地上霜举头望明月低头思故乡").source
        'near'
    """

    form: str = ""  # "": that of the poem or of the latents, else 七绝
    count: int = 1  # of random poems, and of those `near` another
    seed: int = 1
    cluster: str | None = None  # number, name or a character of a cluster of the map
    map_folder: pathlib.Path | None = None  # default: the shipped map
    reconstruct: str | None = None  # poem that is encoded and decoded
    interpolate: tuple[str, str] | None = None  # two poems of one form
    steps: int = 5  # poems of an interpolation, both ends included
    near: str | None = None  # poem whose surroundings are sampled
    radius: float = 0.5  # standard deviation of a unit around `near`; the prior's is 1
    latents: tuple[tuple[float, ...], ...] | None = None  # (B, Z), decoded in turn
    places: tuple[tuple[int, int], ...] | None = None  # seed and number of each latent
    temperature: float | None = None  # None: 0.6, and 0 for a source that is rebuilt
    latent_temperature: float = 1.0  # standard deviation of a random latent
    candidates: int = 8  # random poems written for each one returned
    rules: bool = True  # rhyme and tone pattern

    def __post_init__(self) -> None:
        """Refuse values out of bounds, and two sources."""
        check_bounds(
            self,
            {
                "count": (1, math.inf),
                "seed": (0, math.inf),
                "steps": (2, 10_000),
                "radius": (0, 10),
                "latent_temperature": (0, 10),
                "candidates": (1, 10_000),
                "temperature": (0, 10),
            },
        )
        given = [name for name in SOURCES if getattr(self, name) is not None]
        if len(given) > 1:
            raise OptionError(f"{' and '.join(given)} exclude each other; give one")
        if self.places and len(self.places) != len(self.latents or ()):
            raise OptionError("places has a seed and a number for each of latents")

    @property
    def source(self) -> str:
        """Return which of `SOURCES` is given, "" for random poems."""
        return next((n for n in SOURCES if getattr(self, n) is not None), "")

    @property
    def poems(self) -> tuple[str, ...]:
        """Return the texts of the poems that are encoded."""
        one = self.reconstruct if self.near is None else self.near
        return self.interpolate or (() if one is None else (one,))

    @property
    def warmth(self) -> float:
        """Return the temperature of the characters; 0 takes the most probable."""
        if self.temperature is not None:
            return self.temperature
        return 0.0 if self.source in ("reconstruct", "interpolate") else 0.6


@dataclasses.dataclass(frozen=True)
class MapRequest:
    """A map of the poems of a file."""

    clusters: int = 24
    method: str = "kmeans"  # one of METHODS
    limit: int = 60_000  # poems, drawn at random from more
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be clustered."""
        check_bounds(self, {"clusters": (1, 255), "limit": (1, math.inf)})
        if self.method not in METHODS:
            raise OptionError(
                f"no method {self.method!r}; there are {', '.join(METHODS)}"
            )


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
