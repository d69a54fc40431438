"""How much of each source of a training set an epoch has, by patterns on names."""

from collections.abc import Sequence

from nlg.config import values_of_sources
from nlg.errors import OptionError


def share_of(text: str) -> tuple[str, float]:
    """Return the pattern and the share of a setting in `shares`.

    Example:
        >>> share_of("kgclue*=0.25")
        ('kgclue*', 0.25)
    """
    pattern, _, number = text.rpartition("=")
    try:
        share = float(number)
    except ValueError:
        share = -1.0
    if not pattern or not 0 <= share <= 1:
        raise OptionError(
            f"shares: {text}: write it as pattern=share, such as kgclue*=0.25; a share "
            "is from 0 to 1"
        )
    return pattern, share


def shares_of_sources(settings: Sequence[str], sources: Sequence[str]) -> list[float]:
    """Return the share of each of `sources`: of the last pattern that fits it, or 1.

    Raises:
        OptionError: a pattern fits none; the nearest source is named.

    Example:
        >>> shares_of_sources(["news*=0.5"], ["news_2016.txt", "laws.txt"])
        [0.5, 1.0]
    """
    found = values_of_sources("shares", map(share_of, settings), sources)
    return [found.get(source, 1.0) for source in sources]
