import itertools
import json

import numpy as np
import pytest
from known_poems import STORKS

from nlg.errors import DataError, OptionError
from nlg.poem.request import SampleRequest
from nlg.poem.vae import poet as poet_module
from nlg.poem.vae.poet import (
    BLOCK,
    TILE,
    Draft,
    Draws,
    Poet,
    _blocks,
    interpolate,
    near,
    parse_poem,
)
from nlg.text.forms import FORMS
from nlg.text.prosody import RHYME_RULES, TONE_RULES, check

ONE = SampleRequest("五绝", candidates=1)


@pytest.fixture(scope="module")
def sample(poet):
    """Sixteen poems of each form, two candidates each: half a block."""
    return {
        form: list(poet.write(form, count=16, seed=7, candidates=2)) for form in FORMS
    }


def rounded(poems):
    return [(poem.lines, poem.latent) for poem in poems]


# --- the rules


@pytest.mark.parametrize("form", FORMS)
def test_every_poem_has_its_form_rhymes_and_keeps_the_tones(sample, form):
    for poem in sample[form]:
        verdict = check(poem.lines)
        assert verdict.form == form
        assert verdict.rhyme
        assert verdict.pattern
        assert not {v.kind for v in verdict.violations} & {*TONE_RULES, *RHYME_RULES}


def test_a_poem_with_a_misread_word_is_written_again(poet, monkeypatch):
    asked = {"count": 24, "seed": 1, "candidates": 1}
    again = list(poet.write("五律", **asked))
    monkeypatch.setattr(poet_module, "REWRITES", 0)
    once = list(poet.write("五律", **asked))
    assert not all(check(poem.lines).clean for poem in once)
    assert all(check(poem.lines).clean for poem in again)
    for first, second in zip(once, again, strict=True):
        assert first == second or poet_module.misread(first.lines, FORMS["五律"])


def test_free_verse_has_no_words_to_misread(poet, monkeypatch):
    asked = {"count": 4, "seed": 1, "candidates": 2, "rules": False}
    free = list(poet.write("五绝", **asked))
    monkeypatch.setattr(poet_module, "misread", lambda *_: pytest.fail("it was asked"))
    assert list(poet.write("五绝", **asked)) == free


@pytest.mark.parametrize("form", FORMS)
def test_a_poem_tells_what_the_book_says_of_it(sample, form):
    for poem in sample[form]:
        verdict = check(poem.lines)
        assert (poem.form, poem.rhyme, poem.tones) == (
            verdict.form,
            verdict.rhyme,
            verdict.tones,
        )
        assert -20 < poem.score < 0


@pytest.mark.parametrize("form", FORMS)
def test_no_character_comes_twice_but_directly_doubled(sample, form):
    for poem in sample[form]:
        runs = [
            "".join(run) for line in poem.lines for _, run in itertools.groupby(line)
        ]
        seen = [run[0] for run in runs]
        assert len(set(seen)) == len(seen), poem.lines
        assert max(map(len, runs)) <= 2


def test_no_poem_holds_a_stand_in_for_an_unknown_character(sample):
    for poem in itertools.chain.from_iterable(sample.values()):
        assert "[" not in "".join(poem.lines)


def test_requests_that_share_runs_get_the_poems_that_they_get_alone(poet):
    requests = [SampleRequest("五绝", count, seed) for count, seed in ((2, 7), (1, 8))]
    alone = [list(poet.write(request)) for request in requests]
    assert list(poet.sample_all(requests)) == alone


def test_free_verse_keeps_the_form_and_not_the_rules(poet):
    poems = poet.write(ONE, count=32, seed=7, rules=False)
    verdicts = [check(poem.lines) for poem in poems]
    assert {verdict.form for verdict in verdicts} == {"五绝"}
    assert any(verdict.violations for verdict in verdicts)


# --- seeds


def test_the_same_seed_gives_the_same_poem_however_many_are_asked_for(poet, sample):
    for count in (1, 3):
        again = list(poet.write("五绝", count=count, seed=7, candidates=2))
        assert again == sample["五绝"][:count]


