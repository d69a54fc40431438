"""What stands around the graph; the graph itself is a rule (`qa.stub`)."""

import math
import threading
import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from qa.stub import SURE, StubCheckpoint, stub_reader

from nlg.errors import NlgError, OptionError
from nlg.qa.answer import NOWHERE, QARequest
from nlg.qa.config import KINDS
from nlg.qa.inputs import EncodedSource
from nlg.qa.options import MOST_AT_ONCE, AnswerOptions
from nlg.qa.prepare import cut_up, pairs
from nlg.qa.reader import RUN_TOKENS, Reader, _runs
from nlg.qa.rerank import Ranking

POET = "杜甫，字子美，号<少陵>野老。"
OTHER = "李白，号<青莲居士>。"
OTHER_TOO = "李白号<青莲居士>。"
SILENT = "春眠不觉晓，处处闻啼鸟。"
QUESTION = "杜甫号什么？"
SURELY = round(math.exp(SURE), 4)


@pytest.fixture
def reader():
    return stub_reader()


def first(reader, passages, question=QUESTION, **options):
    return reader.answer(question, passages, AnswerOptions(**options))


def is_the_passage(answer, passages):
    text = passages[answer.passage]
    return answer.text == text[answer.start : answer.end] and bool(answer.text)


# --- one question


def test_an_answer_is_the_passage_at_its_place(reader):
    answer = first(reader, [SILENT, POET])
    assert answer[:5] == ("少陵", SURELY, 1, 9, 11)
    assert is_the_passage(answer, [SILENT, POET]) and answer.runners_up == ()


def test_an_answer_leaves_the_marks_around_it_out(reader):
    passages = ["李白号<，青莲居士。>", SILENT]
    answer = first(reader, passages)
    assert answer.text == "青莲居士" and is_the_passage(answer, passages)
    assert not first(reader, ["李白号<，。>"]).text  # of marks alone nothing is left


def test_each_passage_has_its_say(reader):
    silent, poet, other = first(reader, [SILENT, POET, POET + OTHER]).votes
    assert (silent.no_answer, silent.share) == (0.9, 0)
    assert (poet.no_answer, poet.share) == (0.05, 0.5)
    assert poet.share + other.share == 1


def test_more_voices_win(reader):
    answer = first(reader, [POET, OTHER, OTHER_TOO])
    assert answer.text == "青莲居士" and answer.passage == 1
    assert answer.votes[0].share < 0.001 and answer.votes[1].share > 0.49


def test_the_passage_that_supports_an_answer_most_is_pointed_at(reader):
    passages = ["<李白>，不是少陵。", POET, POET + OTHER]
    answer = first(reader, passages)
    assert (answer.text, answer.passage, answer.start) == ("少陵", 1, 9)


def test_copies_of_a_passage_are_read_once_and_share_one_vote(reader):
    alone = first(reader, [POET, OTHER + SILENT])
    twice = first(reader, [POET, OTHER + SILENT, POET, f"  {POET}\n"])
    assert twice[:5] == alone[:5]
    assert reader.checkpoint.runs[-1][1]["present"].sum() == 2
    poet, other = alone.votes
    part = pytest.approx(poet.share / 3, abs=1e-4)
    assert [vote.share for vote in twice.votes] == [part, other.share, part, part]
    assert {vote.no_answer for vote in twice.votes} == {poet.no_answer}


def test_many_copies_leave_the_other_passages_their_place(reader):
    answer = first(reader, [SILENT] * 40 + [POET], windows=2)
    assert (answer.text, answer.passage) == ("少陵", 40)


@pytest.mark.parametrize("copies", range(1, 13))
def test_copies_change_neither_answer_nor_confidence(reader, copies):
    # A ranking whose probabilities depend on the vote and on what else was found.
    reader.ranking = Ranking({"vote": 2.0, "behind": 1.0, "share": 1.5, "line": 0.3})
    one = first(reader, [POET])
    many = first(reader, [POET] * copies, threshold=one.confidence)
    assert many[:5] == one[:5] and many.text == "少陵"


