"""What a writer of random weights writes keeps every rule: `nlg check` is the oracle.

Its graphs run on TensorFlow here; tests/poem/writer/train/test_train.py exports them.
"""

import itertools
import json
import re

import numpy as np
import pytest
from poem.writer.writers import Z, small_composer

from nlg.errors import DataError, OptionError
from nlg.poem.request import PoemRequest
from nlg.poem.writer import drafts
from nlg.poem.writer.composer import Composer
from nlg.poem.writer.drafts import Draft
from nlg.poem.writer.train.batches import inputs
from nlg.text import prosody
from nlg.text.forms import FORMS, verse

ONE = {"candidates": 1}
HOT = {"candidates": 1, "temperature": 10.0, "top_p": 1.0}
BEAM = {"beam": 2}
STORKS = "白日依山尽，黄河入海流。_____，_____。"
SEASONS = "春夏秋冬"


@pytest.fixture(scope="module")
def composer(tmp_path_factory):
    return small_composer(tmp_path_factory.mktemp("writer"))


def written(composer, count=1, seed=1, options=ONE, **asked):
    return list(composer.write(count=count, seed=seed, **options, **asked))


def best_of(composer, rows, asked):
    return max(rows, key=lambda row: composer.drafter.merit(row, asked))


def strays(lines):
    """Return the characters that stand twice though no word of two is doubled."""
    text = "".join(lines)
    places = [divmod(n, len(lines[0])) for n in range(len(text))]
    return [
        character
        for n, (character, (_, column)) in enumerate(zip(text, places, strict=True))
        if character in text[:n] and not (column % 2 == 1 and character == text[n - 1])
    ]


def assert_correct(poem, form):
    verdict = prosody.check(poem.lines)
    assert verdict.form == poem.form == form
    assert verdict.violations == () and verdict.pattern and verdict.rhyme
    assert strays(poem.lines) == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("options", [ONE, HOT, BEAM], ids=["drawn", "hot", "searched"])
def test_every_poem_passes_our_own_check(composer, form, options):
    for poem in written(composer, 2, form=form, options=options):
        assert_correct(poem, form)


def test_hot_poems_take_many_patterns_and_rhymes(composer):
    poems = written(composer, 16, form="五绝", options=HOT)
    assert len({poem.pattern for poem in poems}) == 4
    assert len({poem.rhyme for poem in poems}) > 6


@pytest.mark.parametrize("options", [HOT, BEAM], ids=["drawn", "searched"])
def test_a_rhyme_that_is_asked_for_is_kept(composer, options):
    (poem,) = written(composer, form="七绝", rhyme="七阳", options=options)
    assert poem.rhyme == "七阳"
    assert_correct(poem, "七绝")


@pytest.mark.parametrize("options", [HOT, BEAM], ids=["drawn", "searched"])
@pytest.mark.parametrize(
    ("asked", "picture"),
    [
        ({"acrostic": SEASONS}, "春.*，夏.*。秋.*，冬.*。"),
        ({"acrostic": "月天路年", "acrostic_at": "tail"}, ".*月，.*天。.*路，.*年。"),
        (
            {"acrostic": "月春秋冬", "acrostic_at": "diagonal", "form": "五绝"},
            "月....，.春...。..秋..，...冬.。",
        ),
        ({"first_line": "白日依山尽"}, "白日依山尽，.*"),
        ({"keep": STORKS}, STORKS.replace("_", ".")),
        ({"keep": STORKS, "acrostic": "白黄秋更"}, "白日.*。秋....，更....。"),
    ],
)
def test_fixed_characters_stand_where_they_must(composer, asked, picture, options):
    (poem,) = written(composer, options=options, **asked)
    assert re.fullmatch(picture, verse(poem.lines))
    assert prosody.check(poem.lines).violations == ()


def test_poems_come_as_they_are_written(composer):
    endless = composer.write(count=10**15, form="五绝", **ONE)  # no list of them fits
    assert len(list(itertools.islice(endless, 2))) == 2


def test_a_poem_that_is_kept_whole_comes_back(composer):
    storks = "白日依山尽黄河入海流欲穷千里目更上一层楼"
    (poem,) = written(composer, keep=storks)
    assert "".join(poem.lines) == storks


def test_free_verse_has_its_form_and_nothing_else(composer):
    poems = written(composer, 6, form="五绝", rules=False, options=HOT)
    assert all(prosody.check(poem.lines).form == "五绝" for poem in poems)
    assert any(prosody.check(poem.lines).violations for poem in poems)


def test_parallel_couplets_double_nothing(composer):
    poems = written(composer, 4, form="五律", options=HOT)
    for line in (line for poem in poems for line in poem.lines[2:6]):
        assert len(set(line)) == 5


def test_a_poem_depends_on_its_seed_and_number_alone(composer):
    three, two = written(composer, 3, 7), written(composer, 2, 7)
    assert three[:2] == two and three[0] != three[1]
    assert written(composer, 1, 8) != three[:1]


