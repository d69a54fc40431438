"""Written poems as lines to print, or as JSON.

A command imports this file when it runs.
"""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from nlg.text.forms import MARKS

if TYPE_CHECKING:
    from nlg.poem.vae.poet import WrittenPoem
    from nlg.poem.writer.composer import Composed

    Written = WrittenPoem | Composed


def printed(
    poems: "Iterable[Written]", about: dict[str, int], options: dict[str, Any]
) -> Iterator[str]:
    """Yield the lines to print, blank ones between poems.

    Args:
        poems: as they come.
        about: what else each is told of in JSON, such as the seed.
        options: `as_json` and `traditional`, of the command.
    """
    for number, poem in enumerate(poems):
        if options["as_json"]:
            yield as_object(poem, about, options)
            continue
        if number:
            yield ""
        lines = shown(poem, options)
        for first, second in zip(lines[::2], lines[1::2], strict=True):
            yield f"{first}{MARKS[0]}{second}{MARKS[1]}"


def as_object(poem: "Written", about: dict[str, int], options: dict[str, Any]) -> str:
    """Return a poem as JSON."""
    facts = poem._asdict() | {"lines": shown(poem, options), **about}
    return json.dumps(facts, ensure_ascii=False)


def shown(poem: "Written", options: dict[str, Any]) -> list[str]:
    """Return the lines of a poem in the characters asked for."""
    if not options["traditional"]:
        return list(poem.lines)
    from nlg.text.normalize import to_traditional

    return to_traditional("\n".join(poem.lines)).split("\n")