def test_silence_is_an_empty_answer(reader):
    answer = first(reader, [SILENT, SILENT])
    assert answer[:5] == ("", 0.0, NOWHERE, NOWHERE, NOWHERE)
    assert [vote.share for vote in answer.votes] == [0, 0]
    assert answer.runners_up == ()


def test_an_answer_below_the_threshold_is_withheld_but_told_of(reader):
    assert first(reader, [POET], threshold=SURELY).text == "少陵"
    withheld = first(reader, [POET], threshold=SURELY + 0.001)
    assert withheld[:3] == ("", SURELY, NOWHERE)
    assert [one.text for one in withheld.runners_up] == ["少陵"]


def test_runners_up_are_the_next_best_and_no_more_than_asked_for(reader):
    passages = [POET, OTHER, OTHER_TOO, "<长江>有六千公里。", SILENT]
    answer = first(reader, passages, top_k=2)
    assert (answer.text, [one.text for one in answer.runners_up]) == (
        "青莲居士", ["少陵"],
    )  # fmt: skip
    every = first(reader, passages, top_k=8)
    assert [one.text for one in every.runners_up] == ["少陵", "长江"]
    assert all(is_the_passage(one, passages) for one in [every, *every.runners_up])


def test_the_graph_is_told_what_the_options_say(reader):
    first(reader, [POET])
    first(reader, [POET], mode="generative", beam=2)
    first(reader, [POET], top_k=3)
    first(reader, [POET], beam=8)
    told = [
        (name, int(x["beam"]), bool(x["free"]), int(x["length"]))
        for name, x in reader.checkpoint.runs
    ]
    assert told == [
        ("model", 4, False, 9),
        ("model", 2, True, 9),
        ("many", 4, False, 9),
        ("many", 8, False, 9),
    ]


def test_of_equal_places_the_one_beside_the_questions_words_is_meant(reader):
    text = "<五>三公里。，，，，，，，，，，，，，，，，长江五"
    answer = first(reader, [text], "长江多少")
    assert (answer.start, answer.end) == (25, 26) and is_the_passage(answer, [text])
    assert text.index("五") == 1


def test_words_of_the_question_count_up_to_sixteen_tokens_after_a_place(reader):
    text = "<五>" + "，" * 9 + "五" + "，" * 15 + "长江。"
    assert text.index("长") - text.rindex("五") == 16 and len(text) <= 32
    answer = first(reader, [text], "长江多少")
    assert (answer.start, answer.end) == (12, 13)


def test_a_passage_is_as_likely_to_answer_as_its_best_window(reader):
    (vote,) = first(reader, [POET + SILENT * 4]).votes  # only the first window has one
    assert len(reader.checkpoint.runs[-1][1]["present"][0]) > 1
    assert vote.no_answer == 0.05


def test_a_hypothesis_that_the_rules_forbid_is_no_runner_up(reader, monkeypatch):
    from qa import stub

    def with_forbidden(*given, answer=stub.answer):
        found = answer(*given)
        found["answers"][1] = stub.filled(stub.VOCABULARY.encode("长江"), given[3])
        return found  # its score is NEG_INF, as that of all that fill up

    monkeypatch.setattr(stub, "answer", with_forbidden)
    assert first(reader, [POET], mode="generative", top_k=3).runners_up == ()


# --- choosing


def ranking_reader():
    """Return a reader that likes its answers short."""
    reader = stub_reader()
    short = {f"length, kind {kind}": -4.0 for kind in KINDS.values()}
    reader.ranking = Ranking({"line": -1.0, **short})
    return reader


def texts(answer):
    return [one.text for one in (answer, *answer.runners_up)]


