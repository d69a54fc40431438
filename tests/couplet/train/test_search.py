"""A model of sixteen units over 140 tokens, too small to write well and no rule less.

Most of what the search must do is asked of its compiled graph, which is fast. That it
writes what the eager search does comes last; that ONNX Runtime does, in test_train.py.

Shapes: B lines, T characters, N slots, K beams, V vocabulary.
"""

import functools
import random

import keras
import numpy as np
import pytest
from couplet.oracle import assert_answers
from keras import ops

from nlg.couplet.config import COMPLETE, FORWARD, REVERSE, CoupletConfig
from nlg.couplet.pairs import Pairs
from nlg.couplet.rules import RULES, Rulebook, Task
from nlg.couplet.train import search
from nlg.couplet.train.model import CoupletTagger
from nlg.couplet.train.search import Rules, answer_lines
from nlg.decode.results import NEG_INF
from nlg.decode.slots import SlotHypotheses
from nlg.text.couplets import check_couplet, repeat_groups
from nlg.text.readings import tones
from nlg.text.vocab import PAD, PAD_ID, UNK, Vocabulary

B, K = 6, 4
MARKS = "，、？"
LEVEL = (
    "东中丰充公冲功匆同嵩弓戎空虹红翁聪融风鸿仙前千天川年怜悬泉涓然烟田眠绵莲边迁鲜"
    "鹃修头州幽忧愁投收楼流游浮牛留秋筹羞舟裘酬山江春"
)
OBLIQUE = (
    "月日落木叶绿白玉雪客石壁夕读竹菊北国碧色力极入客急立集合答塔蜡水雨草鸟酒柳影远晚"
    "满浅眼简早老好小晓道岛我火可左马下夜树路暮雾去处故露步渡度素诉住数"
)
EVERY = LEVEL + OBLIQUE


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary([PAD, UNK, *MARKS, *dict.fromkeys(EVERY)])


@pytest.fixture(scope="module")
def rulebook(vocabulary):
    return Rulebook(vocabulary)


@pytest.fixture(scope="module")
def pairs(vocabulary):
    return Pairs(["春风", "明月", "落叶", "山水"], vocabulary)


@pytest.fixture(scope="module")
def model(vocabulary, pairs):
    keras.utils.set_random_seed(0)
    config = CoupletConfig(
        len(vocabulary), len(pairs), units=16, embedding_units=12, blocks=2
    )
    model = CoupletTagger(config)
    model.build()
    rng = np.random.default_rng(0)
    for variable in model.trainable_variables:  # norms move from where they start too
        variable.assign(variable.numpy() + 0.3 * rng.normal(size=variable.shape))
    return model


@pytest.fixture(scope="module")
def graph(model):
    """The search with four beams, compiled once for lines of any length."""
    import tensorflow as tf

    lines, line = tf.TensorSpec((None, None), "int32"), tf.TensorSpec((None,), "int32")
    noise = tf.TensorSpec((None, None, None), "float32")
    characters = tf.TensorSpec((None, model.config.vocab_size), "float32")
    rules = Rules(characters, lines, characters, lines, lines)
    signature = [lines, lines, line, noise, tf.TensorSpec((), "float32"), rules]
    return tf.function(
        functools.partial(answer_lines, model, beams=K), input_signature=signature
    )


@pytest.fixture(scope="module")
def inputs(vocabulary, rulebook, pairs):
    """Return the inputs of the graph for tasks of one length, but for the noise."""

    def inputs(tasks, rules=tuple(RULES), mode=FORWARD):
        blank = np.array([[c == "_" for c in task.source] for task in tasks])
        ids = np.array([vocabulary.encode(task.source) for task in tasks], "int32")
        token_ids = np.where(blank, PAD_ID, ids)
        return {
            "token_ids": token_ids,
            "pair_ids": pairs.encode(token_ids),
            "mode": np.full(len(tasks), mode, "int32"),
            **rulebook.arrays(tasks, rules),
        }

    return inputs


def task(source, fixed="", ends="平", banned=""):
    return Task(source, fixed or "_" * len(source), ends, banned)


