"""The oracle of a rule is a predicate: of all lines, those that keep it, best first.

A rule lowers what it forbids and leaves the rest, so a beam wide enough for every line
must return exactly the lines that the predicate lets through, each with its own score.
"""

import numpy as np
import pytest
from decode.toys import (
    END,
    PAD,
    A,
    B,
    C,
    all_lines,
    eager,
    every_way,
    history_dice,
    history_log_prob,
    history_model,
    numpy_of,
    row_of,
)
from keras import ops

from nlg.decode import constraints
from nlg.decode.beam import beam_search
from nlg.decode.constraints import FREE
from nlg.decode.fragment import fragment_of, join_sources
from nlg.decode.results import IMPOSSIBLE, refuse_impossible
from nlg.errors import OptionError

WORDS, LENGTH = 4, 4
LINES = list(all_lines(WORDS, LENGTH))
ALL = len(LINES)
TABLE = history_dice(WORDS, 0).astype("float32")
KINDS = np.array([[0, 1, 1, 1, 1], [0, 0, 1, 0, 1], [0, 1, 0, 1, 0]], "float32")
KIND_AT = np.array([[1, 0, 2, 0]], "int32")
FORCED = np.array([[B, FREE, A, FREE]], "int32")
SOURCE = np.array([[A, B, A, C, B, -1, B, B, A]], "int32")
SOURCES = [[A, B, A, C, B], [B, B, A]]


def ngrams(line, n):
    return [line[i : i + n] for i in range(len(line) - n + 1)]


def ended(line):
    return line[-1] == END


def words_of(line):
    return line[:-1] if ended(line) else line


def is_fragment(line):
    words = words_of(line)
    return any(words in ngrams(tuple(s), len(words)) for s in SOURCES)


RULES = {
    "banned": (
        lambda beams: constraints.banned([A, C]),
        lambda line: not {A, C} & set(line),
    ),
    "allowed": (
        lambda beams: constraints.allowed_by_place(KINDS, KIND_AT, beams),
        lambda line: all(
            KINDS[kind, t] for kind, t in zip(KIND_AT[0], line, strict=False)
        ),
    ),
    "forced": (
        lambda beams: constraints.forced(FORCED, beams),
        lambda line: all(
            want in (FREE, t) for want, t in zip(FORCED[0], line, strict=False)
        ),
    ),
    "at-least": (
        lambda beams: constraints.at_least(2, END),
        lambda line: len(words_of(line)) >= 2,
    ),
    "at-most": (
        lambda beams: constraints.at_most(np.array([2]), END, beams),
        lambda line: len(words_of(line)) <= 2,
    ),
    "no-repeated-token": (
        lambda beams: constraints.no_repeated_ngram(1),
        lambda line: len(set(line)) == len(line),
    ),
    "no-repeated-bigram": (
        lambda beams: constraints.no_repeated_ngram(2),
        lambda line: len(set(ngrams(line, 2))) == len(ngrams(line, 2)),
    ),
}

PENALTY = {"repetition": (lambda beams: constraints.repetition_penalty(3.0), None)}


def search(names=(), way=eager, beams=ALL, source=None, batch=1, **options):
    """Search under the rules `names`; with a `source`, for its fragments."""

    def run(table):
        model, cache = history_model(table), ()
        if source is not None:
            model, cache = fragment_of(source, model, (), beams=beams, end_id=END)
        return beam_search(
            model,
            cache,
            batch=batch,
            beams=beams,
            length=LENGTH,
            end_id=END,
            constraints=[(RULES | PENALTY)[name][0](beams) for name in names],
            **options,
        )

    return numpy_of(way(run)(TABLE))


def assert_found(found, keeps, row=0):
    lines = [line for line in LINES if keeps(line)]
    assert 1 < len(lines) < len(LINES)
    lines.sort(key=lambda line: -history_log_prob(TABLE, line))
    there = found.token_ids[row][found.log_probs[row] > IMPOSSIBLE].tolist()
    assert [tuple(t for t in line if t != PAD) for line in there] == lines
    want = [history_log_prob(TABLE, line) for line in lines]
    np.testing.assert_allclose(found.log_probs[row, : len(lines)], want, atol=1e-4)


@pytest.mark.parametrize("name", RULES)
def test_wide_search_under_a_rule_finds_every_line_that_keeps_it(name):
    assert_found(search([name]), RULES[name][1])


@pytest.mark.parametrize(
    "names",
    [
        ("allowed", "no-repeated-bigram", "at-least"),
        ("at-most", "no-repeated-token"),
        ("at-least", "at-most"),
    ],
)
def test_rules_compose_in_any_order(names):
    for order in (names, names[::-1]):
        found = search(order)
        assert_found(found, lambda line: all(RULES[name][1](line) for name in names))


def test_fragment_of_several_sources_crosses_no_border():
    assert_found(search(source=SOURCE), is_fragment)


def test_fragment_composes_with_the_rules():
    names = ("at-least", "no-repeated-token")
    found = search(names, source=SOURCE)
    assert_found(
        found, lambda x: is_fragment(x) and all(RULES[name][1](x) for name in names)
    )


def test_sources_are_joined_by_what_is_no_token():
    sources = np.array([[[A, B, A, C, B], [B, B, A, 0, 0]]], "int32")
    joined = np.array(join_sources(sources))
    assert joined.tolist() == [[A, B, A, C, B, -1, B, B, A, -1, -1, -1]]
    np.testing.assert_array_equal(
        search(source=joined).token_ids, search(source=SOURCE).token_ids
    )


