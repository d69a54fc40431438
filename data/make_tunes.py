"""Make the table of tunes (词谱) that `nlg.text.tunes` reads.

    python data/make_tunes.py tunes.json.gz verse.jsonl.gz nlg/text/tunes.txt.gz

The source is github.com/hulbji/couyun (MIT): the variants of 钦定词谱, and for 163
tunes those of 龙榆生, 唐宋词格律. It writes a variant's lines as tones with a word at
each stop, `中仄平平句中仄仄平平韵`, and beside them the tones without the words, and
which places rhyme with which. Examples are not taken; they tell what a 叠 repeats.
Where the parts of a tune meet is told by verse, as `tune_parts.py` says.

The table is text, a tune a block between blank lines. Its first line has its kind
(单调 双调 三段 四段) and its names, the chief one first; each other line is a variant:
where it is from, a TAB, and its clauses. A clause is its tones and signs for its end:

    ，     句, a stop             、     豆 (读), a short one
    A B …  a rhyme in level tone  a b …  a rhyme in oblique tone
    =      the clause says again what the one before it ends with (叠)
    ~      its last character is again that of the one before (叠韵)
    =2 ~2  the same of the second clause before
    |      a part (片) ends here

One letter, large or small, is one rhyme group, so Aa is 平仄通叶, and AbA comes back.

    双调	忆秦娥	秦楼月
    钦	平平仄a平平仄仄平平仄a平平仄a=仄平平仄，仄平平仄a|…
"""

import gzip
import itertools
import json
import pathlib
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import tune_parts