def test_of_one_passage_what_is_most_probable_by_the_evidence_comes_first():
    windows = ("号<少陵>野老", "是<青莲居士>", "是<青莲居士>")  # 24 characters apart
    passage = "，" * 4 + "".join(f"{text:，<24}" for text in windows)
    plain = first(stub_reader(), [passage], top_k=3)
    answer = first(ranking_reader(), [passage], top_k=3)
    assert texts(plain) == ["青莲居士", "少陵"]
    assert texts(answer) == ["少陵", "青莲居士"] and is_the_passage(answer, [passage])
    chances = np.exp([0.0, *(-1 - 4 * math.log(size) for size in (2, 4))])
    assert answer.confidence == pytest.approx(chances[1] / chances.sum(), abs=1e-4)


def test_where_passages_vote_the_vote_chooses():
    passages = [POET, OTHER, OTHER_TOO]
    answer = first(ranking_reader(), passages, top_k=3)
    assert texts(answer) == ["青莲居士", "少陵"]
    assert answer.confidence < answer.runners_up[0].confidence
    assert first(ranking_reader(), [POET, SILENT]).text == "少陵"


def test_lines_that_differ_in_their_marks_are_one(reader):
    passages = ["杜甫，字<少陵>野老。", "杜甫，字<“少陵”>野老。"]
    answer = first(reader, passages, top_k=3)
    assert answer.text == "少陵" and not answer.runners_up


# --- as people type it


def test_offsets_refer_to_the_text_as_it_was_typed(reader):
    typed = "李白，\u3000<國際Ａ１>  人。"
    answer = first(reader, [typed])
    assert answer.text == "國際Ａ１" and is_the_passage(answer, [typed])


def test_characters_without_an_id_come_back_as_they_were(reader):
    typed = "号<少🙂龘陵>。"
    answer = first(reader, [typed])
    assert answer.text == "少🙂龘陵" and is_the_passage(answer, [typed])


def test_a_text_that_is_in_no_passage_is_written_by_the_model(reader, monkeypatch):
    from qa import stub

    ids = stub.VOCABULARY.encode("长江")
    monkeypatch.setattr(stub, "between_marks", lambda token_ids: ids)
    answer = first(reader, [POET, OTHER], mode="generative")
    assert answer[:5] == ("长江", SURELY, 0, NOWHERE, NOWHERE)


@pytest.mark.parametrize("question", ["", " \n", "\u200b"])
def test_an_empty_question_is_one_clear_error(reader, question):
    with pytest.raises(OptionError, match="the question is empty"):
        reader.answer(question, [POET])


@pytest.mark.parametrize("empty", ["", " \n\t", "\u3000"])
def test_an_empty_passage_is_told_by_its_number(reader, empty):
    with pytest.raises(OptionError, match="passage 2 is empty; leave it out"):
        reader.answer(QUESTION, [POET, empty])
    with pytest.raises(OptionError, match="no passage to answer from"):
        reader.answer(QUESTION, [])


def test_of_a_long_question_the_end_is_read_and_the_rest_is_told(reader):
    question = "一二三四五" * 4 + QUESTION
    assert reader.preparer.cut_off(question) == question[:10]
    assert reader.preparer.cut_off(QUESTION) == ""
    assert first(reader, [POET], question).text == "少陵"
    ids = reader.checkpoint.runs[-1][1]["token_ids"][0, 0]
    assert len(ids) == 3 + len(POET) + 16


@pytest.mark.parametrize("text", ["🙂", "a", "the answer is <b>", "<一>" * 700])
def test_odd_texts_are_read(reader, text):
    answer = first(reader, [text], "a?")
    assert answer.text in ("", "b", "一")


# --- long passages


def test_windows_cover_a_text_and_overlap_by_a_quarter():
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 100)))
    windows = list(cut_up(text, 32))
    assert [start for start, _ in windows] == [0, 24, 48, 72]
    assert all(text[start:].startswith(part) for start, part in windows)
    assert windows[-1][0] + len(windows[-1][1]) == 100
    assert list(cut_up(text[:32], 32)) == [(0, text[:32])]
    assert [start for start, _ in cut_up(text[:33], 32)] == [0, 24]
    assert list(cut_up("", 32)) == [(0, "")]


