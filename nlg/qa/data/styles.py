"""Say the style of the answers of whole sources, by patterns on their names.

webqa*=entity      the questions of WebQA are answered by a name or a number
cmrc*=phrase       those of CMRC 2018 by a piece of a sentence
"""

from collections.abc import Sequence

from nlg.config import values_of_sources
from nlg.errors import OptionError
from nlg.qa.config import STYLES
from nlg.qa.data.read import Question


def style_of(text: str) -> tuple[str, str]:
    """Return the pattern and the style of a setting; without a pattern it fits all.

    Example:
        >>> style_of("cmrc*=phrase"), style_of("entity")
        (('cmrc*', 'phrase'), ('*', 'entity'))
    """
    pattern, _, style = text.rpartition("=")
    if style not in STYLES:
        raise OptionError(
            f"style: {text}: write it as pattern=style, such as cmrc*=phrase; a style "
            f"is {' or '.join(STYLES)}"
        )
    return pattern or "*", style


def styled(questions: Sequence[Question], settings: Sequence[str]) -> list[Question]:
    """Return `questions`, each with the style of the last setting that fits its source.

    A question that has a style keeps it.

    Raises:
        OptionError: a pattern fits no source; the nearest one is named.
    """
    sources = sorted({question.source for question in questions})
    styles = values_of_sources("style", map(style_of, settings), sources)
    return [
        question._replace(style=question.style or styles.get(question.source, ""))
        for question in questions
    ]
