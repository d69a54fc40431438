"""The backbone on the seam: the cache changes nothing, compiling changes nothing."""

import numpy as np
import pytest
from decode.models import SEP, SOURCES, tiny_unilm
from decode.toys import BACKEND, eager, every_way, numpy_of
from keras import ops

from nlg.decode.beam import beam_search
from nlg.decode.seq2seq import Reading, empty_cache, explain, read, write, writer
from nlg.errors import OptionError

LENGTH = 6


@pytest.fixture(scope="module")
def model():
    return tiny_unilm()


def uncached(model, beams):
    """The whole sequence anew at every step: what bert4keras does."""

    def next_log_probs(token_ids, cache, index):
        rows = []
        for beam, line in enumerate(np.array(token_ids)):
            source = SOURCES[beam // beams]
            source = source[source > 0]
            tokens = np.concatenate([source, line[: int(index)]])[None]
            segments = (np.arange(tokens.shape[1]) >= len(source))[None]
            states = model(
                {"token_ids": tokens, "segment_ids": segments.astype("int32")}
            )
            rows.append(model.logits(states[:, -1]))
        return ops.log_softmax(ops.concatenate(rows, axis=0), axis=-1), cache

    return next_log_probs


def search(model, sources=SOURCES, way=eager, **options):
    options = {"beams": 3, "length": LENGTH, "end_id": SEP, **options}
    found = way(lambda x: write(model, {"token_ids": x}, **options), model)(sources)
    return numpy_of(found)


def assert_same(got, want):
    np.testing.assert_array_equal(got.token_ids, want.token_ids)
    np.testing.assert_allclose(got.log_probs, want.log_probs, atol=1e-4)
    np.testing.assert_allclose(got.scores, want.scores, atol=1e-4)


@pytest.mark.skipif(BACKEND == "jax", reason="JAX traces every loop")
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_search_with_a_cache_finds_what_reading_all_anew_finds(model, alpha):
    options = {"beams": 3, "length": LENGTH, "end_id": SEP, "length_penalty": alpha}
    want = beam_search(uncached(model, 3), (), batch=2, **options)
    got = search(model, length_penalty=alpha)
    assert_same(got, numpy_of(want))
    assert len(np.unique(got.token_ids)) > 3  # the lines say something


@every_way
def test_backbone_and_search_are_one_graph_everywhere(model, way):
    assert_same(search(model, way=way, n_best=2), search(model, n_best=2))


def test_a_row_does_not_depend_on_its_batch_or_on_its_padding(model):
    together = search(model)
    short = SOURCES[:1, : np.count_nonzero(SOURCES[0])]
    for row, source in enumerate((short, SOURCES[1:])):
        alone = search(model, source)
        np.testing.assert_array_equal(together.token_ids[row], alone.token_ids[0])
        np.testing.assert_allclose(together.scores[row], alone.scores[0], atol=1e-4)


def test_condition_reaches_every_written_token():
    model = tiny_unilm(condition_size=4, classes=(3,))
    both = {
        "token_ids": np.repeat(SOURCES[1:], 2, 0),
        "class_ids": np.array([[1], [3]]),
    }
    options = {"beams": 2, "length": 4, "end_id": SEP}
    found = numpy_of(write(model, both, **options))
    for row in range(2):
        one = {name: x[row : row + 1] for name, x in both.items()}
        alone = numpy_of(write(model, one, **options))
        np.testing.assert_array_equal(found.token_ids[row], alone.token_ids[0])
        np.testing.assert_allclose(found.scores[row], alone.scores[0], atol=1e-4)
    assert (found.token_ids[0] != found.token_ids[1]).any()


def test_source_is_read_once_and_kept_once_a_row(model):
    beams = 5
    reading = read(model, {"token_ids": SOURCES})
    assert isinstance(reading, Reading)
    assert {x.shape[0] for x in reading.source.keys} == {2}
    cache = empty_cache(model, 2 * beams, LENGTH)
    assert {x.shape[0] for x in cache} == {2 * beams}
    assert {x.shape[2] for x in cache} == {LENGTH - 1}  # none is read after the last
    log_probs, _ = writer(model, reading, beams)(
        ops.zeros((2 * beams, LENGTH), "int32"), cache, 0
    )
    np.testing.assert_allclose(
        numpy_of(log_probs), np.repeat(numpy_of(reading.first), beams, 0), atol=1e-6
    )


@every_way
def test_explanation_adds_up_to_the_score_of_the_line(model, way):
    lines = search(model, n_best=2)
    told = way(
        lambda sources, lines: explain(
            model, {"token_ids": sources}, lines, end_id=SEP, runners_up=2
        ),
        model,
    )(SOURCES, lines.token_ids)
    told = numpy_of(told)
    np.testing.assert_allclose(
        told.log_probs.sum(-1).reshape(2, 2), lines.log_probs, atol=1e-3
    )
    assert (told.runners_up[:, :, 0] != told.runners_up[:, :, 1]).any()


def test_a_source_and_what_follows_it_may_fill_the_positions(model):
    full = {"token_ids": np.full((1, 60), 10, "int32")}  # the last token is not read
    assert write(model, full, beams=2, length=5, end_id=SEP).token_ids.shape[-1] == 5


@pytest.mark.parametrize("length", [6, 32])
def test_more_than_the_positions_is_one_clear_error(model, length):
    full = {"token_ids": np.full((1, 60), 10, "int32")}
    told = rf"60 tokens and {length - 1} to write are more than the 64 positions"
    with pytest.raises(OptionError, match=told):
        write(model, full, beams=2, length=length, end_id=SEP)


def test_padding_takes_no_position_from_what_is_written(model):
    source = np.zeros((1, 62), "int32")
    source[:, :8] = SOURCES[1]
    found, want = (
        write(model, {"token_ids": ids}, beams=2, length=9, end_id=SEP)
        for ids in (source, SOURCES[1:])
    )
    np.testing.assert_array_equal(numpy_of(found.token_ids), numpy_of(want.token_ids))


def test_a_source_longer_than_the_positions_is_refused(model):
    too_long = np.full((1, 65), 10, "int32")
    for call in (model.prefill, model):
        with pytest.raises(OptionError, match="65 tokens are more than the 64"):
            call({"token_ids": too_long})
