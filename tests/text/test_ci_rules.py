import pytest

from nlg.text.ci_rules import cut, sing
from nlg.text.prosody import Violation
from nlg.text.remarks import Note
from nlg.text.rhyming import Rhyme
from nlg.text.tunes import Clause, Variant, named

DREAM = [  # 李清照
    *("常记溪亭日暮", "沉醉不知归路", "兴尽晚回舟", "误入藕花深处"),
    *("争渡", "争渡", "惊起一滩鸥鹭"),
]


def dream(**changes):
    """如梦令 with some lines, by number from 1, exchanged."""
    lines = [changes.get(f"line{number}", line) for number, line in enumerate(DREAM, 1)]
    return sing(lines, named("如梦令")[0].variants[0])


def test_a_known_ci_breaks_no_rule():
    found = dream()
    assert (found.violations, found.notes) == ((), ())
    assert found.rhymes == (Rhyme("第四部", "暮路处渡渡鹭", "", "仄"),)
    assert found.tones[4] == "平仄"


@pytest.mark.parametrize(
    ("changes", "violations"),
    [
        ({"line3": "兴尽晚山日"}, [("失律", 3, 5)]),
        ({"line6": "争路"}, [("失叠", 6, 2)]),
        ({"line6": "飞渡"}, [("失叠", 6, 1)]),
        ({"line6": "争舟"}, [("失律", 6, 2), ("失叠", 6, 2)]),
        ({"line7": "惊起一滩鸥鸟"}, [("出韵", 7, 6)]),
        ({"line1": "常记溪亭日山"}, [("失律", 1, 6)]),
    ],
)
def test_each_violation_is_told_by_its_place(changes, violations):
    assert dream(**changes).violations == tuple(Violation(*one) for one in violations)


def test_a_foot_of_another_part_that_poets_mix_is_remarked_and_no_fault():
    found = dream(line7="惊起一滩鸥里")
    assert found.violations == ()
    assert found.notes == (Note("通押", 7, 6, "第三部"),)


def test_a_free_place_takes_either_tone_and_a_polyphone_too():
    either = Variant(
        "钦谱", (Clause("中", "，"), Clause("平", "，"), Clause("仄", "，"))
    )
    for text in ("山看看", "月看看"):
        assert sing(list(text), either).violations == ()
    assert [one.line for one in sing(list("月月山"), either).violations] == [2, 3]


def test_rhymes_change_where_the_pattern_changes_them():
    lines = ["春花秋月何时了", "往事知多少", "小楼昨夜又东风"]
    lines += ["故国不堪回首", "月明中", "雕阑玉砌应犹在", "只是朱颜改"]
    lines += ["问君能有几多愁", "恰似一江春水", "向东流"]
    found = sing(lines, named("虞美人")[0].variants[0])
    assert found.violations == ()
    assert [(r.group, r.feet, r.tone) for r in found.rhymes] == [
        *(("第八部", "了少", "仄"), ("第一部", "风中", "平")),
        *(("第五部", "在改", "仄"), ("第十二部", "愁流", "平")),
    ]


def test_only_the_last_character_is_said_again_where_the_pattern_says_so():
    pattern = (Clause("中中平", "A"), Clause("中中平", "A", back=1, again=1))
    variant = Variant("钦谱", pattern)
    assert sing(["汴水流", "泗水流"], variant).violations == ()
    assert sing(["汴水流", "泗水楼"], variant).violations == (Violation("失叠", 2, 3),)


def test_a_text_is_cut_into_lengths():
    assert cut("一曲新词酒", (2, 3)) == ("一曲", "新词酒")
