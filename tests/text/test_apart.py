import pytest
from known_poems import BAIDI, SPRING, STORKS

from nlg.text.apart import CHANGES, CI, apart, rhyme
from nlg.text.poem_records import Record

# 王昌龄 芙蓉楼送辛渐 (七虞), 张继 枫桥夜泊 (一先), 王维 送元二使安西 (十一真)
FURONG = ("寒雨连江夜入吴", "平明送客楚山孤", "洛阳亲友如相问", "一片冰心在玉壶")
FENGQIAO = ("月落乌啼霜满天", "江枫渔火对愁眠", "姑苏城外寒山寺", "夜半钟声到客船")
WEICHENG = ("渭城朝雨浥轻尘", "客舍青青柳色新", "劝君更尽一杯酒", "西出阳关无故人")
# 王维 鹿柴: oblique, 上声养; 孟浩然 春晓: 上声筱皓
LUZHAI = ("空山不见人", "但闻人语响", "返景入深林", "复照青苔上")
CHUNXIAO = ("春眠不觉晓", "处处闻啼鸟", "夜来风雨声", "花落知多少")
# 周邦彦 玉楼春
YULOU = ("桃溪不作从容住", "秋藕绝来无续处", "当时相候赤阑桥", "今日独寻黄叶路")
YULOU += ("烟中列岫青无数", "雁背夕阳红欲暮", "人如风后入江云", "情似雨馀粘地絮")


def parted(lines, title="", **more):
    found = apart(Record("a.json:1", tuple(lines), title, **more))
    assert all(record.where == "a.json:1" for record in found)
    return [(record.lines, record.part, record.reason) for record in found]


def whole(lines, reason=""):
    return [(tuple(lines), 0, reason)]


@pytest.mark.parametrize("title", ["", "绝句", "绝句二首", "绝句两首", "绝句二绝"])
@pytest.mark.parametrize("first", [BAIDI, FENGQIAO])
def test_two_quatrains_in_one_record_are_two_poems(first, title):
    assert parted(first + FURONG, title) == [(first, 1, ""), (FURONG, 2, "")]


def test_a_quatrain_against_the_rules_is_one_where_the_title_counts_two():
    assert parted(WEICHENG + FURONG, "绝句二首") == [(WEICHENG, 1, ""), (FURONG, 2, "")]
    assert parted(WEICHENG + FURONG) == whole(WEICHENG + FURONG, CHANGES)


@pytest.mark.parametrize("title", ["春望", "春望二首", "春望二首其一"])
def test_a_poem_that_rhymes_through_is_one_whatever_its_title_counts(title):
    assert parted(SPRING, title) == whole(SPRING)


def test_two_quatrains_of_one_rhyme_are_parted_where_the_second_begins_with_it():
    again = ("月落乌啼霜满天", "客舍青青对酒眠", "借问酒家何处有", "西出阳关夜到船")
    twice = FENGQIAO + again
    assert rhyme(twice)
    assert [record[1] for record in parted(twice, "绝句二首")] == [1, 2]
    assert parted(twice) == whole(twice)


@pytest.mark.parametrize("title", ["", "古意二首"])
def test_eight_lines_whose_rhyme_changes_are_no_regulated_poem(title):
    assert parted(LUZHAI + CHUNXIAO, title) == whole(LUZHAI + CHUNXIAO, CHANGES)
    assert parted(STORKS + LUZHAI, title) == whole(STORKS + LUZHAI, CHANGES)


def test_three_quatrains_are_three_poems_where_the_title_says_three():
    three = BAIDI + FURONG + FENGQIAO
    poems = [(BAIDI, 1, ""), (FURONG, 2, ""), (FENGQIAO, 3, "")]
    assert parted(three, "绝句三首") == poems
    assert parted(three, "绝句二首") == whole(three)
    assert parted(three, "三首其二") == whole(three)
    assert parted(three) == whole(three)


def test_two_regulated_poems_are_two():
    other = ("空山新雨后", "天气晚来秋", "明月松间照", "清泉石上流")
    other += ("竹喧归浣女", "莲动下渔舟", "随意春芳歇", "王孙自可留")
    both = [(SPRING, 1, ""), (other, 2, "")]
    assert parted(SPRING + other, "五律二首") == both
    assert parted(SPRING + other) == whole(SPRING + other)


def test_twelve_lines_of_one_rhyme_are_not_parted():
    assert parted(FENGQIAO * 3, "三首") == whole(FENGQIAO * 3)


def test_one_foot_that_the_book_does_not_know_in_this_rhyme_is_no_change():
    off = (*SPRING[:5], "家书抵万年", *SPRING[6:])
    assert parted(off, "春望五首") == whole(off)


@pytest.mark.parametrize("title", ["玉楼春", "木兰花", "玉楼春·桃溪", "玉楼春（其一）"])
def test_a_ci_is_told_by_its_tune_its_lines_and_its_rhyme(title):
    assert parted(YULOU, title) == whole(YULOU, CI)
    assert parted(SPRING, title) == whole(SPRING)


def test_a_ci_that_no_title_tells_is_told_by_its_record():
    assert parted(YULOU, "") == whole(YULOU)
    assert parted(YULOU, "", tune="玉楼春") == whole(YULOU, CI)
    assert parted(("争渡", "争渡"), "", tune="如梦令") == whole(("争渡", "争渡"), CI)


def test_a_regulated_poem_about_what_a_tune_is_named_after_stays():
    assert parted(SPRING, "生查子") == whole(SPRING)
    assert parted(BAIDI, "清平乐") == whole(BAIDI)


@pytest.mark.parametrize("lines", [(), ("春",), ("春眠", "不觉晓"), ("□" * 5,) * 8])
def test_what_is_no_poem_is_left_as_it_is(lines):
    assert parted(lines, "九首") == whole(lines)
