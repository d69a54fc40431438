"""Find the type of answer that a question asks for, by rules.

Three rules are tried in turn: a word that asks for one type only (谁, 哪里, 多少); the
noun after 哪 or 什么 (哪个城市, 什么公司); the noun at the end of the question
(中国的首都是, 播出时间). If none applies, the type is `other`, as for why and how.

The nouns of each type are in nouns.txt. Some have the type `other`, so that 城墙 does
not count as a 城, nor 日语 as a 日.
"""

import functools
import pathlib
import re

from nlg.qa.config import OTHER
from nlg.text.normalize import fold_width, to_simplified

ASKING = {  # words that ask for one type; the first match decides
    "time": r"何时|何[年月日]|几时|几[月号点日]|[周星期]几|什么时|啥时|[哪那]时|哪会儿",
    "number": r"多少|第几|百分之几"
    r"|(?<!哪)几[个名位种年天岁人次本部集条座家所级届层代度元块米分小倍期季周口只道章]"
    r"|(?<!哪)几[节卷场省国千百万十亿首张支头根颗门间对]"
    r"|(?<![很最许更众])多(?:久|远|宽|深|厚|快|大(?![学型量约数家部])|高(?![中校级]))"
    r"|(?<![很最许更众])多(?:长(?!时)|重(?![要新]))",
    "person": r"谁|何人|哪一?位",
    "place": r"哪里|哪儿|那[里儿]\s*\?*$|何[处地]|[在去到自于]哪(?=[边出呢\s?]|$)",
}
COUNTED = "[一几两]?[些个位名家所支座条种款类届任]?"  # 一个, 几位
WHICH = re.compile(
    f"(?:哪|那|什么|啥|何){COUNTED}(?P<asked>[^的是为在被由让使有与和,。、?]{{0,7}})"
)
END = re.compile(  # … 的首都是, … 的首都叫什么名字？
    r"的?(?:名字|名称|名)?(?:分别|主要)?(?:[是为叫]|叫做|叫作|称为|指的?是?|在于|有)?"
    rf"(?:什么|啥|哪{COUNTED})?(?:名字|名称|名)?[\s?:。,;_()]*$"
)


def answer_type(question: str) -> str:
    """Return the type that a question asks for, one of `ANSWER_TYPES`.

    Example:
        >>> answer_type("《红楼梦》的作者是谁？"), answer_type("珠峰有多高")
        ('person', 'number')
        >>> answer_type("哪个城市是中国的首都？"), answer_type("中国的首都是")
        ('place', 'place')
    """
    question = fold_width(to_simplified(question))
    for kind, words in ASKING.items():
        if re.search(words, question):
            return kind
    for asked in WHICH.finditer(question):
        kind = _first_noun(asked["asked"])
        if kind:
            return kind
    return _last_noun(END.sub("", question, count=1))


@functools.cache
def _nouns() -> dict[str, str]:
    """Return the type of each noun."""
    path = pathlib.Path(__file__).with_name("nouns.txt")
    rows = (line.split("\t") for line in path.read_text("utf-8").splitlines())
    return {noun: kind for kind, nouns in rows for noun in nouns.split()}


@functools.cache
def _longest() -> int:
    return max(map(len, _nouns()))


def _first_noun(phrase: str) -> str:
    """Return the type of the first noun, or ""; one character counts at the start."""
    for start in range(len(phrase)):
        for length in range(_longest(), 1 if start else 0, -1):
            noun = phrase[start : start + length]
            if len(noun) == length and noun in _nouns():
                return _nouns()[noun]
    return ""


def _last_noun(phrase: str) -> str:
    """Return the type of the longest noun that ends `phrase`, of two characters up."""
    for length in range(_longest(), 1, -1):
        if phrase[-length:] in _nouns():
            return _nouns()[phrase[-length:]]
    return OTHER
