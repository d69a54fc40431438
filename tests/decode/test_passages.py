"""The oracle is the loop of kexue.fm/archives/7115 on tables, in NumPy."""

import numpy as np
import pytest
from decode.models import SEP, tiny_unilm
from decode.toys import (
    BACKEND,
    END,
    PAD,
    all_lines,
    eager,
    every_way,
    history_dice,
    history_model,
    numpy_of,
    row_of,
)
from keras import ops

from nlg.decode.beam import beam_search
from nlg.decode.fragment import fragment_of, join_sources
from nlg.decode.passages import absent, vote_of, vote_openness
from nlg.decode.seam import last_token
from nlg.decode.seq2seq import empty_cache, read

WORDS, LENGTH = 4, 4


def tables(seed, sure_of_nothing=()):
    """Return P = 3 tables; those named begin with the end."""
    found = [history_dice(WORDS, 10 * seed + i) for i in range(3)]
    for passage, table in enumerate(found):
        end = 0.6 if passage in sure_of_nothing else 0.05
        table[0, END] = 0
        table[0] *= (1 - end) / table[0].sum()
        table[0, END] = end
    return np.array(found, "float32")


def together(tables):
    """A model that takes (M, T) tokens and returns (M * P, V): passages inside."""

    def next_log_probs(token_ids, cache, index):
        said = [
            history_model(tables[p])(token_ids, cache, index)[0]
            for p in range(tables.shape[0])
        ]
        stacked = ops.stack(said, axis=1)  # (M, P, V)
        return ops.reshape(stacked, (-1, said[0].shape[-1])), cache

    return next_log_probs


def numpy_vote(tables, line):
    """The probability of a line under the vote: a loop over tokens and passages."""
    voting = [t for t in tables if np.argmax(t[0]) != END]
    if not voting:
        return float(line == (END,))
    total = 1.0
    for i, token in enumerate(line):
        probs = np.array([t[row_of(line[:i], len(t)), token] for t in voting])
        total *= np.sum(probs**2) / (1 + np.sum(probs))
    return total


def run(way, tables, beams=121, **options):
    def search(tables):
        model, cache = vote_of(together(tables), (), passages=3, rows=beams, end_id=END)
        options_ = {"batch": 1, "beams": beams, "length": LENGTH, "end_id": END}
        return beam_search(model, cache, **options_, **options)

    return numpy_of(way(search)(tables))


@pytest.mark.parametrize("silent", [(), (1,), (0, 2)])
def test_wide_search_finds_the_lines_that_the_vote_prefers(silent):
    three = tables(0, silent)
    lines = sorted(all_lines(WORDS, LENGTH), key=lambda x: -numpy_vote(three, x))
    found = run(eager, three)
    got = [tuple(t for t in x if t != PAD) for x in found.token_ids[0, :20].tolist()]
    assert got == lines[:20]
    want = [numpy_vote(three, line) for line in lines[:20]]
    np.testing.assert_allclose(np.exp(found.log_probs[0, :20]), want, rtol=1e-4)


def test_no_passage_with_an_answer_gives_the_empty_line():
    found = run(eager, tables(0, (0, 1, 2)), beams=4)
    assert found.token_ids[0, 0].tolist() == [END, PAD, PAD, PAD]
    assert found.log_probs[0, 0] == 0


def test_vote_of_the_drawing_is_what_arithmetic_says():
    # 杜 李 end, as in the module's drawing; the third passage drops out.
    probs = np.array([[[0.9, 0.05, 0.05], [0.4, 0.4, 0.2], [0.0, 0.1, 0.9]]])
    log_probs = ops.log(ops.convert_to_tensor(probs + 1e-9, "float32"))
    model, cache = vote_of(
        lambda t, c, i: (log_probs[0], c), (), passages=3, rows=1, end_id=2
    )
    voted, votes = model(ops.zeros((1, 1), "int32"), cache, 0)
    want = [(0.81 + 0.16) / 2.3, (0.0025 + 0.16) / 1.45, (0.0025 + 0.04) / 1.25]
    np.testing.assert_allclose(np.exp(numpy_of(voted)[0]), want, rtol=1e-4)
    assert numpy_of(votes.voting).tolist() == [[1, 1, 0]]


