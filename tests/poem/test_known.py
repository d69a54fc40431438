from nlg.poem.known import Originality, shipped_lines
from nlg.text.known_lines import KnownLines


def test_a_poem_shares_what_the_most_known_of_its_lines_shares():
    known = KnownLines.from_lines(["床前明月光", "朝辞白帝彩云间"])
    poem = ("白日依山尽", "床前明月光", "红日白帝彩云间")
    assert Originality.of(poem, known) == (1, 5)
    assert Originality.of(["白日依山尽"], known) == (0, 0)
    assert Originality.of(iter(["朝辞白帝彩云间"]), known) == (1, 7)


def test_the_shipped_lines_are_read_once_however_many_poems_are_checked():
    assert shipped_lines() is shipped_lines()
    assert "白日依山尽" in shipped_lines()