def test_of_candidates_the_best_is_kept(composer):
    (best,) = written(composer, options={"candidates": 3})
    noises = [given["noise"] for given in composer.checkpoint.runs[-1:]]
    assert noises[0].shape == (4, 32)  # three, and one to fill the tile
    assert len(np.unique(noises[0], axis=0)) == 3  # each is drawn by its own
    (alone,) = written(composer)
    assert best.score >= alone.score


def test_a_known_line_is_not_taken_if_another_poem_has_none(composer, monkeypatch):
    first, second = written(composer, 2, options=ONE)
    rows = [
        Draft(poem.lines, poem.score)
        for poem in sorted((first, second), key=lambda poem: poem.score)
    ]
    asked = composer.prepare(PoemRequest())
    assert best_of(composer, rows, asked) is rows[1]
    monkeypatch.setattr(composer, "training_lines", set(rows[1].lines))
    assert best_of(composer, rows, asked) is rows[0]


def test_a_poem_that_names_its_theme_is_taken_before_a_better_one(composer):
    rows = [Draft(("白日依山尽",), -9.0), Draft(("黄河入海流",), -1.0)]
    assert best_of(composer, rows, composer.prepare(PoemRequest())) is rows[1]
    assert (
        best_of(composer, rows, composer.prepare(PoemRequest(theme="白日"))) is rows[0]
    )
    assert (
        best_of(composer, rows, composer.prepare(PoemRequest(theme="山川"))) is rows[0]
    )
    assert (
        best_of(composer, rows, composer.prepare(PoemRequest(title="山川"))) is rows[1]
    )


def test_a_poem_with_a_misread_word_is_drawn_again_without_it(composer, monkeypatch):
    again = written(composer, 24, form="五律")
    monkeypatch.setattr(drafts, "_struck", lambda *_: set())
    once = written(composer, 24, form="五律")
    changed = [a.lines for a, b in zip(once, again, strict=True) if a.lines != b.lines]
    assert changed and not any(prosody.check(lines).clean for lines in changed)
    assert all(prosody.check(poem.lines).clean for poem in again)


def test_of_a_misread_word_what_must_stand_is_not_struck(composer):
    lines = ["白日依山尽", "黄河入海流", "日春相思月", "更上一层楼"]
    free = composer.prepare(PoemRequest(form="五绝"))
    assert drafts._struck(lines, free) == {"思"}
    kept = composer.prepare(PoemRequest(keep="_" * 13 + "思" + "_" * 6))
    assert drafts._struck(lines, kept) == {"相"}
    unbound = composer.prepare(PoemRequest(form="五绝", rules=False))
    assert drafts._struck(lines, unbound) == set()


def test_a_poem_drawn_line_by_line_is_the_one_drawn_at_once(composer):
    for asked in ({"form": "五律"}, {"acrostic": SEASONS, "theme": "秋思"}):
        poem_request = PoemRequest(**asked)
        stages = list(composer.stream(poem_request, seed=3))
        (whole,) = composer.write(poem_request, seed=3, candidates=1)
        assert stages[-1] == whole
        for number, stage in enumerate(stages, 1):
            assert stage.lines == whole.lines[:number]


def test_a_search_finds_better_poems_than_a_draw_and_as_many_as_it_has_beams(composer):
    found = written(composer, 4, form="五绝", options={"beam": 4})
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    assert len({p.lines for p in found}) == 4
    assert found[0].score > written(composer, form="五绝")[0].score
    with pytest.raises(OptionError, match="5 poems of 4 beams"):
        composer.write(count=5, beam=4)


def test_without_warmth_a_draw_is_the_same_for_every_seed(composer):
    cold = {"candidates": 1, "temperature": 0.0}
    (first,), (second,) = (written(composer, 1, seed, cold) for seed in (1, 2))
    assert first._replace(seed=2) == second


def test_what_is_told_reaches_the_writer(composer):
    asked = {"form": "五绝", "period": "唐", "sentiment": "sad", "author": "杜甫"}
    (told,) = written(composer, theme="明月 故人", **asked)
    given = composer.checkpoint.runs[-1]
    assert set(map(tuple, given["class_ids"].tolist())) == {(1, 2, 1, 2)}
    source = composer.vocabulary.decode(given["token_ids"][0].tolist())
    assert source == "[CLS]明月、故人[SEP]" and told.source == "明月、故人"
    assert given["latents"].shape == (4, Z) and not given["latents"].any()
    (titled,) = written(composer, title="登鹳雀楼", form="五绝")
    assert titled != told


@pytest.mark.parametrize("options", [ONE, BEAM], ids=["drawn", "searched"])
@pytest.mark.parametrize("form", ["五绝", "七律"])
def test_words_of_a_theme_stand_if_they_are_favoured(composer, form, options):
    theme, words = "明月 江南", ("明月", "江南")
    for weight, stand in ((20.0, True), (0.0, False)):
        how = options | {"theme_weight": weight}
        for poem in written(composer, 2, form=form, theme=theme, options=how):
            assert_correct(poem, form)
            text = " ".join(poem.lines)
            assert all((word in text) == stand for word in words), (weight, text)


