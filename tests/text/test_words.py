import subprocess
import sys

import pytest

from nlg.text.words import content_words, cut_words, keywords, part_of_speech


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我在北京大学读书。", ["我", "在", "北京大学", "读书", "。"]),
        ("用iPhone6 拍照", ["用", "iPhone6", " ", "拍照"]),
        ("😀\n", ["😀", "\n"]),
        ("", []),
    ],
)
def test_words_joined_are_the_text(text, words):
    assert cut_words(text) == words
    assert "".join(words) == text


def test_content_words_leave_marks_width_and_case_behind():
    assert content_words("ＩＢＭ，在哪里？（😀）") == ["ibm", "在", "哪里"]
    assert content_words("。！？ \n") == []


@pytest.mark.parametrize(
    ("word", "tag"), [("北京", "ns"), ("我们", "r"), ("问题", "n"), ("小米13", "")]
)
def test_a_word_has_the_tag_of_the_dictionary(word, tag):
    assert part_of_speech(word) == tag


def test_without_jieba_the_way_out_is_told():
    program = """
import sys
sys.modules["jieba"] = None
from nlg.errors import OptionError
from nlg.text.words import cut_words
try:
    cut_words("春眠")
except OptionError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True)
    assert done.stdout.decode().strip() == 'words need jieba: pip install "nlg[words]"'


def test_keywords_are_few_and_of_the_text():
    text = "昨夜我在西湖边看见一轮明月，今夜又看见明月。"
    found = keywords(text, 3)
    assert len(found) == 3 and found[0] == "明月"
    assert all(word in text for word in found)
    assert keywords("", 3) == keywords("，。", 3) == []
