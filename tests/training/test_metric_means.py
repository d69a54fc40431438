"""A model that returns the scores which its batch holds."""

import pytest

from nlg.training.metric_means import Means, mean_scores


class Echo:
    """Return the batch as scores, and count what was asked."""

    def __init__(self):
        self.asked = []

    def reset_metrics(self):
        self.asked.append("reset")

    def test_on_batch(self, batch, return_dict):
        assert return_dict
        self.asked.append("test")
        return batch


def test_scores_are_weighed_by_their_batch():
    model = Echo()
    batches = [({"loss": 1.0, "kl": 4.0}, 1), ({"loss": 4.0, "kl": 0.0}, 3)]
    assert mean_scores(model, batches) == {"loss": 13 / 4, "kl": 1.0}
    assert model.asked == ["reset", "test"] * 2  # a metric must not run on


def test_each_score_may_have_a_weight_of_its_own():
    batches = [
        ({"a": 1.0, "b": 5.0, "loss": 9.0}, {"a": 2.0, "b": 0.0}),
        ({"a": 4.0, "b": 7.0, "loss": 9.0}, {"a": 1.0, "b": 2.0}),
    ]
    assert mean_scores(Echo(), batches) == {"a": pytest.approx(2.0), "b": 7.0}


def test_a_score_without_any_weight_is_left_out():
    assert mean_scores(Echo(), [({"a": 1.0}, {"a": 0.0})]) == {}
    assert mean_scores(Echo(), []) == {}


def test_means_go_on_from_their_totals():
    means = Means()
    means.add({"loss": 2.0}, 3.0)
    again = Means(means.totals)
    again.add({"loss": 6.0})
    assert again.result() == {"loss": 3.0}
    again.add({"loss": 3.0, "tokens": 8.0, "seconds": 2.0}, 0.0)
    assert means.result() == {"loss": 2.0}