def chance(rows, length, seed=0):
    """Return standard Gumbel noise (B, T, N), for more slots than places."""
    slots = max(24, length + 1)
    noise = np.random.default_rng(seed).gumbel(size=(rows, length, slots))
    return noise.astype("float32")


def answer(writer, given, temperature=0.0, seed=0, beams=K):
    """Return what a model or its graph writes, `SlotHypotheses` in NumPy."""
    read = [given[name] for name in ("token_ids", "pair_ids", "mode")]
    rules = Rules(*(given[name] for name in Rules._fields))
    given = (*read, chance(*read[0].shape, seed), np.float32(temperature), rules)
    if isinstance(writer, CoupletTagger):
        filled = answer_lines(writer, *given, beams=beams)
    else:
        filled = writer(*given)
    return SlotHypotheses(*map(ops.convert_to_numpy, filled))


def texts(vocabulary, filled):
    """Return the lines of each row."""
    return [[vocabulary.decode(line) for line in row] for row in filled.token_ids]


def given_lines(length, count, seed):
    """Draw lines with repeats and marks inside."""
    rng, made = random.Random(seed), []
    for _ in range(count):
        few = rng.sample(EVERY, max(1, length * 3 // 4))
        line = [rng.choice(few) for _ in range(length)]
        for place in range(1, length - 1):
            if rng.random() < 0.1 and line[place - 1] not in MARKS:
                line[place] = rng.choice(MARKS)
        made.append("".join(line))
    return made


def softmax(scores):
    grown = np.exp(scores - scores.max(-1, keepdims=True))
    return grown / grown.sum(-1, keepdims=True)


# --- the rules


@pytest.mark.parametrize("temperature", [0.0, 2.0])
@pytest.mark.parametrize("length", [1, 2, 5, 7, 12, 30])
def test_every_answer_keeps_every_rule(graph, vocabulary, inputs, length, temperature):
    sources = given_lines(length, B, seed=length)
    given = inputs([task(source) for source in sources])
    found = texts(vocabulary, answer(graph, given, temperature))
    for source, lines in zip(sources, found, strict=True):
        assert len(set(lines)) == K
        for line in lines:
            assert_answers(source, line)
            # Tones inside a line weigh only; a level end has to be answered in oblique.
            ends_level = tones(source[-1]) == {"平"}
            allowed = {"平仄失对", "下联仄收"} if ends_level else {"平仄失对"}
            assert check_couplet(source, line).broken <= allowed


def test_a_first_line_is_answered_backwards_with_the_other_end(
    graph, vocabulary, inputs
):
    sources = given_lines(7, B, seed=3)
    given = inputs([task(source, ends="仄") for source in sources], mode=REVERSE)
    found = texts(vocabulary, answer(graph, given))
    for source, lines in zip(sources, found, strict=True):
        for line in lines:
            assert_answers(source, line)
            ends = tones(line[-1]), tones(source[-1])
            assert ends[0] | ends[1] == {"平", "仄"}
            assert "仄" in ends[0] or ends[1] == {"仄"}


def test_even_places_lean_against_the_given_tone(graph, vocabulary, inputs):
    sources = given_lines(9, 24, seed=4)
    tasks = [task(source) for source in sources]

    def clashes(rules):
        found = texts(vocabulary, answer(graph, inputs(tasks, rules)))
        return sum(
            violation.kind == "平仄失对"
            for source, lines in zip(sources, found, strict=True)
            for violation in check_couplet(source, lines[0]).violations
        )

    without = tuple(rule for rule in RULES if rule != "tones")
    assert 2 * clashes(tuple(RULES)) < clashes(without)


@pytest.mark.parametrize("left_out", RULES)
def test_a_rule_that_is_left_out_is_broken_by_someone(
    graph, vocabulary, inputs, left_out
):
    names = {
        "marks": {"标点不对"},
        "reuse": {"同位重字", "异位重字"},
        "repeat": {"叠字不对"},
        "ends": {"句脚失对"},
        "tones": {"平仄失对"},
    }
    sources = given_lines(10, 24, seed=5)
    rules = tuple(rule for rule in RULES if rule != left_out)
    given = inputs([task(source) for source in sources], rules)
    found = texts(vocabulary, answer(graph, given, temperature=2.0))
    broken = {
        kind
        for source, lines in zip(sources, found, strict=True)
        for line in lines
        for kind in check_couplet(source, line).broken
    }
    assert names[left_out] & broken
    others = set.union(*(names[rule] for rule in rules)) - {"平仄失对"}
    assert not broken & (others - names[left_out])


def test_a_model_that_wants_one_character_everywhere_writes_it_once(
    vocabulary, pairs, inputs
):
    # Every place has the same distribution: only the rule keeps its characters apart.
    config = CoupletConfig(len(vocabulary), len(pairs), units=16, embedding_units=12)
    model = CoupletTagger(config)
    model.build()
    for variable in model.trainable_variables:
        if "read" in variable.path or "filters" in variable.path:
            variable.assign(np.zeros(variable.shape))
    model.head.mix.kernel.assign(np.zeros(model.head.mix.kernel.shape))
    source = "春江水石江云"
    free = tuple(rule for rule in RULES if rule not in ("repeat", "tones", "ends"))
    (lines,) = texts(vocabulary, answer(model, inputs([task(source)], free)))
    assert len(set(lines[0])) == 1
    kept = (*free, "repeat")
    (lines,) = texts(vocabulary, answer(model, inputs([task(source)], kept)))
    assert repeat_groups(lines[0]) == repeat_groups(source)


def test_banned_characters_are_used_by_no_line_that_bans_them(
    graph, vocabulary, inputs
):
    source = "月落乌啼霜"
    (free,) = texts(vocabulary, answer(graph, inputs([task(source)])))
    banned = "".join(free)
    tasks = [task(source, banned=banned), task(source)]
    without, again = texts(vocabulary, answer(graph, inputs(tasks)))
    assert not set("".join(without)) & set(banned)
    assert again == free


# --- what must stand


def test_fixed_characters_stand_in_every_answer(graph, vocabulary, inputs):
    source, fixed = "晚风摇水水还立", "_雨____红"
    (lines,) = texts(vocabulary, answer(graph, inputs([task(source, fixed)])))
    assert len(set(lines)) == K
    for line in lines:
        assert (line[1], line[6]) == ("雨", "红")
        assert not set(line[:1] + line[2:6]) & {"雨", "红"}
        assert line[3] == line[4]


@pytest.mark.parametrize("fixed", ["雨____", "__雨__", "____雨"])
def test_a_fixed_character_stands_wherever_the_given_line_repeats(
    graph, vocabulary, inputs, fixed
):
    (lines,) = texts(vocabulary, answer(graph, inputs([task("山月山水山", fixed)])))
    for line in lines:
        assert [line[n] for n in (0, 2, 4)] == ["雨"] * 3
        assert line[1] != line[3]
        assert "雨" not in (line[1], line[3])


def test_a_character_of_the_given_line_may_be_fixed(graph, vocabulary, inputs):
    (lines,) = texts(vocabulary, answer(graph, inputs([task("山月水", "__山")])))
    assert {line[2] for line in lines} == {"山"}


def test_a_line_of_which_all_is_fixed_comes_first_and_costs_nothing(
    graph, vocabulary, inputs
):
    filled = answer(graph, inputs([task("山月", "雨风")]))
    assert texts(vocabulary, filled)[0][0] == "雨风"
    assert filled.log_probs[0, 0] == pytest.approx(0, abs=1e-4)
    assert (filled.log_probs[0, 1:] < -1e6).all()


def test_what_is_not_given_is_filled_around_what_is(graph, vocabulary, inputs):
    source = "__春风_"
    given = inputs([task(source, source, ends="仄")], mode=COMPLETE)
    (lines,) = texts(vocabulary, answer(graph, given))
    for line in lines:
        assert line[2:4] == "春风"
        assert line[-1] in OBLIQUE
        assert len(set(line)) == 5


# --- arithmetic


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_log_probs_are_those_of_the_model_read_step_by_step(model, inputs, temperature):
    sources = given_lines(8, B, seed=6)
    tasks = [task(source) for source in sources]
    tasks[1] = task(sources[1], "______风_", banned="山江春")
    given = inputs(tasks)
    filled = answer(model, given, temperature)
    written = filled.token_ids.reshape(B * K, 8)
    table = model.vocabulary.table.numpy()
    vectors = np.concatenate([table * np.sqrt(table.shape[1]), 0 * table[:1]])
    read = (given[name] for name in ("token_ids", "pair_ids", "mode"))
    places = ops.convert_to_numpy(model.places(*read))

    def scores(t, last, before_last):
        """Return what the network thinks of all characters at a place, (M, V)."""
        context = np.concatenate([vectors[last], vectors[before_last]], axis=-1)
        states = model.head(np.repeat(places[:, t], K, axis=0), context)
        return model.write(states).numpy() @ table.T

    nothing = np.full(B * K, len(table))
    columns = [nothing, nothing, *written.T]
    free = [scores(t, nothing, nothing) for t in range(8)]
    seen = [scores(t, columns[t + 1], columns[t]) for t in range(8)]
    for m, ids in enumerate(written):
        b, total = m // K, 0.0
        for t, character in enumerate(ids):
            if given["fixed"][b, t] != -1:
                assert character == given["fixed"][b, t]
                continue
            here = given["same"][b, t] if given["same"][b, t] != -1 else t
            charges = given["kinds"][given["required"][b, here]]
            charges = np.where(given["usable"][b] > 0, charges, NEG_INF)
            slots = np.argsort(-(free[here][m] + charges))[:24].tolist()
            both = seen[t][m] + search.SOURCE_WEIGHT * free[here][m]
            probs = softmax((both + charges)[slots])
            total += np.log(probs[slots.index(character)])
        assert filled.log_probs.flat[m] == pytest.approx(total, abs=1e-3)


def test_answers_come_best_first(model, inputs):
    tasks = [task(source) for source in given_lines(6, B, seed=7)]
    filled = answer(model, inputs(tasks), beams=16)
    assert filled.token_ids.shape == (B, 16, 6)
    assert (np.diff(filled.log_probs, axis=1) <= 0).all()


def test_a_batch_answers_each_line_as_if_it_were_alone(graph, vocabulary, inputs):
    tasks = [task(source) for source in given_lines(7, B, seed=8)]
    tasks[2] = task(tasks[2].source, "风______", banned="山水")
    given = inputs(tasks)
    together = answer(graph, given)
    for row in (0, 2):
        alone = {
            name: array if name == "kinds" else array[row : row + 1]
            for name, array in given.items()
        }
        one = answer(graph, alone)
        np.testing.assert_array_equal(one.token_ids[0], together.token_ids[row])
        np.testing.assert_allclose(one.log_probs[0], together.log_probs[row], atol=1e-4)


def test_without_temperature_the_noise_changes_nothing(graph, inputs):
    given = inputs([task(source) for source in given_lines(7, B, seed=9)])
    calm, free = (
        [answer(graph, given, temperature, seed).token_ids for seed in (1, 2)]
        for temperature in (0.0, 1.0)
    )
    np.testing.assert_array_equal(*calm)
    assert (free[0] != free[1]).any()


def test_rare_characters_are_read_and_kept_but_not_written(
    model, vocabulary, inputs, monkeypatch
):
    monkeypatch.setattr(search, "COMMON", 100)
    rare = vocabulary.tokens[100:]
    sources = [rare[n] + "山水" + rare[n + 1] for n in range(B)]
    tasks = [task(source, f"__{rare[-1]}_") for source in sources]
    given = inputs(tasks, ("marks", "reuse", "repeat"))
    written = answer(model, given, temperature=5.0).token_ids
    assert (written[..., 2] == len(vocabulary) - 1).all()
    others = np.delete(written, 2, axis=-1)
    assert 90 < others.max() < 100


# --- the same search compiled


@pytest.mark.parametrize("length", [1, 8, 25])
def test_the_compiled_search_writes_what_the_eager_one_does(
    model, inputs, graph, length
):
    sources = given_lines(length, B, seed=10 + length)
    tasks = [task(source) for source in sources]
    tasks[0] = task(sources[0], "风" + "_" * (length - 1), banned="山")
    given = inputs(tasks)
    compiled, eager = (answer(x, given, temperature=0.5) for x in (graph, model))
    np.testing.assert_array_equal(compiled.token_ids, eager.token_ids)
    np.testing.assert_allclose(compiled.log_probs, eager.log_probs, rtol=1e-4)
