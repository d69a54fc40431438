import numpy as np
from decode.toys import END, every_way, history_dice, history_model, numpy_of, row_of

from nlg.decode import constraints
from nlg.decode.explain import follow

TABLE = history_dice(6, 3).astype("float32")
LINES = np.array([[2, 3, END, 0, 0], [5, 5, 4, 2, END], [3, 3, 3, 3, 3]], "int32")


def by_hand(line, i, closed=()):
    probs = TABLE[row_of(line[:i], len(TABLE))].copy()
    probs[list(closed)] = 0
    return probs


@every_way
def test_each_token_has_the_probability_that_the_model_gave_it(way):
    told = way(
        lambda table, lines: follow(
            history_model(table), (), lines, runners_up=3, end_id=END
        )
    )(TABLE, LINES)
    told = numpy_of(told)
    for row, line in enumerate(LINES.tolist()):
        stop = line.index(END) + 1 if END in line else len(line)
        for i in range(stop):
            probs = by_hand(line, i)
            best = np.argsort(-probs)[:3]
            np.testing.assert_allclose(
                np.exp(told.log_probs[row, i]), probs[line[i]], rtol=1e-4
            )
            assert told.runners_up[row, i].tolist() == best.tolist()
            np.testing.assert_allclose(
                np.exp(told.their_log_probs[row, i]), probs[best], rtol=1e-4
            )
        assert not told.log_probs[row, stop:].any()


def test_runners_up_keep_the_rules_of_the_search():
    told = numpy_of(
        follow(
            history_model(TABLE),
            (),
            LINES,
            runners_up=2,
            end_id=END,
            constraints=[constraints.banned([4, 6])],
        )
    )
    assert not {4, 6} & set(told.runners_up.flatten().tolist())
    want = np.argsort(-by_hand(LINES[0].tolist(), 1, (4, 6)))[:2]
    assert told.runners_up[0, 1].tolist() == want.tolist()


def test_no_runners_up_is_log_probs_alone():
    told = numpy_of(follow(history_model(TABLE), (), LINES, end_id=END))
    assert told.runners_up.shape == (3, 5, 0)
    assert told.log_probs.shape == (3, 5)