@pytest.mark.parametrize("size", [1, 3, 8, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_blocks_are_tiled_and_deal_every_row_once_in_order(size):
    rows = np.arange(size * 25, dtype="float32").reshape(25, size, 1)
    blocks = list(_blocks(Draws(draw, draw[..., None]) for draw in rows))
    assert all(len(block.latent) % TILE == 0 for block, _ in blocks)
    assert {used for _, used in blocks[:-1]} <= {BLOCK}
    dealt = np.concatenate([block.latent[:used] for block, used in blocks])
    noise = np.concatenate([block.noise[:used] for block, used in blocks])
    assert dealt.ravel().tolist() == noise.ravel().tolist() == [*range(size * 25)]


@pytest.mark.parametrize("candidates", [3, BLOCK + 1])
def test_a_poem_does_not_depend_on_where_blocks_end(poet, candidates):
    # With 3 or 65 candidates, rows of one poem lie on both sides of a block's end.
    many = SampleRequest("五绝", seed=11, candidates=candidates)
    count = BLOCK // candidates + 2
    together = list(poet.write(many, count=count))
    assert len(together) == count
    for fewer in (1, count - 1):
        assert together[:fewer] == list(poet.write(many, count=fewer))


def test_seeds_and_numbers_give_different_poems(poet, sample):
    assert len(set(rounded(sample["五绝"]))) == 16
    other = list(poet.write("五绝", count=16, seed=8, candidates=2))
    assert not set(rounded(other)) & set(rounded(sample["五绝"]))


def test_more_candidates_raise_the_mean_score(poet):
    means = [
        np.mean([p.score for p in poet.write("五绝", count=8, seed=3, candidates=n)])
        for n in (1, 8)
    ]
    assert means[0] < means[1]


def test_without_temperature_a_latent_has_one_poem(poet):
    latents = ((0.0,) * poet.latent_units,)
    cold = SampleRequest("五绝", latents=latents, temperature=0.0)
    (first,), (second,) = poet.write(cold, seed=1), poet.write(cold, seed=2)
    assert first._replace(seed=2) == second


def test_at_latent_temperature_zero_all_start_from_the_average_poem(poet):
    first, second = poet.write(ONE, count=2, temperature=0.0, latent_temperature=0)
    assert first._replace(number=2) == second
    assert set(first.latent) == {0.0}


def test_poems_come_as_they_are_written(poet):
    for source in ({}, {"near": "".join(STORKS)}):
        endless = poet.write(ONE, count=10**15, **source)  # no list of them fits
        assert len(list(itertools.islice(endless, 2))) == 2


# --- latents


def test_the_latent_of_a_poem_is_the_mean_of_its_posterior(poet):
    mean, log_var = poet.posterior([STORKS, STORKS[::-1]])
    assert mean.shape == log_var.shape == (2, poet.latent_units)
    np.testing.assert_allclose(poet.encode(STORKS), mean[0], atol=1e-4)
    assert np.abs(mean[0] - mean[1]).max() > 1e-3


def test_poems_near_a_latent_are_as_far_as_the_radius(poet):
    middle = np.full(poet.latent_units, 3.0)
    around = np.stack([*near(middle, 0.5, 200, seed=1)]) - middle
    assert around.shape == (200, poet.latent_units)
    assert abs(around.std() - 0.5) < 0.01
    np.testing.assert_array_equal([*near(middle, 0.5, 3, 1)], (around + middle)[:3])
    np.testing.assert_array_equal(next(near(middle, 0, 1, 1)), middle)


def test_the_way_from_one_latent_to_another():
    way = interpolate(np.array([0.0, 1.0]), np.array([2.0, -1.0]), 5)
    assert way.tolist() == [[0, 1], [0.5, 0.5], [1, 0], [1.5, -0.5], [2, -1]]


def test_poems_on_the_way_differ_by_nothing_but_the_latent(poet):
    hot = SampleRequest(seed=5, temperature=0.6)
    text = "".join(STORKS)
    alike = list(poet.write(hot, interpolate=(text, text), steps=BLOCK + 2))
    assert len({poem.lines for poem in alike}) == 1
    assert len(alike) == BLOCK + 2
    latents = (alike[0].latent,) * (BLOCK + 2)
    each = list(poet.write(hot, latents=latents, form="五绝"))
    assert len({poem.lines for poem in each}) > 1
    assert each[0] == alike[0]


# --- options and what people type


@pytest.mark.parametrize(
    "options",
    [
        {"candidates": 0},
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"temperature": 11},
        {"latent_temperature": float("inf")},
        {"steps": 1},
        {"radius": -1},
        {"near": "诗", "cluster": "1"},
    ],
)
def test_requests_that_cannot_be_are_refused(options):
    with pytest.raises(OptionError, match=next(iter(options))):
        SampleRequest(**options)


@pytest.mark.parametrize(
    "text",
    [
        "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。",
        "白日依山尽黄河入海流欲穷千里目更上一层楼",
        "\n白日依山尽\r\n黄河入海流\n\n欲穷千里目\n更上一层楼\n",
        "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。",
        "「白日依山尽」 黄河入海流/欲穷千里目|更上一层楼",
        "\ufeff白日依山尽，黄河入海流。欲穷千里目，更上一层楼。",
    ],
)
def test_a_poem_is_read_as_people_type_it(text):
    form, lines = parse_poem(text)
    assert (form.name, lines) == ("五绝", STORKS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "hello world",
        "白日依山尽黄河入海流欲穷千里目更上一层",
        "白日依山尽，黄河入海流。欲穷千里目，更上一层。",
        "春" * 2000,
        "𠀀" * 19,
        "\udce4\udcbd",
    ],
    ids=lambda text: ascii(text[:8]),
)
def test_what_is_no_poem_is_refused(text):
    with pytest.raises(OptionError, match="give 4 or 8 lines of 5 or 7"):
        parse_poem(text)


