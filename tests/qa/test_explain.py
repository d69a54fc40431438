"""What stands around the graph of gradients; the graph itself is a rule."""

import numpy as np
import pytest
from qa.salient import salient_reader
from qa.stub import stub_reader

from nlg.errors import CheckpointError
from nlg.qa.answer import NOWHERE, QARequest
from nlg.qa.config import longest
from nlg.qa.explain import Piece, explain, weighted
from nlg.qa.inputs import EncodedSource
from nlg.qa.options import AnswerOptions

POET = "杜甫，字子美，号<少陵>野老。"
SILENT = "春眠不觉晓，处处闻啼鸟。"
QUESTION = "杜甫号什么？"


def told(passages, question=QUESTION, reader=None, **changes):
    """Return reader, answer and what the answer rests on."""
    reader = reader or salient_reader(**changes)
    answer = reader.answer(question, passages)
    return (
        reader,
        answer,
        explain(reader, QARequest(question, passages), answer, AnswerOptions()),
    )


def runs_of(reader):
    return [inputs for name, inputs in reader.checkpoint.runs if name == "saliency"]


def test_every_character_has_its_share():
    _, answer, found = told([SILENT, POET])
    assert "".join(piece.text for piece in found.passage) == POET
    assert "".join(piece.text for piece in found.question) == QUESTION
    assert [piece.start for piece in found.passage] == list(range(len(POET)))
    total = len(POET) + len(QUESTION) + 2 * 3  # a mark weighs three more
    heavy = {"<", ">"}
    for piece in found.passage + found.question:
        want = (4 if piece.text in heavy else 1) / total
        assert piece.weight == pytest.approx(want, abs=1e-4)
    assert answer.text == "少陵"


def test_the_answer_is_told_token_by_token_with_its_end():
    _, _, found = told([SILENT, POET])
    assert [one.text for one in found.written] == ["少", "陵", ""]
    assert {one.probability for one in found.written} == {0.51}  # 少 is at 10
    assert {one.copied for one in found.written} == {0.25}


def test_the_graph_gets_what_it_was_made_for():
    reader, _, _ = told([SILENT, POET])
    (inputs,) = runs_of(reader)
    S, T = longest(reader.config)
    assert (S, T) == (32 + 16 + 3, 8 + 1)
    assert {name: x.shape for name, x in inputs.items()} == {
        **dict.fromkeys(EncodedSource._fields, (1, S)),
        "answer": (1, T),
    }
    assert all(x.dtype == "int32" for x in inputs.values())
    assert inputs["overlap"][0, 1] == 2  # 杜甫 stands in the question
    assert inputs["words"][0, 1:4].tolist() == [1, 2, 0]  # and is a person


def test_a_model_with_types_is_told_the_type_and_one_without_hints_no_hints():
    bare = {"overlap": False, "words": False, "convolutions": 0, "vectors": 0}
    reader, _, _ = told([POET], "多少？", answer_types=True, **bare)
    (inputs,) = runs_of(reader)
    assert inputs.keys() == {"token_ids", "class_ids", "answer"}
    assert inputs["class_ids"].shape == (1, 1) and inputs["class_ids"][0, 0] > 0


def test_of_windows_that_hold_the_answer_the_one_that_supports_it_most_is_told():
    passage = SILENT * 2 + "号<少陵>。" + SILENT * 4  # 24 is in two windows of 32
    reader, answer, found = told([passage])
    assert len(runs_of(reader)) == 2
    starts = [piece.start for piece in found.passage]
    assert starts == list(range(32)) and answer.start == 26


def test_an_answer_that_stands_nowhere_is_followed_in_its_passage():
    reader = salient_reader()
    answer = reader.answer(QUESTION, [SILENT, POET])
    answer = answer._replace(text="诗人", start=NOWHERE, end=NOWHERE)
    asked = QARequest(QUESTION, [SILENT, POET])
    found = explain(reader, asked, answer, AnswerOptions())
    assert "".join(piece.text for piece in found.passage) == POET
    assert len(found.written) == 3


def test_a_word_of_many_pieces_is_one_and_keeps_its_letters():
    _, _, found = told(["号<少陵> ＡＢc1。"], "ab c是什么？")
    assert [piece.text for piece in found.passage] == [*"号<少陵>", "ＡＢc1", "。"]
    texts = {piece.text: piece for piece in (*found.question, *found.passage)}
    word = texts["ＡＢc1"]
    assert word.start == 6 and "ab" in texts
    one = texts["号"].weight
    assert word.weight == pytest.approx(4 * one, abs=2e-4)


def test_places_are_those_of_the_texts_as_they_came():
    question = "  " + "一二三四五" * 4 + "杜甫號什麼？ "
    passage = "國際\n号<少陵>。"
    _, _, found = told([passage], question)
    for text, pieces in ((question, found.question), (passage, found.passage)):
        for piece in pieces:
            assert text[piece.start :].startswith(piece.text)
    assert "".join(piece.text for piece in found.question) == question.strip()[-16:]
    assert "國" in {piece.text for piece in found.passage}


def test_of_a_question_with_more_tokens_than_characters_the_last_tokens_are_shown():
    _, _, found = told([POET], "号" + "한" * 15)  # a syllable is several tokens
    assert found.question[-1].text == "한" and found.question[-1].start == 15
    assert found.question[0].start > 0


def test_an_answer_longer_than_the_graph_is_cut():
    long = "一二三四五六七八"
    reader, answer, found = told([f"号<{long}>。"])
    assert answer.text == long and len(found.written) == 9
    reader = salient_reader(max_answer=4)
    _, _, found = told([f"号<{long[:5]}>。"], reader=reader)
    assert len(found.written) == 5 and runs_of(reader)[0]["answer"].shape == (1, 5)


def test_without_an_answer_there_is_nothing_to_explain():
    reader, answer, found = told([SILENT])
    assert answer.text == "" and found is None and not runs_of(reader)


def test_a_checkpoint_without_the_graph_says_how_to_make_it():
    with pytest.raises(
        CheckpointError, match=r"no saliency.onnx.*nlg\.qa\.train\.export"
    ):
        told([POET], reader=stub_reader())


def test_weights_without_any_saliency_are_zero(monkeypatch):
    monkeypatch.setattr("qa.salient.WEIGHTS", dict.fromkeys(range(200), 0.0))
    _, _, found = told([POET])
    assert {piece.weight for piece in found.passage + found.question} == {0.0}


def test_marks_cover_what_lies_between_pieces():
    pieces = [Piece("春", 1, 0.2), Piece("BM25", 3, 0.5)]
    assert list(weighted("，春 BM25。", pieces)) == [
        ("春", 1, 0.2),
        (" ", 2, 0.0),
        *((c, n, 0.5) for n, c in enumerate("BM25", 3)),
    ]
    assert [mark.weight for mark in weighted("问 BM25", [Piece("BM25", 2, 0.5)])] == (
        [0.5, 0.5, 0.5, 0.5]
    )
    assert list(weighted("春", [])) == []


def test_all_weights_add_up_to_one():
    _, _, found = told([POET * 2], QUESTION)
    assert np.isclose(
        sum(p.weight for p in found.question + found.passage), 1, atol=0.01
    )


def test_a_character_that_the_model_does_not_know_is_shown_as_it_is():
    _, _, found = told(["号<霸陵>。"])
    assert [one.text for one in found.written] == ["霸", "陵", ""]