HEADER = (
    "# Facts of 钦定词谱 (钦) and of 龙榆生, 唐宋词格律 (龙), taken from hulbji/couyun "
    "(MIT) by data/make_tunes.py: names, then a variant a line."
)
SOURCES = {"qinding": "钦", "longyusheng": "龙"}
TONES = "平仄中"
STOPS = {"句": "，", "读": "、"}
AGAIN = "叠重"
WHOLE, FOOT = "=~"  # what is said again: a clause, or only its last character
PART = "|"
# A rhyme's word may tell its tone first, 仄韵, which reads like one more tone. What is
# sung between the lines, (竹枝) (女儿), stands there too.
CLAUSE = re.compile(f"([{TONES}]+)([^{TONES}]+)")
TEXT = re.compile("[^，。、]+")
CHANGED = re.compile("换[平仄]韵")
# Other names in use that the source lacks, by its chief name; of 钦定词谱's notes.
ALIASES = {
    "浣溪纱慢": "浣溪沙慢",
    "浣溪沙": "浣溪纱 浣纱溪 减字浣溪沙",
    "南歌子": "南柯子 风蝶令 望秦川 悟南柯",
    "念奴娇": "百字令 百字谣 壶中天 壶中天慢 湘月 无俗念 大江西上曲 赛天香",
    "木兰花令": "木兰花 玉楼春",
    "玉楼春": "惜春容 归朝欢令",
    "蝶恋花": "鹊踏枝 凤栖梧 黄金缕 卷珠帘 明月生南浦 细雨吹池沼 鱼水同欢 一箩金",
    "一斛珠": "醉落魄 怨春风 章台月",
    "踏莎行": "踏云行 柳长春 蹋莎行",
    "忆江南": "望蓬莱 梦江南 梦江口 谢秋娘 步虚声 春去也 归塞北 梦仙游 望江梅",
    "渔歌子": "渔父词",
    "浪淘沙令": "卖花声 曲入冥 过龙门 炼丹砂 浪淘沙",
    "谢池春": "卖花声 风中柳",
    "采桑子": "丑奴儿 丑奴儿令 罗敷媚 罗敷艳歌",
    "采桑子慢": "丑奴儿慢 愁春未醒",
    "促拍满路花": "满路花 归去难",
    "齐天乐": "台城路 如此江山 五福降中天",
    "古调笑": "转应曲 转应词 调笑 宫中调笑 三台令",
    "江城子": "江神子 村意远",
    "唐多令": "南楼令 箜篌曲",
    "减字木兰花": "益寿美金花 木兰香 天下乐令 金莲出玉花",
    "扫地游": "扫花游",
    "选冠子": "苏武慢 惜余春慢 惜馀春慢",
    "鹧鸪天": "思佳客 于中好 思越人 醉梅花 剪朝霞 骊歌一叠",
    "阮郎归": "醉桃源 碧桃春 宴桃源",
    "贺新郎": "贺新凉 貂裘换酒 风敲竹",
    "如梦令": "宴桃源 忆仙姿 如意令",
    "摸鱼儿": "买陂塘 迈陂塘 摸鱼子 双蕖怨",
    "菩萨蛮": "菩萨鬘 子夜歌 巫山一片云 花间意 花溪碧 晚云烘日",
    "抛毬乐": "抛球乐 莫思归",
    "薄倖": "薄幸",
    "平湖乐": "小桃红",
    "醉太平": "四字令 凌波曲 醉思凡",
    "忆王孙": "豆叶黄 阑干万里心 独脚令 怨王孙 忆君王 画娥眉",
    "河传": "怨王孙 庆同天 月照梨花 秋光满目",
    "相思引": "琴调相思引 镜中人",
    "乌夜啼": "锦堂春 圣无忧",
    "相见欢": "乌夜啼 秋夜月 上西楼 西楼子 忆真妃 月上瓜州",
    "小重山": "小重山令 小冲山 柳色新",
    "春光好": "愁倚阑 愁倚阑令 倚阑令",
    "高阳台": "庆春泽 庆春泽慢",
    "新雁过妆楼": "瑶台聚八仙 雁过妆楼",
    "月宫春": "月中行",
    "月中桂": "月中仙",
    "庆清朝": "庆清朝慢",
    "剔银镫": "剔银灯",
    "离亭宴": "离亭燕",
    "忆少年": "十二时 陇首山 桃花曲",
    "十二时慢": "十二时",
    "山花子": "添字浣溪沙 摊破浣溪纱 南唐浣溪沙 感恩多令",
    "甘州曲": "甘州子",
    "婆罗门引": "望月婆罗门引 婆罗门",
    "燕春台": "夏初临 宴春台",
    "点绛唇": "点樱桃 沙头雨 南浦月 万年春 寻瑶草 十八香",
    "隔浦莲近拍": "隔浦莲 隔浦莲近",
    "庆春宫": "庆宫春",
    "苏幕遮": "鬓云松 鬓云松令 云雾敛",
    "撷芳词": "惜分钗 摘红英 折红英 玉珑璁",
    "金人捧露盘": "上平西 上西平 上丹霄 西平曲 铜人捧露盘",
    "昭君怨": "一痕沙 宴西园 道无情",
    "卜算子": "百尺楼 楚天遥 眉峰碧 黄鹤洞中仙",
    "芳草": "凤箫吟 凤楼吟",
    "归国谣": "归国遥",
    "添声杨柳枝": "太平时 贺圣朝影",
    "眼儿媚": "秋波媚 小阑干 东风寒",
    "一落索": "一络索 洛阳春 玉连环 上林春",
    "多丽": "绿头鸭 鸭头绿 陇头泉",
    "清商怨": "伤情怨 关河令 望西飞",
    "水龙吟": "鼓笛慢 小楼连苑 龙吟曲 庄椿岁 海天阔处",
    "清平乐": "忆萝月 醉东风",
    "蓦山溪": "上阳春 心月照云溪",
    "祝英台近": "祝英台 宝钗分 月底修箫谱 燕莺语",
    "好事近": "钓船笛 翠圆枝 倚秋千",
    "行香子": "爇心香",
    "忆秦娥": "碧云深 双荷叶 蓬莱阁 花深深",
    "琐窗寒": "锁窗寒",
    "燕山亭": "宴山亭",
    "惜分飞": "惜双双 惜芳菲",
    "人月圆": "青衫湿",
    "桂枝香": "疏帘淡月",
    "六幺令": "六么令 绿腰 乐世 录要",
    "长命女": "薄命女",
    "破阵子": "十拍子",
    "石州慢": "石州引 柳色黄",
    "临江仙": "谢新恩 庭院深深 画屏春 雁后归 采莲回",
    "西江月": "步虚词 江月令 白蘋香 玉炉三涧雪",
    "瑞鹧鸪": "舞春风 鹧鸪词 拾菜娘 十报恩 报师恩",
    "生查子": "楚云深 梅和柳 晴色入青山",
    "满江红": "上江虹 念良游 伤春曲",
    "声声慢": "神光灿 胜胜慢 人在楼上 寒松叹",
    "沁园春": "洞庭春色 寿星明 东仙",
    "殢人娇": "恣逍遥",
    "青玉案": "横塘路 西湖路",
    "雨霖铃": "雨淋铃",
    "瑶华": "瑶花 瑶华慢 瑶花慢",
    "真珠帘": "珍珠帘",
    "解连环": "望梅 杏梁燕",
    "竹马儿": "竹马子",
    "西子妆": "西子妆慢",
    "八声甘州": "甘州 潇潇雨 宴瑶池",
    "探春慢": "探春",
    "江城梅花引": "江梅引 摊破江神子 摊破江城子 西湖明月引 明月引",
    "梅花引": "小梅花 贫也乐",
    "长亭怨慢": "长亭怨",
    "夜飞鹊慢": "夜飞鹊",
    "玉蝴蝶": "玉胡蝶",
    "捣练子": "捣练子令 深院月",
    "霜天晓角": "月当窗 长桥月 踏月",
    "永遇乐": "消息",
    "千秋岁": "千秋节",
    "满庭芳": "锁阳台 满庭霜 潇湘夜雨 话桐乡 江南好 满庭花",
    "太常引": "太清引 腊前梅",
    "朝中措": "照江梅 芙蓉曲 梅月圆",
    "柳梢青": "陇头月 早春怨 云淡秋空 雨洗元宵 玉水明沙",
    "南乡子": "好离乡 蕉叶怨",
    "诉衷情令": "渔父家风 一丝风",
    "谒金门": "空相忆 花自落 垂杨碧 杨花落 出塞 东风吹酒面 不怕醉 醉花春 春早湖山",
    "风入松": "风入松慢 远山横",
    "瑞龙吟": "章台路",
    "疏影": "解佩环",
    "杏花天": "杏花风",
    "定风波": "定风流 定风波令",
    "一剪梅": "腊梅香 玉簟秋",
    "渔家傲": "渔家傲引",
    "鹊桥仙": "金风玉露相逢曲 广寒秋 鹊桥仙令 忆人人",
    "虞美人": "一江春水 玉壶冰 忆柳曲 虞美人令",
    "雨中花令": "雨中花",
    "喜迁莺": "鹤冲天 万年枝 燕归来 喜迁莺令",
    "更漏子": "付金钗 独倚楼 翻翠袖",
    "烛影摇红": "忆故人 归去曲 玉珥坠金环 秋色横空",
    "长相思": "双红豆 忆多娇 吴山青 山渐青 青山相送迎 长相思令",
    "天仙子": "万斯年",
    "凭阑人": "凭栏人",
    "五䌽结同心": "五彩结同心",
    "东风齐著力": "东风齐着力",
    "忆汉月": "望汉月",
    "满宫花": "满宫春",
    "啰唝曲": "罗唝曲 望夫歌",
    "欸乃曲": "款乃曲",
    "阳关曲": "渭城曲",
    "醉公子": "四换头",
}


