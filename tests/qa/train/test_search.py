"""The search against itself and against the model asked token by token."""

import numpy as np
import pytest
from keras import ops
from qa.readers import numpy, questions, tiny_reader

from nlg.decode.constraints import narrow
from nlg.qa.train.search import answer, greedy, passages_of
from nlg.text.vocab import SEP_ID

LENGTH = 5


@pytest.fixture(scope="module")
def model():
    return tiny_reader()


def search(
    model, inputs, present=None, beam=4, free=False, limit=0.5, beams=4, n_best=2
):
    shape = inputs["token_ids"].shape[:2]
    present = np.ones(shape, bool) if present is None else np.array(present)
    sizes = {"beams": beams, "n_best": n_best}
    found = answer(model, inputs, present, LENGTH, beam, free, limit, **sizes)
    return type(found)(*map(numpy, found))


def asked(batch, passages, seed=0):
    return questions(np.random.default_rng(seed), batch, passages)


def lines(found):
    """The tokens of each line before its end, for every question."""
    return [
        [[t for t in line if t not in (0, SEP_ID)] for line in row]
        for row in found.answers.tolist()
    ]


def text(token_ids):
    return "".join(map(chr, token_ids))


def test_one_passage_and_one_beam_write_what_greedy_writes(model):
    inputs = asked(12, 1)
    flat = {name: x[:, 0] for name, x in inputs.items()}
    want = numpy(greedy(model, flat, LENGTH))
    silent = want[:, 0] == SEP_ID
    every = {"beams": LENGTH, "n_best": LENGTH}  # a beam ends once at each length
    found = search(model, inputs, free=True, beam=1, limit=1.0, **every)
    assert found.answers.shape == (12, LENGTH, LENGTH)
    assert found.voting.all() and silent.sum() < 8
    for row in np.flatnonzero(~silent):  # the best of a vote of one may be shorter
        assert want[row].tolist() in found.answers[row].tolist() or (
            want[row, -1] not in (0, SEP_ID)
        )


def test_support_is_what_each_passage_thinks_token_by_token(model):
    inputs = asked(3, 2)
    found = search(model, inputs)
    for row in range(3):
        for passage in range(2):
            one = {name: x[row, passage : passage + 1] for name, x in inputs.items()}
            reading, total = model.read(one), 0.0
            log_probs, cache = reading.first, model.empty_cache(reading, 1, LENGTH)
            for index, token in enumerate(found.answers[row, 0].tolist()):
                if token == 0:
                    break
                total += numpy(log_probs)[0, token]
                written = np.array([token], "int32")
                log_probs, cache = model.write(written, index, reading, cache, 1, 1)
            assert found.support[row, passage] == pytest.approx(total, abs=1e-3)


def test_no_answer_is_the_probability_of_an_end_at_once(model):
    inputs = asked(4, 3)
    found = search(model, inputs)
    flat = {name: x.reshape(12, -1) for name, x in inputs.items()}
    first = numpy(model.read(flat).first)
    want = np.exp(first[:, SEP_ID]).reshape(4, 3)
    np.testing.assert_allclose(found.no_answer, want, rtol=1e-3)


def test_passages_are_silent_from_the_limit_on(model):
    inputs = asked(6, 2)
    no_answer = search(model, inputs).no_answer
    limit = float(np.median(no_answer))
    found = search(model, inputs, limit=limit)
    assert found.voting.tolist() == (no_answer < limit).tolist()
    for row, best in enumerate(lines(found)):
        assert bool(best[0]) == found.voting[row].any()


def test_where_no_passage_votes_the_line_is_empty():
    model = tiny_reader()
    bias = numpy(model.unilm.head.bias)
    bias[SEP_ID] += 99
    model.unilm.head.bias.assign(bias)
    model.copying.gate.bias.assign([-99.0])
    found = search(model, asked(2, 2))
    assert not found.voting.any() and np.all(found.no_answer > 0.99)
    assert all(best == [] for best, *_ in lines(found))


@pytest.mark.parametrize("seed", range(3))
def test_answers_are_fragments_of_voting_passages(model, seed):
    inputs = asked(8, 3, seed)
    found = search(model, inputs, n_best=4)
    parts = numpy(passages_of(inputs["token_ids"]))
    texts = [[text(t for t in p if t >= 0) for p in row] for row in parts]
    some = 0
    for row, best in enumerate(lines(found)):
        voting = [t for t, v in zip(texts[row], found.voting[row], strict=True) if v]
        for number, line in enumerate(best):
            if found.scores[row, number] > -1e8 and line:
                assert any(text(line) in passage for passage in voting)
                some += 1
    assert some > 8


def test_free_answers_may_be_anything(model):
    inputs = asked(12, 1)
    parts = numpy(passages_of(inputs["token_ids"]))[:, 0]
    texts = [text(t for t in p if t >= 0) for p in parts]
    held, free = (lines(search(model, inputs, free=x)) for x in (False, True))
    assert all(text(best[0]) in t for best, t in zip(held, texts, strict=True))
    assert any(text(best[0]) not in t for best, t in zip(free, texts, strict=True))


def test_passages_that_are_not_there_have_no_say(model):
    inputs = asked(3, 3)
    found = search(model, inputs, present=[[1, 0, 1]] * 3)
    two = {name: x[:, [0, 2]] for name, x in inputs.items()}
    want = search(model, two)
    np.testing.assert_array_equal(found.answers, want.answers)
    np.testing.assert_allclose(found.scores, want.scores, atol=1e-3)
    assert not found.voting[:, 1].any()


def test_a_question_is_answered_as_it_is_alone(model):
    inputs = asked(4, 2)
    found = search(model, inputs)
    for row in range(4):
        alone = search(model, {name: x[row : row + 1] for name, x in inputs.items()})
        np.testing.assert_array_equal(found.answers[row], alone.answers[0])
        np.testing.assert_allclose(found.scores[row], alone.scores[0], atol=1e-3)


def test_fewer_beams_than_there_are_search_as_few_do(model):
    inputs = asked(8, 2)
    narrowed = search(model, inputs, beam=2, beams=4)
    want = search(model, inputs, beam=2, beams=2)
    np.testing.assert_array_equal(narrowed.answers, want.answers)
    np.testing.assert_allclose(narrowed.scores, want.scores, atol=1e-4)
    wide = search(model, inputs, beam=4, beams=4)
    assert np.all(wide.scores[:, 0] >= want.scores[:, 0] - 1e-4)


def test_narrow_closes_all_beams_but_the_best():
    rule = narrow(2, 3)
    got = numpy(rule(ops.zeros((6, 2)), None, 0))
    assert (got < -1e8).tolist() == [[False] * 2, [False] * 2, [True] * 2] * 2


def test_passages_are_drawn_as_in_the_docstring():
    token_ids = np.array([[[2, 10, 11, 3, 12, 3, 0], [2, 10, 3, 12, 12, 12, 3]]])
    got = numpy(passages_of(token_ids)).tolist()
    assert got == [[[-1, 10, 11] + [-1] * 4, [-1, 10] + [-1] * 5]]