@pytest.mark.parametrize("place", [0, 25, 31, 150, 700])
def test_an_answer_in_a_long_text_has_its_place_in_that_text(reader, place):
    filler = "春眠不觉晓，处处闻啼鸟。" * 64
    text = filler[:place] + "杜甫号<少陵>" + filler[place:]
    answer = first(reader, [SILENT, text])
    assert answer.text == "少陵" and answer.passage == 1
    assert is_the_passage(answer, [SILENT, text])


def test_of_many_windows_those_that_share_most_with_the_question_are_read(reader):
    filler = "春眠不觉晓，处处闻啼鸟。" * 200
    text = filler + "杜甫号<少陵>野老。" + filler
    answer = first(reader, [text], windows=2)
    assert answer.text == "少陵" and is_the_passage(answer, [text])
    assert reader.checkpoint.runs[-1][1]["present"].shape == (1, 2)


def test_a_passage_that_is_not_read_says_nothing(reader):
    votes = first(reader, [SILENT, POET, SILENT], windows=1).votes
    assert [vote.no_answer for vote in votes] == [None, 0.05, None]
    assert [vote.share for vote in votes] == [0, 1, 0]


def test_where_no_window_shares_a_word_the_first_are_read(reader):
    first(reader, [SILENT, POET], "a?", windows=1)
    assert reader.checkpoint.runs[-1][1]["present"].shape == (1, 1)


def test_blank_windows_of_a_long_text_are_passed_over(reader):
    text = POET + "\n" * 200 + OTHER
    answer = first(reader, [text], top_k=2)
    assert is_the_passage(answer, [text])
    assert {answer.text, answer.runners_up[0].text} == {"少陵", "青莲居士"}


def test_the_windows_that_are_read_keep_their_order(reader):
    passages = [OTHER, SILENT, POET]
    prepared = reader.preparer.prepare(
        QARequest("少陵号什么？", passages), AnswerOptions(windows=2)
    )
    assert [window.passage for window in prepared.windows] == [0, 2]


def test_pairs_are_of_neighbours_in_lower_case():
    assert pairs("春眠A") == ["春眠", "眠a"] and pairs("春") == ["春"]


# --- many questions


def test_answers_come_in_the_order_of_the_questions(reader):
    texts = ["一二三", "四五", "六七八九", "十"]
    asked = [
        QARequest(
            "杜甫号什么？"[-n % 5 :] + "？", [SILENT] * (n % 3) + [f"号<{text}>。"]
        )
        for n, text in enumerate(texts * 60)
    ]
    answers = list(reader.answer_all(asked))
    assert [answer.text for answer in answers] == texts * 60
    assert [answer.passage for answer in answers] == [n % 3 for n in range(240)]
    assert len(reader.checkpoint.runs) < 60 and len(asked) > MOST_AT_ONCE


def test_each_question_is_answered_as_it_is_alone(reader):
    asked = [
        QARequest(QUESTION, [POET, OTHER]),
        QARequest("长江有多少公里？", [SILENT]),
        QARequest("谁？", ["<李白>" + SILENT * 5, OTHER, POET]),
    ]
    together = list(reader.answer_all(asked))
    sizes = [inputs["present"].sum(axis=1) for _, inputs in reader.checkpoint.runs]
    assert sorted(np.concatenate(sizes)) == [1, 2, 5]  # not what fills the arrays up
    assert together == [reader.answer(*one) for one in asked]


def test_a_bad_question_does_not_stop_the_others(reader):
    asked = [
        QARequest(QUESTION, [POET]),
        QARequest("", [POET]),
        QARequest(QUESTION, [OTHER]),
    ]
    good, bad, other = reader.answer_all(asked)
    assert (good.text, other.text) == ("少陵", "青莲居士")
    assert isinstance(bad, NlgError) and "question is empty" in str(bad)


def test_questions_are_taken_as_they_are_needed(reader):
    def asked():
        for _ in range(MOST_AT_ONCE):
            yield QARequest(QUESTION, [POET])
        raise AssertionError("read too far ahead")

    answers = reader.answer_all(asked())
    assert next(answers).text == "少陵"


