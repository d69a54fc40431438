import random

import pytest

from nlg.qa.data.cloze import BLANK, ClozeOptions, clozes, recurring
from nlg.text.words import cut_words

TEXT = (
    "鲁迅原名周树人，生在绍兴的一个旧家。\n少年时鲁迅在三味书屋读书，那时绍兴多雨。\n"
    "一九一八年，鲁迅发表了《狂人日记》。老先生教了他五年，三味书屋也因他而出名。"
)


def made(text, seed=1, **options):
    return list(clozes(text, "书", random.Random(seed), ClozeOptions(**options)))


def spans(*sentences, **options):
    return recurring(map(cut_words, sentences), ClozeOptions(**options))


def test_a_question_is_a_sentence_without_a_name_that_the_passage_has():
    found = made(TEXT)
    assert {example.answer for example in found} == {"鲁迅", "三味书屋", "绍兴"}
    for source, passage, question, answer, start, style in found:
        assert style == "entity"
        assert source == "书"
        assert passage[start : start + len(answer)] == answer
        assert answer not in question
        assert question.replace(BLANK, answer) in TEXT
        assert question.replace(BLANK, answer) not in passage


@pytest.mark.parametrize("seed", range(10))
def test_passage_and_question_are_no_longer_than_asked(seed):
    long = "".join(f"{TEXT}第{n}年，绍兴下了一场雪。" for n in range(40))
    for example in made(long, seed, passage=60, question=18, least_question=12):
        assert len(example.passage) <= 60
        asked = example.question.replace(BLANK, example.answer)
        assert 12 <= len(asked) <= 18
        assert example.passage[example.start :].startswith(example.answer)


def test_a_document_gives_no_more_questions_than_asked():
    assert len(made(TEXT, per_document=2)) == 2
    assert len(made(TEXT, per_document=9)) == 3


def test_the_same_seed_makes_the_same_questions():
    assert made(TEXT, 1, per_document=1) == made(TEXT, 1, per_document=1)
    firsts = {made(TEXT, seed, per_document=1)[0].question for seed in range(20)}
    assert len(firsts) > 3


def test_a_name_is_blanked_everywhere_in_its_sentence():
    text = "孔乙己是小说，孔乙己也是人名。我们在课本里读过孔乙己。"
    questions = {example.question for example in made(text, least_question=13)}
    assert questions == {"（）是小说，（）也是人名。"}


def test_a_sentence_that_stands_twice_is_one():
    assert made("鲁迅在三味书屋读书。" * 3) == []


@pytest.mark.parametrize(
    ("sentences", "found"),
    [
        (["北京大学很大。", "我爱北京大学。"], {"北京大学": (0, 1)}),
        (["北京大学图书馆", "看北京大学图书馆"], {"北京大学图书馆": (0, 1)}),
        (["他生于2008年。", "2008年下了雪。"], {"2008年": (0, 1)}),
        (["我们可以。", "我们没有，可以吗？"], {}),  # no names
        (["问题很大。", "解决问题。"], {}),  # a plain noun by itself
        (["北京。", "上海。"], {}),
        (["北京和北京。"], {}),  # one sentence only
        (["北京，大学", "北京，大学"], {"北京": (0, 1)}),  # not over marks
        ([], {}),
    ],
)
def test_spans_that_recur_are_names_as_long_as_they_get(sentences, found):
    assert spans(*sentences) == found


def test_a_part_of_a_name_is_one_where_it_stands_alone():
    whole = ["敦煌", "研究院"]
    sentences = [whole, ["看", *whole], ["敦煌"]]
    found = recurring(sentences, ClozeOptions())
    assert found == {"敦煌研究院": (0, 1), "敦煌": (0, 1, 2)}


def test_a_span_is_of_the_length_asked_for():
    words = [["呼伦贝尔", "草原", "旅游", "公司"], ["呼伦贝尔", "草原", "旅游", "公司"]]
    whole = {"呼伦贝尔草原旅游公司": (0, 1)}
    assert recurring(words, ClozeOptions(longest=10)) == whole
    shorter = recurring(words, ClozeOptions(longest=6))
    assert set(shorter) >= {"呼伦贝尔草原"}
    assert max(map(len, shorter)) == 6


@pytest.mark.parametrize(
    "text", ["", "\n\n", "春", "😀😀😀", "白日依山尽。", "a" * 3000, "春" * 3000]
)
def test_a_text_without_names_makes_nothing(text):
    assert made(text) == []


@pytest.mark.parametrize("longer", ["HSF", "SF8"])
def test_a_name_in_latin_letters_is_not_cut_out_of_a_longer_word(longer):
    text = f"{longer}和SF都来了，坐在一起。\n大家读的是SF，不读别的书。"
    found = [example for seed in range(9) for example in made(text, seed)]
    assert {example.question for example in found} == {
        f"{longer}和（）都来了，坐在一起。",
        "大家读的是（），不读别的书。",
    }
    assert {example.start for example in found} == {text.index("SF都"), 5}


def test_a_name_that_no_passage_shows_is_not_asked_for():
    # The other lines meet without a mark, and SF is lost in SFABC.
    assert made("我们都喜欢读SF作家的小说。\n写SF\nABC公司很大") == []


def test_a_name_that_stands_only_inside_a_longer_word_of_its_sentence_is_not_asked():
    text = "我们大家都来读SF8系列作品吧。\n我们都喜欢读SF作家的小说。"
    for seed in range(9):
        for example in made(text, seed, asked=1.0):
            assert "SF8" in example.passage


def test_a_word_may_ask_in_place_of_the_blank():
    found = [example for seed in range(9) for example in made(TEXT, seed, asked=1.0)]
    assert {example.answer for example in found} == {"鲁迅", "三味书屋", "绍兴"}
    for _, passage, question, answer, start, _ in found:
        assert BLANK not in question
        assert answer not in question
        assert passage[start : start + len(answer)] == answer


def test_a_sentence_may_stay_in_the_passage():
    found = [example for seed in range(9) for example in made(TEXT, seed, kept=1.0)]
    assert len({example.answer for example in found}) > 3  # it need not recur
    for _, passage, question, answer, start, _ in found:
        assert passage in TEXT.replace("\n", "")
        assert passage[start : start + len(answer)] == answer
        assert answer not in question
        begin = passage.rfind("。", 0, start) + 1
        sentence = set(passage[begin : passage.find("。", start)])
        assert len(sentence & set(question)) > len(set(question)) / 2


def test_a_passage_may_lose_the_name():
    text = "".join(f"第{n}年，村里的人种了很多树和草。" for n in range(9)) + TEXT
    for kept in (0.0, 1.0):
        found = [
            example
            for seed in range(9)
            for example in made(text, seed, kept=kept, silent=1.0)
        ]
        assert found
        for example in found:
            assert (example.answer, example.start) == ("", -1)
            assert len(example.passage) >= 40
    assert any("谁" in example.question for example in found)


def test_a_passage_too_short_without_the_name_keeps_it():
    assert {example.answer for example in made(TEXT[:40], silent=1.0)} == {
        "鲁迅",
        "绍兴",
    }


def test_the_rest_of_a_passage_that_loses_the_name_has_forty_characters():
    text = "鲁迅姓周。一九一八年鲁迅发表了《狂人日记》。"
    short, enough = "今天下雨。", "今天下了一场很大的雨，" * 4 + "。"
    assert {example.answer for example in made(text + short, silent=1.0)} == {"鲁迅"}
    silent = made(text + enough, silent=1.0)
    assert [(example.answer, example.passage) for example in silent] == [("", enough)]
