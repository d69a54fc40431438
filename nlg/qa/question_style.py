"""Find the style of answer that a question asks for, by rules: an entity or a phrase.

    entity   a name or a number by itself, as WebQA's annotators answered
    phrase   a piece of a sentence, as those of CMRC 2018 did

A question that says what a thing is and asks for its name (称为什么, 哪种, 的是) wants
an entity. A question for a reason, a manner or a list (为什么, 怎样, 哪些), or in the
words of a report (何时, 由谁), wants a phrase. Any other question tells no style.
"""

import re

from nlg.qa.config import ENTITY, PHRASE
from nlg.text.normalize import fold_width, to_simplified

ASKS_FOR_PHRASE = re.compile(
    r"(?<![称名成作视])为什么|为何|怎|如何|哪些|哪[两三几]|有何|何[时处地种]|什么(?:是|时[候间]|样)"
    r"|原因|特[点征]|作用|影响|意义|目的|内容|方式|情况|由谁|了什么|有什么|多久|首次|被称为"
)
ASKS_FOR_ENTITY = re.compile(
    r"叫|称|古代|我国|请问|哪[位种国首座部]|的是|是谁|第一|之一"
    r"|(?:[是为在有]|属于|位于)[\s?:。,;]*$"
)


def answer_style(question: str) -> str:
    """Return the style that a question asks for, one of `STYLES`, or "".

    Example:
        >>> answer_style("蝉又称为什么？"), answer_style("蝉为什么叫？")
        ('entity', 'phrase')
        >>> answer_style("蝉有几只脚？")
        ''
    """
    question = fold_width(to_simplified(question))
    if ASKS_FOR_PHRASE.search(question):
        return PHRASE
    return ENTITY if ASKS_FOR_ENTITY.search(question) else ""
