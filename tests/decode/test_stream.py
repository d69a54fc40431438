import numpy as np
import pytest
from decode.toys import BACKEND, END, PAD, history_dice, history_model, numpy_of

from nlg.decode.beam import BeamRules, beam_search
from nlg.decode.results import line_of
from nlg.decode.stream import stream

LENGTH = 9


def rules_of(n_best=1, alpha=0.0):
    return BeamRules(1, 3, n_best, LENGTH, END, PAD, alpha)


def table(seed):
    """Decided choices and rare ends, so that lines have a length and a beginning."""
    probs = history_dice(12, seed, rows=23) ** 3
    probs[:, END] = 0.03 * probs.sum(1)
    return (probs / probs.sum(1, keepdims=True)).astype("float32")


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_stream_ends_with_what_the_search_returns(every, alpha):
    for seed in range(8):
        model, rules = history_model(table(seed)), rules_of(alpha=alpha)
        turns = list(stream(model, (), rules, every=every))
        found = numpy_of(
            beam_search(
                model,
                (),
                batch=1,
                beams=3,
                n_best=1,
                length=LENGTH,
                end_id=END,
                length_penalty=alpha,
            )
        )
        assert turns[-1].best == line_of(found.token_ids[0, 0], END)
        assert [turn.done for turn in turns] == [False] * (len(turns) - 1) + [True]


def test_what_is_stable_is_never_taken_back():
    grew = 0
    for seed in range(12):
        turns = list(stream(history_model(table(seed)), (), rules_of()))
        answer, before = turns[-1].best, []
        for turn in turns:
            assert turn.stable[: len(before)] == before
            assert answer[: len(turn.stable)] == turn.stable
            grew += 0 < len(turn.stable) < len(answer)
            before = turn.stable
    assert grew > 2  # something was certain before the end


def test_best_line_so_far_is_the_best_of_living_and_ended():
    # 甲 .5 or the end .3; then 乙 .5 or the end .5, and so on
    probs = np.tile([0, 0.3, 0.5, 0.2, 0], (7, 1)).astype("float32")
    first = next(stream(history_model(probs), (), rules_of()))
    assert (first.best, first.done) == ([2], False)  # 甲 .5 before the empty line .3


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.function is TensorFlow's")
def test_stream_may_be_compiled():
    import tensorflow as tf

    model = history_model(table(3))
    plain = list(stream(model, (), rules_of()))
    assert list(stream(model, (), rules_of(), compile_step=tf.function)) == plain