def table(
    tunes: Sequence[dict[str, Any]], texts: Sequence[tune_parts.Text] = ()
) -> Iterator[str]:
    """Yield the lines of the table."""
    yield HEADER
    names = [[*t["names"], *ALIASES.get(t["names"][0], "").split()] for t in tunes]
    variants = [
        [
            (sign, made)
            for source, sign in SOURCES.items()
            for made in map(variant, tune.get(source, []))
            if made
        ]
        for tune in tunes
    ]
    shapes = [
        [tune_parts.shape([end[:2] for end in made]) for _, made in found]
        for found in variants
    ]
    kinds = [tune["kind"] for tune in tunes]
    told = tune_parts.meets(list(zip(names, kinds, shapes, strict=True)), texts)
    for kind, named, found, meets in zip(kinds, names, variants, told, strict=True):
        yield ""
        yield "\t".join([kind, *dict.fromkeys(named)])
        for (sign, made), places in zip(found, meets, strict=True):
            yield f"{sign}\t{_row(made, places)}"


def _row(made: Sequence[tuple[str, str, str]], meets: Sequence[int]) -> str:
    """Return the clauses of a variant, whose parts meet after `meets` characters."""
    ends = itertools.accumulate(len(tones) for tones, _, _ in made)
    return "".join(
        "".join(clause) + PART * (end in meets)
        for clause, end in zip(made, ends, strict=True)
    )