def test_a_word_that_no_plan_has_room_for_is_left_out(composer):
    full = "白日依山尽黄河入海流欲穷千里目更上一层_"
    (poem,) = written(composer, keep=full, theme="明月")
    assert "".join(poem.lines)[:-1] == full[:-1]


def test_a_word_that_is_unknown_or_long_is_not_favoured(composer):
    asked = composer.prepare(PoemRequest(theme="明月 龘龘 江南"))
    tokens = [row[row >= 0].tolist() for row in asked.words]
    words = [composer.vocabulary.decode(row) for row in tokens]
    assert words == ["明月", "", "江南", ""]


@pytest.mark.parametrize("options", [ONE, BEAM], ids=["drawn", "searched"])
def test_guidance_is_for_what_is_told_besides_the_form(composer, options):
    plain = options | {"guidance": 1.0}
    far = options | {"guidance": 4.0}
    sad = {"form": "五绝", "sentiment": "sad"}
    assert written(composer, options=far) == written(composer, options=plain)
    (led,) = written(composer, options=far, **sad)
    assert "guidance" in composer.checkpoint.runs[-1]
    (told,) = written(composer, options=plain, **sad)
    assert "guidance" not in composer.checkpoint.runs[-1]
    assert led.lines != told.lines
    assert_correct(led, "五绝")


@pytest.mark.parametrize("options", [ONE, BEAM], ids=["drawn", "searched"])
def test_a_guidance_of_one_is_the_writer_as_it_was_trained(composer, options):
    asked = composer.prepare(PoemRequest(form="五绝", period="唐"))
    near = options | {"guidance": 1.0}
    (want,) = written(composer, form="五绝", period="唐", options=near)
    given = composer.checkpoint.runs[-1]
    name = "beam_guided" if "beam" in options else "model_guided"
    found = composer.checkpoint.graph(name)(**given, guidance=np.float32(1.0))
    poem = found["poems"][0, 0] if "beam" in options else found["poems"][0]
    assert composer.drafter._draft(poem, 0.0, asked).lines == want.lines


@pytest.mark.parametrize("options", [ONE, BEAM], ids=["drawn", "searched"])
@pytest.mark.parametrize("form", ["五绝", "七律"])
def test_a_score_is_the_loss_that_training_would_have(composer, form, options):
    latent = np.linspace(-1, 1, Z)
    poem_request = PoemRequest(form=form, theme="明月", period="宋")
    options = options | {"theme_weight": 0.0, "guidance": 1.0}
    latents = (tuple(latent.tolist()),)
    (poem,) = composer.write(poem_request, latents=latents, **options)
    encode = composer.vocabulary.encode
    batch = inputs(
        form,
        [encode("明月")],
        np.array([encode(verse(poem.lines))]),
        np.array([composer.conditions.ids_of(form=form, period="宋")]),
        latent[None].astype("float32"),
    )
    nats = np.array(composer.checkpoint.model(batch))
    assert nats.shape == (FORMS[form].places,)  # marks are free
    assert poem.score == pytest.approx(-nats.mean(), abs=1e-3)


def test_a_latent_steers_the_writer(composer):
    latents = ((3.0,) * Z, (0.0,) * Z)
    steered, plain = composer.write(latents=latents, **ONE)
    assert steered.lines != plain.lines
    assert [plain] == written(composer)


@pytest.mark.parametrize("latents", [((0.0,) * (Z + 1),), ((),)])
def test_latents_of_another_model_are_refused(composer, latents):
    with pytest.raises(DataError, match=f"the model's have {Z}"):
        composer.write(latents=latents)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"author": "李百"}, "no author '李百'; did you mean 李白?"),
        ({"rhyme": "八阳"}, "no rhyme '八阳'"),
        ({"acrostic": "春夏秋"}, "the acrostic has 3 characters"),
        ({"acrostic": "春龘秋冬"}, "龘 is too rare"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(composer, asked, message):
    before = len(composer.checkpoint.runs)
    with pytest.raises(OptionError, match=re.escape(message)):
        composer.write(**asked)
    assert len(composer.checkpoint.runs) == before


def test_what_has_no_way_out_is_said(composer, monkeypatch):
    arrays = composer.plans.arrays

    def nothing_open(*about):
        found = arrays(*about)
        return found | {"kinds": np.zeros_like(found["kinds"])}

    monkeypatch.setattr(composer.plans, "arrays", nothing_open)
    for options in (ONE, BEAM):
        with pytest.raises(OptionError, match="no 七绝 was found that keeps all rules"):
            written(composer, options=options)


def test_a_poem_turns_into_json(composer):
    (poem,) = written(composer, seed=3, theme="秋")
    facts = json.loads(json.dumps(poem.to_dict()))
    assert list(facts) == list(poem._fields)
    assert facts["originality"] == poem.originality._asdict()
    assert (tuple(facts["lines"]), facts["seed"]) == (poem.lines, 3)


def test_composer_is_opened_from_a_folder_of_its_task(tmp_path):
    from nlg.errors import CheckpointError
    from nlg.runtime import checkpoints_folder

    with pytest.raises(CheckpointError, match="made for poem-vae"):
        Composer.from_checkpoint(checkpoints_folder() / "poem" / "vae")
