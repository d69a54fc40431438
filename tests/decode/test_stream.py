import numpy as np
import pytest
from decode.models import SEP, SOURCES, tiny_unilm
from decode.toys import BACKEND, END, PAD, history_dice, history_model, numpy_of

from nlg.decode.beam import BeamRules, beam_search
from nlg.decode.incremental import first_turn, next_turn
from nlg.decode.results import NEG_INF, line_of
from nlg.decode.seq2seq import read, room, write, writer
from nlg.decode.stream import Progress, View, progress_of, stream, turns_of
from nlg.onnx_export.export import save_weights
from nlg.onnx_export.incremental import export_turns
from nlg.runtime.graph import Graph

LENGTH = 9


def rules_of(n_best=1, alpha=0.0):
    return BeamRules(1, 3, n_best, LENGTH, END, PAD, alpha)


def table(seed):
    """Decided choices and rare ends, so that lines have a length and a beginning."""
    probs = history_dice(12, seed, rows=23) ** 3
    probs[:, END] = 0.03 * probs.sum(1)
    return (probs / probs.sum(1, keepdims=True)).astype("float32")


def streamed(model, rules, every=1, way=lambda function: function):
    """Stream a model without a cache, its turns run in some `way`."""
    begin = way(lambda: first_turn(model, (), rules))
    go_on = way(lambda state: next_turn(model, state, rules))
    return list(
        stream(lambda: seen(begin()), lambda x: seen(go_on(x)), end_id=END, every=every)
    )


def seen(turn):
    return turn[0], numpy_of(turn[1])


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_stream_ends_with_what_the_search_returns(every, alpha):
    for seed in range(4):
        model, rules = history_model(table(seed)), rules_of(alpha=alpha)
        turns = streamed(model, rules, every)
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


def test_stream_shows_one_turn_in_so_many():
    model = history_model(table(0))
    all_turns = streamed(model, rules_of())
    assert len(all_turns) > 4
    wanted = [*all_turns[2:-1:3], all_turns[-1]]
    assert streamed(model, rules_of(), every=3) == wanted


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_what_is_stable_is_never_taken_back(alpha):
    grew = 0
    for seed in range(6, 12):
        turns = streamed(history_model(table(seed)), rules_of(alpha=alpha))
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
    first = streamed(history_model(probs), rules_of())[0]
    assert (first.best, first.done) == ([2], False)  # 甲 .5 before the empty line .3


def view(living, scores, ended, ended_score, written=2, done=False):
    return View(written, np.array(living), scores, np.array(ended), ended_score, done)


def test_only_what_can_still_be_the_answer_decides_what_is_stable():
    living, ended = [[5, 6, 0], [5, 7, 0]], [5, 6, END]
    both = progress_of(view(living, [-1.0, -2.0], ended, -3.0), END)
    assert both == Progress([5], [5, 6], False)
    one = progress_of(view(living, [-1.0, NEG_INF], ended, -3.0), END)
    assert one == Progress([5, 6], [5, 6], False)
    none_ended = progress_of(view(living, [-2.0, -1.0], [0, 0, 0], NEG_INF), END)
    assert none_ended == Progress([5], [5, 7], False)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.function is TensorFlow's")
def test_stream_may_be_compiled():
    import tensorflow as tf

    model = history_model(table(3))
    plain = streamed(model, rules_of())
    assert streamed(model, rules_of(), way=tf.function) == plain


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf2onnx reads TensorFlow")
def test_two_graphs_stream_what_the_search_finds_without_keras(tmp_path):
    model, beams, length = tiny_unilm(layers=1), 3, 6
    rules = BeamRules(1, beams, 1, length, SEP)

    def begin(token_ids):
        reading = read(model, {"token_ids": token_ids})
        turn = first_turn(
            writer(model, reading, beams), room(model, beams, length), rules
        )
        return reading, *turn

    def go_on(reading, state):
        return next_turn(writer(model, reading, beams), state, rules)

    paths = [tmp_path / f"{name}.onnx" for name in ("read", "step")]
    weights = tmp_path / "weights.safetensors"
    save_weights(model, weights)
    signature = {"sources": ((1, None), "int32")}
    export_turns(begin, go_on, model, signature, *paths, weights)
    graphs = [Graph(path, "cpu", 1) for path in paths]
    for source in SOURCES:
        source = source[source > 0][None]
        turns = list(stream(*turns_of(*graphs, sources=source), end_id=SEP))
        lines = write(
            model, {"token_ids": source}, beams=beams, length=length, end_id=SEP
        )
        want = line_of(numpy_of(lines.token_ids)[0, 0], SEP)
        assert turns[-1] == Progress(want, want, True)
        assert len(turns) > 2
