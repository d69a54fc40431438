import pytest

from nlg.qa.data.examples import Example
from nlg.qa.data.negatives import CANDIDATES, from_same_document, negatives

RIVER = "柳宗元被贬到永州，在那里写了《江雪》。"
EXILE = "刘禹锡被贬到朗州，在那里写了《竹枝词》。"
STORKS = "王之涣登上鹳雀楼，看黄河流进大海。"
NOODLES = "兰州拉面用牛骨熬汤。"


def about(passage, question, answer):
    return Example("诗", passage, question, answer, passage.find(answer))


EXAMPLES = [
    about(RIVER, "谁被贬到永州？", "柳宗元"),
    about(EXILE, "谁被贬到朗州？", "刘禹锡"),
    about(STORKS, "谁登上鹳雀楼？", "王之涣"),
    about(NOODLES, "拉面用什么熬汤？", "牛骨"),
]


def test_a_negative_is_the_passage_most_alike_without_the_answer():
    made = {example.question: example for example in negatives(EXAMPLES, 1.0, seed=1)}
    negative = made["谁被贬到永州？"]
    assert negative == Example("诗", EXILE, "谁被贬到永州？", "", -1)
    assert made["谁被贬到朗州？"].passage == RIVER


def test_what_shares_no_word_is_no_negative():
    assert "拉面用什么熬汤？" not in {
        example.question for example in negatives(EXAMPLES, 1.0, seed=1)
    }


@pytest.mark.parametrize(
    ("more", "count"), [("", 1), ("他想念柳宗元。", 0), ("他想念柳·宗元。", 0)]
)
def test_a_passage_with_the_answer_is_no_negative(more, count):
    asked = about(RIVER, "谁在那里写了诗？", "柳宗元")
    other = Example("诗", EXILE + more, "谁？", "", -1)
    assert len(negatives([asked, other], 1.0, seed=1)) == count


def test_a_passage_of_the_same_question_is_no_negative():
    asked = about(RIVER, "谁被贬到永州？", "柳宗元")
    other = asked._replace(passage=EXILE, answer="", start=-1)
    assert negatives([asked, other], 1.0, seed=1) == []


def test_only_answered_questions_get_one_and_the_share_is_of_them():
    asked = [about(f"{RIVER}{n}", f"永州{n}？", f"{n}") for n in range(100, 200)]
    silent = [
        example._replace(question=f"朗州{n}？", answer="", start=-1)
        for n, example in enumerate(asked)
    ]
    made = negatives(asked + silent, 0.3, seed=1)
    assert len(made) == 30
    assert {example.question for example in made} <= {x.question for x in asked}
    assert all(example.answer == "" and example.start == -1 for example in made)
    assert negatives(asked, 0.0, seed=1) == []
    assert negatives([], 1.0, seed=1) == []
    assert negatives(silent, 1.0, seed=1) == []


def test_a_seed_says_which_and_they_vary():
    asked = [about(f"{RIVER}{n}", "谁在永州写了《江雪》？", f"{n}") for n in range(10)]
    asked += [about(f"{EXILE}{n}", f"永州{n}", f"{n}") for n in range(50, 90)]
    made = [negatives(asked, 0.5, seed) for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]


def test_no_more_than_the_nearest_are_drawn_from():
    near = [about(f"永州的《江雪》{n}", f"{n}", f"{n}") for n in range(CANDIDATES)]
    far = [about(f"永州有雪{n}{n}", f"{n}？", f"{n}") for n in range(100, 200)]
    asked = about(RIVER, "永州的《江雪》？", "柳宗元")
    for seed in range(20):
        made = negatives([asked, *near, *far], 1.0, seed)
        (negative,) = [x for x in made if x.question == asked.question]
        assert negative.passage.startswith("永州的《江雪》")


def test_what_takes_time_goes_through_who_watches():
    seen = {}

    def watch(items, label):
        seen[label] = len(items)
        return items

    negatives(EXAMPLES, 0.5, 1, watch)
    assert seen == {"indexing": 4, "negatives": 2}


def long_document(seed):
    text = "".join(f"第{n}句没有说到它。" for n in range(30))
    place = 9 * seed
    passage = text[:place] + "答案是春江。" + text[place:]
    return about(passage, "答案是什么？", "春江")


def test_negative_from_the_same_document_is_a_window_without_the_answer():
    examples = [long_document(seed) for seed in range(8)]
    made = from_same_document(examples, 40, 1.0, seed=3)
    assert len(made) == len(examples)
    for negative in made:
        assert any(negative.passage in example.passage for example in examples)
        assert len(negative.passage) == 40
        assert "春江" not in negative.passage
        assert (negative.answer, negative.start) == ("", -1)
        assert negative.question == "答案是什么？"


def test_short_passage_and_one_full_of_the_answer_have_no_such_window():
    full = about("春江" * 40, "什么江？", "春江")
    assert from_same_document([*EXAMPLES, full], 40, 1.0, seed=1) == []


def test_share_of_the_answered_examples_gets_a_window():
    examples = [long_document(1)] * 10 + [long_document(1)._replace(answer="")] * 5
    assert len(from_same_document(examples, 40, 0.5, seed=1)) == 5
    assert from_same_document(examples, 40, 0, seed=1) == []