def test_every_row_keeps_its_own_rules():
    arrays = (
        np.concatenate([KIND_AT, KIND_AT[:, ::-1]]),
        np.array([[A, FREE, B, FREE], [FREE] * LENGTH], "int32"),
        np.array([LENGTH, 2]),
    )

    def by_row(kind_at, tokens, most):
        found = beam_search(
            history_model(TABLE),
            (),
            batch=len(most),
            beams=9,
            length=LENGTH,
            end_id=END,
            constraints=[
                constraints.allowed_by_place(KINDS, kind_at, 9),
                constraints.forced(tokens, 9),
                constraints.at_most(most, END, 9),
            ],
        )
        return numpy_of(found)

    together = by_row(*arrays)
    for row in range(2):
        alone = by_row(*(x[row : row + 1] for x in arrays))
        there = alone.log_probs[0] > IMPOSSIBLE
        assert there.sum() > 2
        np.testing.assert_array_equal(
            together.token_ids[row][there], alone.token_ids[0][there]
        )
    assert together.token_ids[0, 0, 0] == A
    assert together.token_ids[1, 0, 3] == PAD


def test_repetition_penalty_multiplies_log_probs_of_written_tokens():
    penalty = 3.0

    def worth(line):
        total = 0.0
        for i, token in enumerate(line):
            step = np.log(TABLE[row_of(line[:i], len(TABLE)), token])
            total += step * (penalty if token in line[:i] else 1)
        return total

    found = beam_search(
        history_model(TABLE),
        (),
        batch=1,
        beams=ALL,
        length=LENGTH,
        end_id=END,
        constraints=[constraints.repetition_penalty(penalty)],
    )
    best = sorted(LINES, key=worth, reverse=True)
    got = [tuple(t for t in x if t != PAD) for x in np.array(found.token_ids)[0, :9]]
    assert got == best[:9]
    np.testing.assert_allclose(
        np.array(found.log_probs)[0, :9], [worth(x) for x in best[:9]], atol=1e-4
    )
    assert worth((A, A)) < history_log_prob(TABLE, (A, A))


@every_way
@pytest.mark.parametrize(
    ("names", "source"),
    [
        (("banned", "at-least", "no-repeated-bigram"), None),
        (("allowed", "forced", "at-most", "no-repeated-token"), None),
        (("at-least", "repetition"), SOURCE),
    ],
    ids=["plain", "by-place", "fragment"],
)
def test_rules_are_the_same_however_they_run(way, names, source):
    if way is eager:
        return
    options = {"beams": 4, "n_best": 2, "source": source, "length_penalty": 0.5}
    got, want = search(names, way, **options), search(names, **options)
    there = want.log_probs > IMPOSSIBLE
    np.testing.assert_array_equal(got.token_ids[there], want.token_ids[there])
    np.testing.assert_allclose(got.scores[there], want.scores[there], rtol=1e-4)
    np.testing.assert_array_equal(got.log_probs > IMPOSSIBLE, there)


def test_an_impossible_set_is_an_error_that_names_the_rules():
    found = search(["banned", "forced"])  # 乙 _ 甲 is forced, and 甲 is banned
    # [乙, END] keeps both rules: an end leaves the later places unwritten.
    assert found.log_probs[0, 0] > IMPOSSIBLE
    found = search(["banned", "forced", "at-least", "no-repeated-token"])
    np.testing.assert_array_equal(found.log_probs > IMPOSSIBLE, False)
    with pytest.raises(OptionError, match=r"input 1: .* banned: 甲; 3 characters"):
        refuse_impossible(found.log_probs, ["banned: 甲", "3 characters"])


def test_tokens_among_marks_what_a_loop_marks():
    rng = np.random.default_rng(0)
    token_ids = rng.integers(-1, 9, (5, 12)).astype("int32")
    marked = rng.random((5, 12)) < 0.3
    want = np.zeros((5, 9), bool)
    for row, place in zip(*np.nonzero(marked), strict=True):
        if token_ids[row, place] >= 0:
            want[row, token_ids[row, place]] = True
    got = constraints.tokens_among(
        ops.convert_to_tensor(token_ids), ops.convert_to_tensor(marked), 9
    )
    np.testing.assert_array_equal(numpy_of(got), want)


def test_a_token_may_stand_twice_where_it_is_doubled_or_if_it_is_a_mark():
    mark, doubled = C, np.array([False, True, False, True])
    rule = constraints.no_stray_repeat(np.arange(5) == mark, doubled)

    def allowed(line):
        written = np.array([[*line, *[PAD] * (LENGTH - len(line))]], "int32")
        open_ = rule(np.zeros((1, 5), "float32"), written, len(line))
        return {t for t in (END, A, B, C) if np.array(open_)[0, t] == 0}

    assert allowed([A]) == {END, A, B, C}  # the second place may double the first
    assert allowed([A, B]) == {END, C}
    assert allowed([A, C, B]) == {END, B, C}
    assert allowed([B, B, A]) == {END, A, C}


def test_a_narrow_search_is_one_with_fewer_beams():
    def lines(beams, rules):
        found = beam_search(
            history_model(TABLE),
            (),
            batch=1,
            beams=beams,
            length=LENGTH,
            end_id=END,
            constraints=rules,
        )
        return numpy_of(found)

    narrow, few = lines(6, [constraints.narrow(2, 6)]), lines(2, [])
    np.testing.assert_array_equal(narrow.token_ids[:, :2], few.token_ids)
