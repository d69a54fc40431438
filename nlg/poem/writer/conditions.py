"""The conditions of a writer, as classes of four kinds.

    form        五绝 七绝 五律 七律
    period      古 唐 宋 元 明 清
    sentiment   1 (sad) … 5 (glad)
    author      those with enough poems

Class 0 of each kind means no condition (`nlg.layers.condition`). This file knows no
network.
"""

import collections
import difflib
import pathlib
from collections.abc import Iterable
from typing import NamedTuple

from nlg.errors import DataError, OptionError
from nlg.poem.request import PERIODS, SENTIMENTS
from nlg.text.forms import FORMS
from nlg.text.poem_records import Poem

PERIOD_OF = {name: period for period, names in PERIODS.items() for name in names}
KINDS = ("form", "period", "sentiment", "author")
UNCONDITIONED = 0
SHOWN = 6  # names in an error
AUTHORS = "authors.txt"  # their names, in the folder of a run or of a checkpoint


class ConditionIds(NamedTuple):
    """The class of each kind, `UNCONDITIONED` where there is none."""

    form: int = UNCONDITIONED
    period: int = UNCONDITIONED
    sentiment: int = UNCONDITIONED
    author: int = UNCONDITIONED


class Conditions:
    """The classes that a model knows; which authors depends on its training poems."""

    def __init__(self, authors: Iterable[str]):
        self.names = {
            "form": tuple(FORMS),
            "period": tuple(PERIODS),
            "sentiment": SENTIMENTS,
            "author": tuple(authors),
        }
        self._ids = {
            kind: {name: number for number, name in enumerate(names, 1)}
            for kind, names in self.names.items()
        }

    @classmethod
    def from_poems(cls, poems: Iterable[Poem], least: int) -> "Conditions":
        """Know the authors of `least` poems or more, the most prolific first."""
        counts = collections.Counter(poem.author for poem in poems if poem.author)
        return cls(author for author, n in counts.most_common() if n >= least)

    @classmethod
    def load(cls, path: pathlib.Path) -> "Conditions":
        """Read the authors that `save` wrote."""
        try:
            return cls(path.read_text("utf-8").splitlines())
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path} cannot be read: {error}") from None

    def save(self, path: pathlib.Path) -> None:
        """Write the authors, one a line."""
        authors = self.names["author"]
        path.write_text("".join(f"{name}\n" for name in authors), "utf-8")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return how many classes each kind has, 0 not counted; no kind has none."""
        return tuple(max(1, len(self.names[kind])) for kind in KINDS)

    def ids_of(self, **names: str) -> ConditionIds:
        """Return the classes of `names`, by kind; "" is no condition.

        Raises:
            OptionError: no such class; one that is like it is named.

        Example:
            >>> Conditions(["李白"]).ids_of(form="七绝", author="李白")
            ConditionIds(form=2, period=0, sentiment=0, author=1)
        """
        found = {}
        for kind, name in names.items():
            known = self._ids[kind]
            if name and name not in known:
                raise OptionError(f"no {kind} {name[:20]!r}; {_near(name, known)}")
            found[kind] = known.get(name, UNCONDITIONED)
        return ConditionIds(**found)

    def of(self, poem: Poem, sentiment: int = UNCONDITIONED) -> ConditionIds:
        """Return the classes of `poem`; `UNCONDITIONED` where the model has none."""
        return ConditionIds(
            self._ids["form"][poem.form],
            self._ids["period"].get(PERIOD_OF.get(poem.dynasty, ""), UNCONDITIONED),
            sentiment,
            self._ids["author"].get(poem.author, UNCONDITIONED),
        )


def _near(name: str, known: Iterable[str]) -> str:
    """Return which of the `known` names are like `name`, or which there are.

    Names of two characters are like another if they have one in common.
    """
    near = difflib.get_close_matches(name, known, SHOWN, cutoff=0.4)
    if near:
        return f"did you mean {' or '.join(near)}?"
    first = list(known)
    more = f" and {len(first) - SHOWN} more" if len(first) > SHOWN else ""
    return f"there are {', '.join(first[:SHOWN])}{more}" if first else "there is none"