def test_passages_that_are_not_there_have_no_vote():
    three = tables(0)
    model, votes = vote_of(together(three), (), passages=3, rows=4, end_id=END)
    votes = absent(votes, np.array([[True, False, True]]), 4)
    size = {"batch": 1, "beams": 4, "length": LENGTH, "end_id": END}
    got = numpy_of(beam_search(model, votes, **size))
    model, votes = vote_of(together(three[[0, 2]]), (), passages=2, rows=4, end_id=END)
    want = numpy_of(beam_search(model, votes, **size))
    np.testing.assert_array_equal(got.token_ids, want.token_ids)
    np.testing.assert_allclose(got.log_probs, want.log_probs, atol=1e-5)


@every_way
def test_vote_is_the_same_however_it_runs(way):
    want = run(eager, tables(2, (1,)), beams=4, n_best=2)
    got = run(way, tables(2, (1,)), beams=4, n_best=2)
    np.testing.assert_array_equal(got.token_ids, want.token_ids)
    np.testing.assert_allclose(got.scores, want.scores, atol=1e-4)


# --- with the backbone ---

B, P, S, K = 2, 3, 6, 3
PASSAGES = np.random.default_rng(0).integers(4, 20, (B, P, S)).astype("int32")
PASSAGES[:, :, 0], PASSAGES[0, 1, 4:] = 2, 0


def writer(model, reading, beams, count):
    """The backbone after B * P sources: (M, T) tokens in, (M * P, V) out."""
    first = model.per_beam(reading.first, beams, count)

    def next_log_probs(token_ids, cache, index):
        if isinstance(index, int) and index == 0:
            return first, cache
        last = ops.repeat(last_token(token_ids, index), count, axis=0)
        states, cache = model.step(last, index - 1, reading.source, cache, beams, count)
        return ops.log_softmax(model.logits(states), axis=-1), cache

    return next_log_probs


def answer(model, passages, beams=K, fragment=False, length=5):
    """The vote over passages (B, P, S) in one search."""
    rows, count, width = passages.shape
    reading = read(model, {"token_ids": ops.reshape(passages, (-1, width))})
    inner = empty_cache(model, rows * beams * count, length)
    write, cache = vote_of(
        writer(model, reading, beams, count),
        inner,
        passages=count,
        rows=rows * beams,
        end_id=SEP,
    )
    if fragment:
        write, cache = fragment_of(
            join_sources(passages),
            write,
            cache,
            beams=beams,
            end_id=SEP,
            open_sources=lambda votes: vote_openness(votes, width + 1),
        )
    return beam_search(write, cache, batch=rows, beams=beams, length=length, end_id=SEP)


def anew(model, passages):
    """The vote for one question, each passage read anew at every step."""

    def next_log_probs(token_ids, cache, index):
        rows = []
        for line in np.array(token_ids):
            for source in passages:
                source = source[source > 0]
                tokens = np.concatenate([source, line[: int(index)]])[None]
                segments = np.arange(tokens.shape[1])[None] >= len(source)
                inputs = {"token_ids": tokens, "segment_ids": segments.astype("int32")}
                rows.append(model.logits(model(inputs)[:, -1]))
        return ops.log_softmax(ops.concatenate(rows, axis=0), axis=-1), cache

    return next_log_probs


@pytest.mark.skipif(BACKEND == "jax", reason="JAX traces every loop")
def test_vote_with_caches_is_the_vote_that_reads_all_anew():
    model = tiny_unilm()
    found = numpy_of(answer(model, PASSAGES))
    for row in range(B):
        write, cache = vote_of(
            anew(model, PASSAGES[row]), (), passages=P, rows=K, end_id=SEP
        )
        alone = beam_search(write, cache, batch=1, beams=K, length=5, end_id=SEP)
        alone = numpy_of(alone)
        np.testing.assert_array_equal(found.token_ids[row], alone.token_ids[0])
        np.testing.assert_allclose(found.log_probs[row], alone.log_probs[0], atol=1e-3)


@every_way
def test_fragments_of_voting_passages_however_they_are_found(way):
    model = tiny_unilm()
    want = numpy_of(answer(model, PASSAGES, fragment=True))
    got = way(lambda x: answer(model, x, fragment=True), model)(PASSAGES)
    np.testing.assert_array_equal(numpy_of(got).token_ids, want.token_ids)
    np.testing.assert_allclose(numpy_of(got).log_probs, want.log_probs, atol=1e-3)
    for row, line in enumerate(want.token_ids[:, 0].tolist()):
        words = "".join(map(chr, [t for t in line if t not in (PAD, SEP)]))
        assert any(words in "".join(map(chr, p)) for p in PASSAGES[row])