def test_a_run_holds_no_more_tokens_than_it_may(reader):
    asked = [QARequest(QUESTION, [SILENT * n]) for n in (1, 2, 9, 40)] * 30
    assert len(list(reader.answer_all(asked))) == 120
    sizes = [inputs["token_ids"].size for _, inputs in reader.checkpoint.runs]
    assert max(sizes) <= RUN_TOKENS
    assert len(sizes) < 30


def test_a_long_question_does_not_narrow_the_runs_of_others():
    def prepared(windows, longest):
        return types.SimpleNamespace(windows=[None] * windows, longest=longest)

    long, short = prepared(1, RUN_TOKENS - 1), prepared(2, RUN_TOKENS // 8)
    assert list(_runs([short, short, long, short, short], 0)) == [[2], [0, 1, 3, 4]]


@pytest.mark.parametrize("size", [1, 7, 128])
def test_a_run_has_as_many_questions_as_are_asked_for(reader, size):
    asked = [QARequest(QUESTION, [POET] * (1 + n % 3)) for n in range(20)]
    wanted = list(reader.answer_all(asked))
    reader.checkpoint.runs.clear()
    found = list(reader.answer_all(asked, AnswerOptions(batch_size=size)))
    assert found == wanted
    sizes = [len(inputs["present"]) for _, inputs in reader.checkpoint.runs]
    whole, rest = divmod(20, size)
    assert sizes == [size] * whole + [rest] * (rest > 0)


def test_workers_answer_at_the_same_time_and_in_order():
    reader = Reader(StubCheckpoint(), workers=2)
    both, graph = threading.Barrier(2, timeout=5), reader.checkpoint.graph

    def slow(name):
        def run(**inputs):
            both.wait()  # for the other worker: one alone would never pass
            return graph(name)(**inputs)

        return run

    reader.checkpoint.graph = slow
    texts = ["一二三", "四五", "六七八九", "十"]
    asked = [QARequest(QUESTION, [f"号<{text}>。"]) for text in texts]
    answers = reader.answer_all(asked, AnswerOptions(batch_size=1))
    assert [answer.text for answer in answers] == texts


# --- several threads


def test_threads_that_share_a_reader_get_the_answers_of_one_thread():
    texts = ["一二三", "四五", "六七八九", "十"] * 8
    requests = [QARequest(QUESTION, [SILENT, f"号<{text}>。"]) for text in texts]
    reader = stub_reader()
    alone = [reader.answer(*request) for request in requests]
    started, graph = threading.Barrier(8, timeout=5), reader.checkpoint.graph

    def together(name):
        started.wait()  # eight answers are under way before one goes on
        return graph(name)

    reader.checkpoint.graph = together
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda request: reader.answer(*request), requests))
    assert found == alone and [answer.text for answer in found] == texts


# --- options


def test_options_may_be_given_by_name(reader):
    passages = [POET, OTHER, OTHER]
    by_name = reader.answer(QUESTION, passages, top_k=2)
    assert by_name == first(reader, passages, top_k=2) and by_name.runners_up
    assert not reader.answer(QUESTION, passages, no_answer_threshold=0.0).text
    with pytest.raises(OptionError, match="topk: no such setting; did you mean top_k"):
        reader.answer(QUESTION, passages, topk=2)


@pytest.mark.parametrize(
    ("question", "passages", "says"),
    [
        (None, [POET], "the question is None; give a text"),
        ("\ud840？", [POET], "the question has half a character"),
        (QUESTION, [POET, 7], "passage 2 is 7; give a text"),
        (QUESTION, ["\udc00"], "passage 1 has half a character"),
    ],
)
def test_what_is_no_text_is_one_clear_error(reader, question, passages, says):
    with pytest.raises(OptionError, match=says):
        reader.answer(question, passages)


