import pytest

from nlg.errors import OptionError
from nlg.training.layerwise import depth_factors, learning_factors, matches

PATHS = [
    "bert/embeddings/token/table",
    "bert/block_0/attention/query/kernel",
    "bert/block_1/attention/query/kernel",
    "bert/block_2/feed_forward/widen/bias",
    "bert/head/norm/gamma",
]


def test_depth_sets_the_rate():
    # N = 3: embeddings 0.5^4, block i 0.5^(3 - i), head 1
    assert list(depth_factors(PATHS, 0.5).values()) == [0.0625, 0.125, 0.25, 0.5, 1]


def test_no_decay_is_a_rate_of_one_for_all_with_blocks_or_without():
    assert set(depth_factors(PATHS, 1.0).values()) == {1.0}
    assert depth_factors(["a/kernel"], 1.0) == {"a/kernel": 1.0}


def test_each_stack_of_blocks_counts_its_own():
    paths = [
        *(f"vae/encoder/block_{i}/w" for i in range(2)),
        *(f"vae/decoder/block_{i}/w" for i in range(3)),
        "vae/vocabulary/table",
    ]
    want = [0.25, 0.5, 0.125, 0.25, 0.5, 0.0625]
    assert list(depth_factors(paths, 0.5).values()) == want


def test_block_ten_comes_after_block_nine():
    factors = depth_factors([f"block_{i}/w" for i in range(11)], 0.9)
    assert factors["block_10/w"] == pytest.approx(0.9)
    assert factors["block_9/w"] == pytest.approx(0.81)


def test_only_a_whole_name_is_a_block():
    factors = depth_factors(["m/block_0/w", "m/myblock_1/w", "m/block_x/w"], 0.5)
    assert list(factors.values()) == [0.5, 1, 1]


def test_decay_without_blocks_is_refused():
    with pytest.raises(OptionError, match=r"layer_decay is 0.9, but no weight is in"):
        learning_factors(["a/kernel", "b/kernel"], (), 0.9)


def test_rates_multiply_each_other_and_the_decay():
    rates = ("*/block_?/*=0.1", "*/block_2/*=5", "*/gamma=0")
    factors = learning_factors(PATHS, rates, layer_decay=0.5)
    want = [0.0625, 0.0125, 0.025, 0.25, 0]
    assert list(factors.values()) == pytest.approx(want)


def test_pattern_covers_the_whole_path():
    assert matches("*/query/*", PATHS, "rates") == PATHS[1:3]
    assert matches("*block_[01]*", PATHS, "rates") == PATHS[1:3]
    with pytest.raises(OptionError):
        matches("query", PATHS, "rates")


@pytest.mark.parametrize(
    ("pattern", "near"),
    [
        ("*/embedding/*", "bert/embeddings/token/table"),
        ("bert/heads/norm/gamma", "bert/head/norm/gamma"),
        ("*/block_7/feed_forward/*", "bert/block_2/feed_forward/widen/bias"),
    ],
)
def test_pattern_that_matches_nothing_names_the_nearest(pattern, near):
    with pytest.raises(OptionError) as caught:
        learning_factors(PATHS, (f"{pattern}=0.1",))
    said = f"rates: {pattern} matches no weight; the nearest is {near}"
    assert str(caught.value) == said
