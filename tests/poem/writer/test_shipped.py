"""What the shipped writer is asked for is in its poems."""

import pytest

from nlg.poem.request import PoemRequest
from nlg.poem.writer.composer import Composer
from nlg.runtime import checkpoints_folder
from nlg.runtime.checkpoint import WEIGHTS, digest
from nlg.text import prosody
from nlg.text.forms import FORMS


@pytest.fixture(scope="module")
def composer():
    return Composer()


@pytest.mark.parametrize("form", FORMS)
def test_poems_of_every_form_keep_all_rules_and_are_new(composer, form):
    for poem in composer.write(form=form, theme="秋思", count=3):
        verdict = prosody.check(poem.lines)
        assert (verdict.form, verdict.violations) == (form, ())
        assert poem.originality.known_lines == 0


def test_words_of_a_theme_come_up_more_often_than_without_it(composer):
    def share(**asked):
        poems = composer.write(form="七绝", **asked, count=12)
        return sum("梅" in "".join(poem.lines) for poem in poems) / 12

    assert share(theme="梅花") >= share() + 0.25


def test_the_words_of_a_theme_stand_in_most_poems(composer):
    poems = list(composer.write(theme="明月 故人", form="七绝", count=8))
    texts = [" ".join(poem.lines) for poem in poems]
    assert sum("明月" in text for text in texts) >= 6
    assert sum("故人" in text for text in texts) >= 6


def test_sad_poems_say_more_of_sorrow_than_glad_ones(composer):
    def sorrow(sentiment):
        poems = composer.write(form="七绝", sentiment=sentiment, count=12)
        return sum(c in "愁恨泪悲哀伤断怨" for p in poems for c in "".join(p.lines))

    assert sorrow("sad") > 2 * sorrow("glad")


def test_an_acrostic_stands_and_the_rest_is_of_one_rhyme(composer):
    (poem,) = composer.write(acrostic="春夏秋冬", rhyme="七阳")
    assert "".join(line[0] for line in poem.lines) == "春夏秋冬"
    assert poem.rhyme == "七阳"


def test_a_search_finds_a_poem_more_probable_than_those_drawn(composer):
    poem_request = PoemRequest(theme="江雪", form="五绝")
    (found,) = composer.write(poem_request, beam=8)
    drawn = composer.write(poem_request, count=6)
    assert found.score > max(poem.score for poem in drawn)


def test_the_writer_knows_great_poets_and_the_latents_of_the_shipped_vae(composer):
    assert {"李白", "杜甫", "白居易", "苏轼", "陆游"} <= set(
        composer.conditions.names["author"]
    )
    vae = checkpoints_folder() / "poem" / "vae"
    assert composer.config.vae == digest(vae / WEIGHTS)


def test_its_metrics_are_those_of_correct_poems(composer):
    for report in composer.checkpoint.metrics["samples"].values():
        rules = ("form_right", "rhyme_right", "tones_clean")
        assert [report[name] for name in rules] == [1, 1, 1]


def test_the_shipped_writer_knows_the_lines_of_the_poems_it_learned_from(composer):
    assert "known.npz" not in composer.checkpoint.listed
    assert (
        "床前明月光" in composer.training_lines
        and "床前明日光" not in composer.training_lines
    )
