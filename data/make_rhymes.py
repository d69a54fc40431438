"""Make the rhyme table that `nlg.text.prosody` reads.

    python data/make_rhymes.py RHYME_FOLDER nlg/text/rhymes.txt

RHYME_FOLDER holds `pingshui.json` (section -> group -> characters) and `xinyun.json`
(group -> 平 or 仄 -> characters) of github.com/charlesix59/chinese_word_rhyme (MIT).
Its third file, `tones.json`, is not read: it knows no character that 平水韵 lacks, and
where the two differ (157 characters, 空 among them) 平水韵 is right.

The source lacks one group, 三讲, and some common characters that two traditional
spellings share today or that have an older twin (溪 and 谿); `LOST` puts them back
where 平水韵 has them.

A line of the table is `book TAB tone TAB group TAB characters`. The tone is 平, 上,
去 or 入 in 平水韵, 平 or 仄 in 中华新韵. Groups keep the order of the book, the
characters of a group stand in the order of their code points, and a character that is
read in several ways stands in several groups.
"""

import json
import pathlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any

HEADER = (
    "# Facts of the rhyme books, taken from charlesix59/chinese_word_rhyme (MIT) by "
    "data/make_rhymes.py: book, tone, group, characters."
)
SECTION_TONES = {
    "上平声部": "平",
    "下平声部": "平",
    "上声部": "上",
    "去声部": "去",
    "入声部": "入",
}
LOST = {
    "一东": "葱",
    "四支": "攲敧絺",
    "七虞": "炉癯菩",
    "八齐": "溪啼悽",
    "九佳": "厓",
    "十灰": "腮",
    "十一真": "蘋珉",
    "十二文": "濆",
    "十三元": "樽",
    "十四寒": "乾",
    "一先": "乾胭燃",
    "三肴": "抄",
    "五歌": "它疴",
    "六麻": "拿",
    "七阳": "昂彊岗糠",
    "八庚": "粳",
    "十蒸": "徵",
    "十一尤": "勾雠",
    "十二侵": "沉",
    "十三覃": "惭",
    "十四盐": "粘",
    "三讲": "讲港棒蚌项",
    "四纸": "徵",
    "七麌": "睹坞",
    "十四旱": "碗",
    "十九皓": "扫稿",
    "二十二养": "彊",
    "十七霰": "遍炼",
    "二十号": "扫灶",
    "一屋": "曝",
    "二沃": "斸",
    "六月": "袜",
    "十药": "着",
    "十一陌": "迹",
}


def row(book: str, tone: str, group: str, characters: Iterable[str]) -> str:
    """Return one line of the table: 平水韵, 平, 三江, 厐双咙… with tabs between."""
    return "\t".join((book, tone, group, "".join(sorted(set(characters)))))


def pingshui_groups(sections: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield tone, group, characters; 入声一屋 is called 一屋 like all others."""
    for section, tone in SECTION_TONES.items():
        for group, characters in sections[section].items():
            yield tone, group.removeprefix("入声"), "".join(characters)
            if group == "二肿":
                yield tone, "三讲", ""


def pingshui_rows(sections: dict[str, Any]) -> Iterator[str]:
    """Yield the 106 groups of 平水韵, `LOST` characters included."""
    for tone, group, characters in pingshui_groups(sections):
        yield row("平水韵", tone, group, characters + LOST.get(group, ""))


def xinyun_rows(groups: dict[str, Any]) -> Iterator[str]:
    """Yield the 14 groups of 中华新韵, each with its level and its oblique half."""
    for group, halves in groups.items():
        for tone in "平仄":
            yield row("中华新韵", tone, group, halves[tone])


def main(folder: str, out: str) -> None:
    """Read both books from `folder` and write the table to `out`."""
    source = pathlib.Path(folder)
    pingshui = json.loads((source / "pingshui.json").read_text("utf-8"))
    xinyun = json.loads((source / "xinyun.json").read_text("utf-8"))
    rows = [HEADER, *pingshui_rows(pingshui), *xinyun_rows(xinyun)]
    pathlib.Path(out).write_text("\n".join(rows) + "\n", "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python data/make_rhymes.py RHYME_FOLDER OUT")
    main(*sys.argv[1:])