def variant(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return the clauses of a variant: tones, the sign of the end, what is said again.

    Four have words between their clauses that nothing marks as sung; they give none.
    """
    letters = rhymes(found["rhyme_groups"], found["tones"])
    made: list[tuple[str, str, str]] = []
    parts = clauses("".join(found["lines"]), found["tones"])
    example = iter("".join(TEXT.findall(found["example"])))
    said: list[str] = []
    for tones, word in parts:
        said.append("".join(itertools.islice(example, len(tones))))
        stop = next((sign for mark, sign in STOPS.items() if mark in word), "，")
        again = repeated(said) if set(word) & set(AGAIN) else ""
        last = sum(len(marks) for marks, _, _ in made) + len(tones) - 1
        made.append((tones, letters.get(last, stop), again))
    return made


def repeated(said: Sequence[str]) -> str:
    """Return the sign for what the last clause of an example says again.

    Example:
        >>> repeated(["秦娥梦断秦楼月", "秦楼月"]), repeated(["汴水流", "泗水流"])
        ('=', '~')
    """
    *before, last = said
    for sign, same in ((WHOLE, last), (FOOT, last[-1:])):
        for back, clause in enumerate(reversed(before), 1):
            if same and clause.endswith(same):
                return sign + (str(back) if back > 1 else "")
    return ""


def rhymes(groups: dict[str, list[int]], tones: str) -> dict[int, str]:
    """Return the letter of each place that rhymes.

    The source tells groups of oblique rhymes, and oblique places of others, by a minus.
    """
    found: dict[int, str] = {}
    order = sorted(groups.values(), key=lambda places: min(map(abs, places)))
    for letter, places in zip("ABCDEFGH", order, strict=False):
        for place in map(abs, places):
            found[place] = letter if tones[place] == "平" else letter.lower()
    return found


def clauses(line: str, tones: str) -> list[tuple[str, str]]:
    """Return the tones of each clause, and the word at its end.

    The last tone may belong to the word: of all ways to read it, the one that has
    `tones` is meant. None has in one variant, where it is `tones` that are wrong.
    """
    parts = CLAUSE.findall(CHANGED.sub("换韵", line))
    surplus = sum(len(marks) for marks, _ in parts) - len(tones)
    if surplus < 0:
        return []
    told = [
        n for n, (marks, word) in enumerate(parts) if len(marks) > 1 and "韵" in word
    ]
    for chosen in itertools.combinations(told, surplus):
        found = [
            (marks[:-1] if n in chosen else marks, word)
            for n, (marks, word) in enumerate(parts)
        ]
        if not surplus or "".join(marks for marks, _ in found) == tones:
            return found
    raise ValueError(f"{line} does not have the tones {tones}")


def main(source: str, verse: str, out: str) -> None:
    """Read the 词谱 of `source` and the texts of `verse`; write the table to `out`."""
    tunes = json.loads(gzip.decompress(pathlib.Path(source).read_bytes()))
    texts = list(tune_parts.read(verse))
    text = "".join(f"{line}\n" for line in table(tunes, texts))
    pathlib.Path(out).write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: python data/make_tunes.py TUNES.json.gz VERSE.jsonl.gz OUT")
    main(*sys.argv[1:])
