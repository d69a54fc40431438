"""What `Poet.write` and the map of poems may be asked for.

A command imports this file for its help, so it imports next to nothing.
"""

import dataclasses
import math
import pathlib

from nlg.config import check_bounds
from nlg.errors import OptionError

SOURCES = ("cluster", "reconstruct", "interpolate", "near", "latents")
METHODS = ("kmeans", "mixture")


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
