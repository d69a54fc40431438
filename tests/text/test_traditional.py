import re

import pytest

from nlg.text.normalize import to_simplified
from nlg.text.traditional import settled, to_traditional

# Famous lines that hold a character which simplified writing uses for several. Of what
# traditional writing itself has two forms of (爲 為, 裏 裡), as OpenCC writes it.
FAMOUS = """\
余憶童稚時，余亦能高詠，三十餘年如一夢，餘霞散成綺，白髮三千丈，不知明鏡裏
明朝散髮弄扁舟，將軍白髮征夫淚，怒髮衝冠憑欄處，忽如一夜春風來，春來發幾枝，好雨知時節
當春乃發生，北斗七星高，斗酒十千恣歡謔，李白一斗詩百篇，鬥雞東陌頭，雲想衣裳花想容
黃河遠上白雲間，朝辭白帝彩雲間，岐王宅裏尋常見，少小離家老大回，鄉音無改鬢毛衰，前不見古人
後不見來者，隔江猶唱後庭花，六宮粉黛無顏色，人面不知何處去，松下問童子，空山松子落
天台四萬八千丈，鳳凰臺上鳳凰遊，無情最是臺城柳，霜葉紅於二月花，單于夜遁逃，相逢意氣爲君飲
繫馬高樓垂柳邊，蠟炬成灰淚始乾，瀚海闌干百丈冰，干戈寥落四周星，乾坤日夜浮，春種一粒粟
四海無閒田，簾捲西風，捲起千堆雪，讀書破萬卷，樓船夜雪瓜洲渡，還將兩行淚
千里江陵一日還，更上一層樓，只在此山中，隻影向誰去，夜半鐘聲到客船，山重水複疑無路
征蓬出漢塞，隱几蕭條帶鶡冠，茅舍槿籬溪曲，製芰荷以爲衣兮，會須一飲三百杯，龍鬚四十年
"""


@pytest.mark.parametrize("line", re.split("[，\n]", FAMOUS.strip()))
def test_a_famous_line_comes_back_as_it_was(line):
    assert to_traditional(to_simplified(line)) == line


@pytest.mark.parametrize(
    ("simplified", "traditional"),
    [
        ("余心独自知", "余心獨自知"),  # I
        ("山中余心事", "山中餘心事"),  # left over
        ("星斗寒光动", "星斗寒光動"),
        ("龙蛇斗未休", "龍蛇鬥未休"),
        ("云髻松难整", "雲髻鬆難整"),
        ("松声满院秋", "松聲滿院秋"),
        ("五谷登场日", "五穀登場日"),
        ("空谷足音稀", "空谷足音稀"),
        ("百里无人处", "百里無人處"),
        ("花里两三家", "花裏兩三家"),
        ("谁云此路难", "誰云此路難"),
        ("何处白云是", "何處白雲是"),
        ("系缆江边树", "繫纜江邊樹"),
        ("世系传千载", "世系傳千載"),
        ("天台山下路", "天台山下路"),
        ("灵台一片冰", "靈臺一片冰"),
        ("汉后宫中女", "漢后宮中女"),
        ("花落后庭空", "花落後庭空"),
        ("征鸿何处去", "征鴻何處去"),
        ("征兵又一年", "徵兵又一年"),
        ("凭几看山色", "憑几看山色"),
        ("凭几度春秋", "憑幾度春秋"),
        ("诗卷长留在", "詩卷長留在"),
        ("珠帘卷落花", "珠簾捲落花"),
    ],
)
def test_what_stands_around_tells_which_character_is_meant(simplified, traditional):
    assert to_traditional(simplified) == traditional


def test_a_word_that_only_begins_a_line_does_not_count_inside():
    assert to_traditional("里人争看") == "里人爭看"
    assert to_traditional("梦里人") == "夢裏人"
    assert to_traditional("春眠，里人争看") == "春眠，里人爭看"


def test_the_tone_that_its_place_wants_tells_trunk_from_dry():
    #    平平仄仄平平仄: 老干 at place 4, between 皮 (平) at 2 and 人 (平) at 6
    assert to_traditional("春皮断干无人识")[3] == "幹"
    #    仄仄平平仄仄平: 雨 (仄) at 2, 出 (仄) at 6
    assert to_traditional("细雨常干不出门")[3] == "乾"
    assert to_traditional("干")[0] == "乾"


def test_opencc_s_phrases_stand_where_no_word_of_ours_does():
    alone = {"发": "發", "干": "幹"}.__getitem__
    assert settled("理发店", "理髮店", alone) == "理髮店"
    assert settled("发", "髮", alone) == "髮"  # a phrase said so
    assert settled("干", "幹", alone) == "乾"  # nothing said so


@pytest.mark.parametrize("text", ["", "，。\n", "x", "\n\n"])
def test_what_is_no_line_stays(text):
    assert to_traditional(text) == text


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("宮商角徵羽", "宫商角徵羽"),
        ("變徵之聲", "变徵之声"),
        ("徵羽相和", "徵羽相和"),
        ("徵兵滿萬", "征兵满万"),
        ("終日乾乾", "终日乾乾"),
        ("乾坤", "乾坤"),
        ("淚始乾", "泪始干"),
        ("後來皇后", "后来皇后"),
    ],
)
def test_the_notes_and_the_trigram_keep_their_characters(traditional, simplified):
    assert to_simplified(traditional) == simplified
