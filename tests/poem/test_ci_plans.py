import numpy as np
import pytest

from nlg.errors import OptionError
from nlg.poem.ci_plans import MARKS, NONE, CiPlanBuilder, form_of_variant
from nlg.text.tunes import all_tunes, named
from nlg.text.vocab import Vocabulary

SMALL = Vocabulary(["[PAD]", "[UNK]", *MARKS, *"天眠年边船山东风相思月雪处路树雨暮渡"])


@pytest.fixture(scope="module")
def builder():
    return CiPlanBuilder(SMALL)


def drawn(arrays, name, signs):
    return "".join(signs[number] for number in arrays[name])


def test_the_places_of_a_variant_are_its_tones_and_marks(builder):
    arrays = builder.arrays(named("十六字令")[0].variants[0])
    assert (
        drawn(arrays, "kind_at", "中平仄，、。")
        == "平。中仄平平中仄平。平平仄，中仄仄平平。"
    )
    feet = np.flatnonzero(arrays["group_at"] != NONE).tolist()
    assert feet == [0, 8, 18]  # 1, 7 and 3 + 5 characters, with a mark after each
    assert set(arrays["source_at"]) == {NONE}
    assert arrays["kinds"].shape == (6, len(SMALL))


def test_a_clause_that_is_said_again_points_to_the_one_before(builder):
    arrays = builder.arrays(named("如梦令")[0].variants[0])
    text = drawn(arrays, "kind_at", "中平仄，、。")
    at = text.index("中仄。中仄。中仄中平", 20)
    assert arrays["source_at"][at + 3 : at + 6].tolist() == [at, at + 1, NONE]
    assert (arrays["source_at"] != NONE).sum() == 2


def test_a_foot_that_is_said_again_points_to_the_foot_before(builder):
    arrays = builder.arrays(named("长相思")[0].variants[0])
    (first, second) = np.flatnonzero(arrays["source_at"] != NONE)
    assert arrays["source_at"][first] == first - 4
    assert arrays["group_at"][second] == arrays["group_at"][second - 4] == 0


def test_no_tune_contradicts_itself_where_it_says_again(builder):
    from nlg.poem.ci_plans import _places

    for tune in all_tunes():
        for variant in tune.variants:
            _, _, sources = _places(variant)
            again = sum(clause.again for clause in variant.clauses)
            assert sum(source != NONE for source in sources) == again, tune.name


def test_parts_without_characters_for_all_rhymes_are_closed(builder):
    arrays = builder.arrays(named("十六字令")[0].variants[0])
    (open_part,) = np.flatnonzero(arrays["open_parts"][0])
    characters = arrays["parts"][0, open_part] > 0
    found = "".join(SMALL.tokens[n] for n in np.flatnonzero(characters))
    assert set("天眠年边船山") <= set(found)
    with pytest.raises(OptionError, match="no 第一部 has characters for all rhymes"):
        builder.arrays(named("十六字令")[0].variants[0], rhyme="第一部")
    with pytest.raises(OptionError, match="no 部 has characters for all rhymes"):
        builder.arrays(named("沁园春")[0].variants[0])


def test_words_say_which_tone_their_halves_may_not_have(builder):
    arrays = builder.arrays(named("十六字令")[0].variants[0])
    words = {
        "".join(SMALL.tokens[n] for n in pair): against.tolist()
        for pair, against in zip(arrays["pairs"], arrays["against"], strict=True)
    }
    assert words["相思"] == [NONE, 2] or words["相思"] == [2, NONE]


def test_a_variant_is_a_form_whose_text_is_split_again():
    (tune,) = named("虞美人")
    form = form_of_variant(tune, tune.variants[0])
    assert form.line_lengths == tune.variants[0].lengths
    assert form.marks == "。。。、。。。。、。"
    marked = "".join(
        "春" * n + m for n, m in zip(form.line_lengths, form.marks, strict=True)
    )
    assert list(map(len, form.split_marked(marked))) == list(form.line_lengths)
