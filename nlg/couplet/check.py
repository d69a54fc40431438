"""Look at a couplet that a person typed: length, marks, repeats and tones.

    check_couplet("晚风摇树树还挺", "晨露润花花更红").clean

The rules are those of `nlg.text.couplets`.
"""

from typing import Any, NamedTuple

from nlg.couplet.dataset import cleaned
from nlg.errors import OptionError
from nlg.text import couplets
from nlg.text.couplets import Couplet
from nlg.text.normalize import verses
from nlg.text.rhymes import PINGSHUI


class CheckedCouplet(NamedTuple):
    """A couplet and what is found in it."""

    first_line: str  # in simplified characters, without marks at its end
    second_line: str
    tones: tuple[str, str]  # 平 仄 多 ？ and the marks, of 上联 and of 下联
    violations: tuple[couplets.Violation, ...]
    book: str  # whose tones these are
    parallelism: couplets.Parallelism | None = None  # None: not looked for

    @property
    def clean(self) -> bool:
        """Return whether no rule is broken."""
        return not self.violations

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        facts: dict[str, Any] = {
            "first_line": self.first_line,
            "second_line": self.second_line,
            "tones": self.tones,
            "violations": [one._asdict() for one in self.violations],
            "clean": self.clean,
        }
        if self.parallelism:
            pairs = [
                one._asdict() | {"alike": one.alike} for one in self.parallelism.pairs
            ]
            facts["parallelism"] = self.parallelism._asdict() | {"pairs": pairs}
        return facts | {"book": self.book}


def check_couplet(
    first_line: str,
    second_line: str,
    book: str = PINGSHUI,
    allow_particles: bool = False,
) -> CheckedCouplet:
    """Return the tones of a couplet as people type it, and the rules that it breaks.

    Args:
        first_line: 上联.
        second_line: 下联.
        book: 平水韵 or 中华新韵.
        allow_particles: let 之 and other particles stand at one place in both lines.

    Raises:
        OptionError: a line has no Chinese character, or there is no such book.
    """
    return checked(typed_couplet(first_line, second_line), book, allow_particles)


def checked(
    couplet: Couplet,
    book: str = PINGSHUI,
    allow_particles: bool = False,
    parallelism: bool = False,
) -> CheckedCouplet:
    """Return what is found in a clean couplet; with `parallelism`, by jieba too."""
    verdict = couplets.check_couplet(*couplet, book, allow_particles)
    words = couplets.parallelism(*couplet) if parallelism else None
    return CheckedCouplet(*couplet, verdict.tones, verdict.violations, book, words)


def typed_couplet(first_line: str, second_line: str) -> Couplet:
    """Return a couplet as people type it, in simplified characters.

    Raises:
        OptionError: a line has no Chinese character.
    """
    couplet = cleaned(first_line, second_line)
    for name, line in zip(("上联", "下联"), couplet, strict=True):
        if not verses(line):
            start = line[:20] or "an empty text"
            raise OptionError(f"{name}: {start} has no Chinese characters")
    return couplet