# --- the request


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"form": "词"}, "no form '词'"),
        ({"forms": "五绝"}, "write.*: forms: no such setting; did you mean form"),
        ({"count": "3"}, "count must be of type int"),
        ({"reconstruct": "春"}, "give 4 or 8 lines of 5 or 7"),
        ({"cluster": "鑫"}, "no cluster '鑫'"),
        (
            {"near": "".join(STORKS), "form": "七绝"},
            "near: 七绝 and 五绝 are two forms",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_a_poem_is_asked_for(poet, wishes, message):
    with pytest.raises(OptionError, match=message):
        poet.write(**wishes)


def test_latents_of_another_length_are_refused(poet):
    with pytest.raises(
        DataError, match=f"of 2 numbers, the model's have {poet.latent_units}"
    ):
        poet.write(latents=((0.0, 1.0),))


def test_a_form_and_the_request_of_that_form_are_the_same(poet):
    by_form = list(poet.write("五绝", seed=4))
    assert by_form == list(poet.write(SampleRequest("五绝", seed=4)))
    assert [poem.form for poem in poet.write(seed=4)] == ["七绝"]


def test_a_poem_turns_into_json_and_back(poet):
    (poem,) = poet.write(ONE, seed=4)
    facts = json.loads(json.dumps(poem.to_dict()))
    assert facts["originality"] == poem.originality._asdict()
    assert (facts["seed"], "cluster" in facts) == (4, False)
    assert tuple(facts["lines"]) == poem.lines
    (kind,) = poet.write(ONE, cluster="3")
    assert kind.to_dict()["cluster"] == 3


def test_the_shipped_checkpoint_is_found(poet):
    (found,) = Poet().write(ONE, seed=4)
    assert [found] == list(poet.write(ONE, seed=4))


# --- candidates


def test_a_candidate_with_a_line_of_the_training_poems_is_taken_last(poet):
    nothing = np.zeros(1), np.zeros((1, 1))
    known, own = Draft(*nothing, STORKS, -1.0), Draft(*nothing, ("无" * 5,), -9.0)
    assert STORKS[0] in poet.training_lines and own.lines[0] not in poet.training_lines

    def merit(draft):
        return poet._merit(draft, form=None)

    assert max([known, own], key=merit) is own
    better = own._replace(score=-8.0)
    assert max([own, known, better], key=merit) is better
