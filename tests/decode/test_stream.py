import numpy as np
import pytest
from decode.models import SEP, SOURCES, tiny_unilm
from decode.toys import BACKEND, END, PAD, history_dice, history_model, numpy_of

from nlg.decode.beam import BeamRules, beam_search
from nlg.decode.incremental import first_step, next_step
from nlg.decode.results import NEG_INF, line_of
from nlg.decode.seq2seq import empty_cache, read, write, writer
from nlg.decode.stream import Snapshot, StreamProgress, progress_of, steps_of, stream
from nlg.onnx_export.export import save_weights
from nlg.onnx_export.incremental import export_incremental
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
    """Stream a model without a cache, its steps run in some `way`."""
    begin = way(lambda: first_step(model, (), rules))
    go_on = way(lambda state: next_step(model, state, rules))
    return list(
        stream(lambda: seen(begin()), lambda x: seen(go_on(x)), end_id=END, every=every)
    )


def seen(step):
    return step[0], numpy_of(step[1])


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_stream_ends_with_what_the_search_returns(every, alpha):
    for seed in range(4):
        model, rules = history_model(table(seed)), rules_of(alpha=alpha)
        steps = streamed(model, rules, every)
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
        assert steps[-1].best == line_of(found.token_ids[0, 0], END)
        assert [step.done for step in steps] == [False] * (len(steps) - 1) + [True]


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
        steps = streamed(history_model(table(seed)), rules_of(alpha=alpha))
        answer, before = steps[-1].best, []
        for step in steps:
            assert step.stable[: len(before)] == before
            assert answer[: len(step.stable)] == step.stable
            grew += 0 < len(step.stable) < len(answer)
            before = step.stable
    assert grew > 2  # something was certain before the end


def test_best_line_so_far_is_the_best_of_living_and_ended():
    # 甲 .5 or the end .3; then 乙 .5 or the end .5, and so on
    probs = np.tile([0, 0.3, 0.5, 0.2, 0], (7, 1)).astype("float32")
    first = streamed(history_model(probs), rules_of())[0]
    assert (first.best, first.done) == ([2], False)  # 甲 .5 before the empty line .3


def snapshot(living, scores, ended, ended_score, written=2, done=False):
    return Snapshot(
        written, np.array(living), scores, np.array(ended), ended_score, done
    )


def test_only_what_can_still_be_the_answer_decides_what_is_stable():
    living, ended = [[5, 6, 0], [5, 7, 0]], [5, 6, END]
    both = progress_of(snapshot(living, [-1.0, -2.0], ended, -3.0), END)
    assert both == StreamProgress([5], [5, 6], False)
    one = progress_of(snapshot(living, [-1.0, NEG_INF], ended, -3.0), END)
    assert one == StreamProgress([5, 6], [5, 6], False)
    none_ended = progress_of(snapshot(living, [-2.0, -1.0], [0, 0, 0], NEG_INF), END)
    assert none_ended == StreamProgress([5], [5, 7], False)


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
        step = first_step(
            writer(model, reading, beams), empty_cache(model, beams, length), rules
        )
        return reading, *step

    def go_on(reading, state):
        return next_step(writer(model, reading, beams), state, rules)

    paths = [tmp_path / f"{name}.onnx" for name in ("read", "step")]
    weights = tmp_path / "weights.safetensors"
    save_weights(model, weights)
    signature = {"sources": ((1, None), "int32")}
    export_incremental(begin, go_on, model, signature, *paths, weights)
    graphs = [Graph(path, "cpu", 1) for path in paths]
    for source in SOURCES:
        source = source[source > 0][None]
        steps = list(stream(*steps_of(*graphs, sources=source), end_id=SEP))
        lines = write(
            model, {"token_ids": source}, beams=beams, length=length, end_id=SEP
        )
        want = line_of(numpy_of(lines.token_ids)[0, 0], SEP)
        assert steps[-1] == StreamProgress(want, want, True)
        assert len(steps) > 2
