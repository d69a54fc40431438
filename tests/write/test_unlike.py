"""What is kept of texts that were drawn, from draws that are known by number."""

from nlg.write.unlike import BARREN, unlike

SAME = "这家酒店的房间很大，也很干净。"


def kept(texts, count, most=2):
    asked = []

    def draw(numbers):
        asked.append(list(numbers))
        return [texts[number % len(texts)] for number in numbers]

    return list(unlike(draw, str, count, most)), asked


def test_every_text_is_kept_where_all_differ():
    texts = ["春眠不觉晓", "处处闻啼鸟", "夜来风雨声", "花落知多少"]
    assert kept(texts, 3) == (texts[:3], [[0, 1], [2]])


def test_the_same_again_and_one_inside_the_other_are_left_out():
    texts = [SAME, SAME, SAME[:9], f"{SAME}还会再来。", "不好", "差"]
    assert kept(texts, 3)[0] == [SAME, "不好", "差"]


def test_a_character_of_difference_is_none_and_half_is_one():
    texts = [SAME, SAME.replace("大", "小"), f"{SAME[:7]}小，服务也不好，不会再来。"]
    assert kept(texts, 2)[0] == [texts[0], texts[2]]


def test_texts_of_one_character_and_of_none_can_differ():
    assert kept(["好", "", "差", "好"], 3)[0] == ["好", "", "差"]


def test_where_all_draws_are_alike_they_end():
    texts, asked = kept([SAME], 5)
    assert texts == [SAME] and len(asked) == BARREN + 1


def test_a_text_does_not_depend_on_how_many_are_asked_for():
    texts = [SAME, SAME, "春眠不觉晓", SAME, "处处闻啼鸟", "夜来风雨声"]
    assert [kept(texts, n)[0] for n in (1, 2, 3)] == [
        kept(texts, 4)[0][:n] for n in (1, 2, 3)
    ]
