"""Questions about a name that their passage does not tell of, but for another like it.

    中国的首都是哪里？ of a passage about 中国    ->    法国的首都是哪里？ has no answer

A reader that looks for what is asked for, and not about what, answers these too: the
passage has a thing of the right kind, next to words of the question (SQuAD 2.0 calls it
an entity swap, arXiv:1806.03822). Names are found and told apart by jieba's tags.
"""

import collections
import random
import re
from collections.abc import Iterator, Sequence

from nlg.qa.data.examples import Example
from nlg.qa.data.negatives import Watch
from nlg.qa.data.question_templates import TITLE, Name
from nlg.text.words import part_of_speech, tagged_words

# Tags of jieba's dictionary. What it only guesses, or calls nrt or nz, may be no name.
KINDS = {"nr": "person", "ns": "place", "nt": "organisation"}
SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶"
    "程苏魏吕丁任沈姚卢姜崔钟谭陆汪范石廖贾夏韦付方邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛"
    "郝龚邵万钱严覃武戴莫孔向汤岳鲍霍柳欧屈司诸"
)
GENERIC = re.compile("[外全我各两本王]国|联合王国|共和国")
ENDINGS = frozenset("国省市县区州镇村岛河江湖山海洋路街桥站寺庙宫党军队会院校部局厂社")
TITLED = "title"  # the kind of what stands in 《》
LONGEST_PERSON = 3  # characters
# What stands beside names that are whole: the ends of a text, marks, and small words.
MARKS = "\n，。、？！：；「」『』《》“”()（）"
BETWEEN = frozenset(("", *MARKS, *"的在是为于和与及之有位至从对由等被把向将以曾已了人"))
LEAST = 2  # questions that have a name: more than an accident of segmenting
Alike = tuple[str, str]  # kind, and what a name of it ends with


def exchanged(
    examples: Sequence[Example],
    share: float,
    seed: int,
    watch: Watch = lambda items, label: items,
) -> Iterator[tuple[Example, Example]]:
    """Yield examples with an answer, each with its twin that has none.

    The twin asks about another name, of the questions of all `examples`, that is of the
    same kind and neither in the passage nor in the question.

    Args:
        examples: they stay as they are.
        share: of those that have an answer, and a name of the passage in the question.
        seed: of what is drawn.
        watch: hands on what takes time, and is told what it is for.
    """
    if not share:
        return
    rng = random.Random(seed)
    named = [_names(example.question) for example in watch(examples, "names")]
    told = collections.Counter(name for found in named for name in found)
    asked = [
        (example, [x for x in found if _is_asked_about(x, example, told[x])])
        for example, found in zip(examples, named, strict=True)
    ]
    others: dict[Alike, list[str]] = collections.defaultdict(list)
    for name in dict.fromkeys(name for _, found in asked for name in found):
        others[alike(name)].append(name.text)
    for example, found in asked:
        if found and rng.random() < share:
            twin = _twin(example, rng.choice(found), others, rng)
            if twin:
                yield example, twin


def alike(name: Name) -> Alike:
    """Return what two names have in common of which one may stand for the other.

    Example:
        >>> alike(Name("浙江省", 0, "place")), alike(Name("鲁迅", 0, "person"))
        (('place', '省'), ('person', ''))
    """
    ends = name.kind != "person" and name.text[-1] in ENDINGS
    return name.kind, name.text[-1] if ends else ""


def _is_asked_about(name: Name, example: Example, told: int) -> bool:
    """Return whether a passage tells of a name of its question that is not asked for.

    Args:
        name: of the question.
        example: its passage and answer.
        told: how many questions have the name.
    """
    _, passage, question, answer, start, _ = example
    known = told >= LEAST or name.kind == TITLED
    apart = name.text not in answer and answer not in name.text
    whole = _is_whole(name.text, f"{passage}\n{question}")
    return start >= 0 and known and name.text in passage and apart and whole


def _is_whole(name: str, text: str) -> bool:
    """Return whether a name is no part of a longer one: its neighbours vary.

    Example:
        >>> _is_whole("中国", "中国在亚洲。中国队"), _is_whole("中国", "中国队，中国队")
        (True, False)
    """
    places = [match.start() for match in re.finditer(re.escape(name), text)]
    before = {text[place - 1 : place] for place in places}
    after = {text[place + len(name) :][:1] for place in places}
    joined = any(len(x) == 1 and not x & BETWEEN for x in (before, after))
    return not joined and "·" not in before | after


def _names(text: str) -> list[Name]:
    """Return the names of a text, each once: those of the dictionary, and titles."""
    titles = [Name(title, 0, TITLED) for title in TITLE.findall(text)]
    tagged = (
        Name(word, 0, KINDS[tag])
        for word, tag in tagged_words(TITLE.sub("", text))
        if tag in KINDS and part_of_speech(word) == tag and len(word) > 1
    )
    return list(dict.fromkeys([*titles, *filter(_is_one, tagged)]))


def _is_one(name: Name) -> bool:
    if name.kind == "person":
        return name.text[0] in SURNAMES and len(name.text) <= LONGEST_PERSON
    return not GENERIC.fullmatch(name.text)


def _twin(
    example: Example, name: Name, others: dict[Alike, list[str]], rng: random.Random
) -> Example | None:
    """Return `example` asked about another name, unanswered; None if none fits."""
    near = example.passage + example.question
    fitting = [
        other
        for other in others[alike(name)]
        if other not in near and name.text not in other
    ]
    if not fitting:
        return None
    question = example.question.replace(name.text, rng.choice(fitting))
    return example._replace(question=question, answer="", start=-1)
