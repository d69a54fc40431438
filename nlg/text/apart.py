"""One regulated poem, several in one record, or a 词: by title, tune and rhyme.

Eight lines of one length are one 律诗 if they rhyme through. If each half rhymes by
itself they are two 绝句, or a poem of an older kind whose rhyme changes:

    人闲桂花落，夜静春山空。月出惊山鸟，时鸣春涧中。      空 中   一东
    空山不见人，但闻人语响。返景入深林，复照青苔上。      响 上   养韵

A title that counts (…二首) says how many poems to look for. A tune's name says 词 where
the line lengths and the tones of the rhymes are that tune's.
"""

import collections
import functools
import re
from collections.abc import Sequence

from nlg.text.forms import form_of
from nlg.text.poem_records import Record
from nlg.text.prosody import tone_violations
from nlg.text.readings import line_tones, rhyme_groups, tones
from nlg.text.rhymes import LEVEL
from nlg.text.tunes import sung_to, titled

CI = "a 词, not a regulated poem"
CHANGES = "its rhyme changes: several poems, or one of an older kind"
DIGITS = {digit: number for number, digit in enumerate("一二三四五六七八九十", 1)}
COUNT = re.compile(
    "([两二三四五六七八九十])(?:首|绝|章)$"
)  # none after it, such as 其一
QUATRAIN, REGULATED = 4, 8  # lines
# The groups of 平水韵 that rhyme with each other outside 律诗, as 词林正韵 joins them;
# level tone and oblique tones apart, as are the four 入声.
JOINED = (
    *("东冬", "江阳", "支微齐灰", "鱼虞", "佳灰", "真文元", "寒删先元", "萧肴豪", "歌"),
    *("佳麻", "庚青蒸", "尤", "侵", "覃盐咸", "董肿送宋", "讲养绛漾"),
    *("纸尾荠贿寘未霁泰队", "语麌御遇", "蟹贿泰卦队", "轸吻阮震问愿"),
    *("旱潸铣阮翰谏霰愿", "筱巧皓啸效号", "哿个", "马卦祃", "梗迥敬径", "有宥", "寝沁"),
    *("感琰豏勘艳陷", "屋沃", "觉药", "质物锡职陌缉", "物月曷黠屑叶", "合洽"),
)


def apart(record: Record) -> list[Record]:
    """Return the poems of a record, whose text is simplified, or it with a `reason`.

    Example:
        >>> lines = ["寒雨连江夜入吴", "平明送客楚山孤"]
        >>> lines += ["洛阳亲友如相问", "一片冰心在玉壶"]
        >>> lines += ["丹阳城南秋海阴", "丹阳城北楚云深"]
        >>> lines += ["高楼送客不能醉", "寂寂寒江明月心"]
        >>> found = apart(Record("poems.json:7", tuple(lines), "芙蓉楼送辛渐二首"))
        >>> [(poem.part, poem.lines[0]) for poem in found]
        [(1, '寒雨连江夜入吴'), (2, '丹阳城南秋海阴')]
    """
    lines = record.lines
    if record.tune or sung_to(titled(record.title), lines):
        return [record._replace(reason=CI)]
    counted = COUNT.search(record.title)
    count = DIGITS.get(counted[1], 2) if counted else 1
    if len(lines) == REGULATED and form_of(lines):
        return _one_or_two(record, count)
    for size in (QUATRAIN, REGULATED):
        parts = [lines[i : i + size] for i in range(0, len(lines), size)]
        if 1 < count == len(parts) and _are_poems(parts):
            return _split(record, parts)
    return [record]


def rhyme(lines: Sequence[str]) -> bool:
    """Return whether the even lines rhyme, loosely; of four or more but one may not.

    The book lacks readings, 先 in 一先 among them. An unknown character rhymes.

    Example:
        >>> rhyme(["人闲桂花落", "夜静春山空", "月出惊山鸟", "时鸣春涧中"])
        True
    """
    feet = _feet(lines)
    counts = collections.Counter(sound for foot in feet for sound in _sounds(foot))
    return max(counts.values()) >= len(feet) - (len(feet) > 3)


def _one_or_two(record: Record, count: int) -> list[Record]:
    """Return the poems of eight lines; `count` is what the title says."""
    halves = [record.lines[:QUATRAIN], record.lines[QUATRAIN:]]
    if rhyme(record.lines) and not (count > 1 and _begins_with_rhyme(halves[1])):
        return [record]
    if all(map(rhyme, halves)):
        sure = count == len(halves) or all(map(_is_clean, halves))
        if sure and all(map(_is_level, halves)):
            return _split(record, halves)
        return [record._replace(reason=CHANGES)]
    return [record._replace(reason=CHANGES if count > 1 else "")]


def _split(record: Record, parts: Sequence[Sequence[str]]) -> list[Record]:
    return [
        record._replace(lines=tuple(part), part=number)
        for number, part in enumerate(parts, 1)
    ]


def _are_poems(parts: Sequence[tuple[str, ...]]) -> bool:
    """Return whether all parts are of one form, and rhyme, but not with one another."""
    forms = {form_of(part) for part in parts}
    if len(forms) > 1 or None in forms or not all(map(rhyme, parts)):
        return False
    return not rhyme([line for part in parts for line in part])


def _begins_with_rhyme(lines: Sequence[str]) -> bool:
    """Return whether the first line rhymes in level tone; line 5 of 律诗 never does."""
    first = lines[0][-1]
    return tones(first) == {LEVEL} and bool(_sounds(first) & _sounds(lines[1][-1]))


def _is_level(lines: Sequence[str]) -> bool:
    return all(LEVEL in tones(foot) for foot in _feet(lines))


def _is_clean(lines: Sequence[str]) -> bool:
    return not tone_violations([line_tones(line) for line in lines])


def _feet(lines: Sequence[str]) -> list[str]:
    return [line[-1] for line in lines[1::2]]


EVERY = frozenset(range(len(JOINED)))


@functools.cache
def _sounds(character: str) -> frozenset[int]:
    """Return the numbers, in JOINED, of what a character rhymes with."""
    groups = {name[-1] for name in rhyme_groups(character, level_only=False)}
    found = {n for n, joined in enumerate(JOINED) if groups & set(joined)}
    return frozenset(found) or EVERY
