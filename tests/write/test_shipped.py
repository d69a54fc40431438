"""The shipped writer praises and complains, by words that only one of both uses."""

import pytest

from nlg.runtime import checkpoints_folder
from nlg.write.reviewer import Reviewer

PRAISE, BLAME = (
    ("不错", "很好", "喜欢", "舒服", "方便"),
    ("差", "失望", "太", "陈旧", "不好"),
)


@pytest.fixture(scope="module")
def writer():
    return Reviewer.from_checkpoint(checkpoints_folder() / "write")


def test_each_class_has_more_of_its_own_words(writer):
    def count(texts, words):
        return sum(word in one.text for one in texts for word in words)

    praise, blame = (
        list(writer.write(name, "", 40)) for name in ("positive", "negative")
    )
    assert count(praise, PRAISE) > count(blame, PRAISE)
    assert count(blame, BLAME) > count(praise, BLAME)


def test_a_text_begins_as_it_is_told(writer):
    texts = [one.text for one in writer.write("negative", "房间", 4)]
    assert all(text.startswith("房间") and len(text) > 4 for text in texts)
    assert len(set(texts)) == 4


def test_its_metrics_say_how_good_it_is(writer):
    line = writer.checkpoint.metrics["best_line"]
    assert line["dev_loss"] < line["dev_untold"] < 4