def test_one_text_in_place_of_a_list_of_passages_is_one_clear_error(reader):
    with pytest.raises(OptionError, match="passages is one text; give a list"):
        reader.answer(QUESTION, POET)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"mode": "both"}, "mode is 'both'; choose extractive, generative"),
        ({"top_k": 9}, "top_k is 9; it must be between 1 and 8"),
        ({"beam": 0}, "beam is 0"),
        ({"threshold": 1.1}, "threshold is 1.1"),
        ({"threshold": math.nan}, "threshold is nan"),
        ({"windows": 0}, "windows is 0"),
        (
            {"batch_size": MOST_AT_ONCE + 1},
            "batch_size is 129; it must be between 0 and 128",
        ),
        ({"answer_type": "colour"}, "answer_type is 'colour'; choose auto, none, per"),
        ({"style": "poem"}, "style is 'poem'; choose auto, none, entity, phrase"),
    ],
)
def test_options_that_make_no_sense_are_refused(changes, says):
    with pytest.raises(OptionError, match=says):
        AnswerOptions(**changes)


def test_a_type_can_only_be_told_to_a_model_that_was_trained_with_types(reader):
    with pytest.raises(
        OptionError, match="the checkpoint was trained without answer types"
    ):
        first(reader, [POET], answer_type="person")
    assert first(reader, [POET], answer_type="none").text == "少陵"
    assert "class_ids" not in reader.checkpoint.runs[-1][1]


@pytest.mark.parametrize(
    ("told", "kind"), [("auto", 1), ("none", 0), ("place", 2), ("other", 6)]
)
def test_the_type_is_told_from_the_question_unless_it_is_given(told, kind):
    typed = stub_reader(answer_types=True)
    first(typed, [POET, SILENT], "谁号少陵？", answer_type=told)
    assert typed.checkpoint.runs[-1][1]["class_ids"].tolist() == [[[kind], [kind]]]


@pytest.mark.parametrize(
    ("told", "style"), [("auto", 1), ("none", 0), ("entity", 1), ("phrase", 2)]
)
def test_the_style_is_told_after_the_type(told, style):
    typed = stub_reader(answer_types=True, styles=True)
    first(typed, [POET, SILENT], "号少陵的是谁？", style=told)
    assert typed.checkpoint.runs[-1][1]["class_ids"].tolist() == [[[1, style]] * 2]


def test_a_style_can_only_be_told_to_a_model_that_was_trained_with_styles():
    typed = stub_reader(answer_types=True)
    with pytest.raises(OptionError, match="without styles; leave --style phrase out"):
        first(typed, [POET], style="phrase")
    first(typed, [POET], "谁号少陵？", style="none")
    assert typed.checkpoint.runs[-1][1]["class_ids"].tolist() == [[[1]]]


def test_a_checkpoint_older_than_styles_opens(monkeypatch):
    from qa import stub

    monkeypatch.delitem(stub.MODEL, "styles")
    assert not stub_reader().config.model.styles


@pytest.mark.parametrize(
    ("given", "kind"), [("auto", "person"), ("none", "person"), ("place", "place")]
)
def test_the_ranking_uses_the_type_that_is_given_or_asked_for(given, kind):
    request = QARequest("谁号少陵？", [POET])
    preparer = stub_reader(answer_types=True).preparer
    prepared = preparer.prepare(request, AnswerOptions(answer_type=given))
    assert prepared.asks_for == KINDS[kind]


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"overlap": False}, {"overlap", "nearness"}),
        ({"words": False}, {"words"}),
        ({"vectors": 0}, {"meaning"}),
        ({"convolutions": 0}, set()),
        ({"convolutions": 0, "vectors": 0}, {"asks", "meaning"}),
        ({"overlap": False, "words": False}, {"overlap", "nearness", "words"}),
    ],
)
def test_a_model_is_given_only_what_it_was_made_for(changes, missing):
    plain = stub_reader(**changes)
    assert first(plain, [POET]).text == "少陵"
    given = plain.checkpoint.runs[-1][1].keys()
    assert given & set(EncodedSource._fields) == set(EncodedSource._fields) - missing
