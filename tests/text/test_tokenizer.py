"""Word pieces, against examples worked by hand and against bert4keras's tokenizer."""

import importlib.util
import json
import os
import pickle
import string
import subprocess
import sys
import unicodedata

import pytest

from nlg.text import tokenizer as module
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import SPECIAL, UNK_ID, Vocabulary

ALNUM = string.ascii_lowercase + string.digits
CHARACTERS = [
    *SPECIAL,
    *"春眠不觉晓处闻啼鸟的是年月日中文，。？！、《》“”",
    *"豈αςσかカ가ᄀ\u1161😀𠀀ß０①",
    *string.punctuation,
    *ALNUM,
    *("##" + character for character in ALNUM),
]
WORD_PIECES = [
    *CHARACTERS,
    *["un", "aff", "unaff", "caf", "cafe", "iphone", "2026", "mask", "春眠", "istan"],
    *["##aff", "##able", "##ffab", "##one", "##026", "##bul", "##ς", "##ᆨ", "##カ"],
]
# First and last of the blocks that bert4keras calls Chinese (its _is_cjk_character).
BLOCK_ENDS = [
    *[0x4E00, 0x9FFF, 0x3400, 0x4DBF, 0x20000, 0x2A6DF, 0x2A700, 0x2B73F, 0x2B740],
    *[0x2B81F, 0x2B820, 0x2CEAF, 0xF900, 0xFAFF, 0x2F800, 0x2FA1F],
]
LINES = [
    "",
    "a\tb\nc\rd\u3000e\u00a0f\u2009g h",
    *(f"a{chr(end - 1)}b{chr(end)}c{chr(end + 1)}d" for end in BLOCK_ENDS),
    " \t\r\n\u3000\u00a0",
    "春眠不觉晓，处处闻啼鸟。",
    "2026年11月的iPhone6是Unaffable的，不是 iPad-Pro！",
    "unaffable UNAFFABLE unaffableunaffable affable phone",
    "[CLS]春[MASK]眠[SEP][PAD] [unk] [MASK ] ##able #a",
    "Café CAFÉ Cafe\u0301 naïve Zürich Ångström Å K Ω",
    "İstanbul İİ ISTANBUL ı ß ẞ ﬁn ﬀ Ǆ Ꮳ",
    "ΟΔΟΣ ΣΑΣ Σ ΑΣ. ΑΣΒ ΑΣ春 ᾼ ΐ",
    "가각간 한글 \u1100\u1161\u11a8 각각",
    "かきガがｶﾞカカ は\u3099 東京タワー",
    "豈更車 \uf900 \U0002f800 \U0002fa1d 𠀀𪜀𫝀𫠠 \U0002ceb0\U00030000 㐀䶿鿿 \ua000",
    "〇〇年 一〇二 ○ Ⅳ ①② ㎡ ㍿ ½ x² ℃ № ™",
    "ＡＢＣ１２３ ａｂｃ！，．（）［ＭＡＳＫ］ ￥１００",
    "😀😀春😀 👩\u200d👩\u200d👧 ❤\ufe0f 🇨🇳 1\ufe0f\u20e3 a😀b",
    "a\x00b a\ufffdb a\x07b a\u200bb a\ufeffb a\xadb a\x0bb a\x0cb a\x1cb a\x85b",
    "a\u2028b a\u2029b a\u1680b a\u2003b a\u202fb a\u200eb",
    "e\u0301\u0323\u0308 \u0301 \u0301春 春\u0301 q\u20dd ก็ไม่ हिन्दी נִקּוּד العَرَبِيَّة",
    "$100 a+b<c=d>e^f`g|h~i ©® § ¶ ·•… — – ‘’ ¿¡ €£¥ ±×÷",
    "http://www.example.cn/a_b?c=d&e=%20#f C++ C# .NET node.js 3.14 -1,000 12:30",
    "\u2260 \u226e \u037e \u1fef \u2329\u232a \u0387 \u1fed",
    "\ud800 \ue000 \u0378 \U000e0001 \U0010ffff",
    "x" * 300 + "春" * 300 + "é" * 300,
    string.printable,
]
CASES = {
    "characters": (CHARACTERS, True),
    "word pieces": (WORD_PIECES, True),
    "characters and case": (CHARACTERS, False),
}
PEER = """
import json, sys
import tensorflow.keras as keras
keras.__version__ = "2.21.0-tf"
from bert4keras.tokenizers import Tokenizer
job = json.load(sys.stdin)
pieces = {}
for name, (tokens, lower_case) in job["cases"].items():
    ids = {token: number for number, token in enumerate(tokens)}
    peer = Tokenizer(ids, do_lower_case=lower_case)
    pieces[name] = [peer.tokenize(line)[1:-1] for line in job["lines"]]
print(json.dumps(pieces))
"""
NEEDED = ("bert4keras", "tensorflow", "tf_keras")


@pytest.fixture
def characters():
    return Tokenizer(Vocabulary(CHARACTERS))


@pytest.fixture
def word_pieces():
    return Tokenizer(Vocabulary(WORD_PIECES))


@pytest.fixture(params=[CHARACTERS, WORD_PIECES], ids=["characters", "word pieces"])
def either(request):
    return Tokenizer(Vocabulary(request.param))


@pytest.fixture(scope="module")
def pieces_of_bert4keras():
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        pytest.skip("bert4keras is not installed")
    job = {"cases": CASES, "lines": LINES}
    old = {"TF_KERAS": "1", "TF_USE_LEGACY_KERAS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PEER],
        env=os.environ | old,
        input=json.dumps(job),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return json.loads(done.stdout)


def bare(text):
    """Return `text` as pieces spell it, Greek's two small sigmas made one."""
    apart = unicodedata.normalize("NFD", text.lower())
    dropped = {"Mn", "Cc", "Cf"}
    kept = [char for char in apart if unicodedata.category(char) not in dropped]
    return "".join("".join(kept).split()).replace("\ufffd", "").replace("ς", "σ")


@pytest.mark.parametrize("name", CASES)
def test_pieces_are_those_of_bert4keras(pieces_of_bert4keras, name):
    tokens, lower_case = CASES[name]
    tokenizer = Tokenizer(Vocabulary(tokens), lower_case)
    expected = dict(zip(LINES, pieces_of_bert4keras[name], strict=True))
    assert {line: tokenizer.tokenize(line) for line in LINES} == expected


def test_chinese_characters_and_marks_stand_alone(word_pieces):
    assert word_pieces.tokenize("春眠，2026年") == ["春", "眠", "，", "2026", "年"]


def test_word_is_cut_into_the_longest_pieces_from_its_left(word_pieces):
    assert word_pieces.tokenize("unaffable") == ["unaff", "##able"]
    assert word_pieces.tokenize("affaffable") == ["aff", "##aff", "##able"]


def test_without_its_word_a_character_vocabulary_spells_it(characters):
    spelt = ["i", "##p", "##h", "##o", "##n", "##e", "##6"]
    assert characters.tokenize("iPhone6") == spelt
    assert characters.encode("iPhone6") == [CHARACTERS.index(piece) for piece in spelt]


def test_unknown_character_is_unknown_alone(characters):
    assert characters.tokenize("a☃b雪春") == ["a", "##☃", "##b", "雪", "春"]
    a, b, spring = map(CHARACTERS.index, ["a", "##b", "春"])
    assert characters.encode("a☃b雪春") == [a, UNK_ID, b, UNK_ID, spring]


def test_accents_and_capitals_stay_where_case_matters():
    tokenizer = Tokenizer(Vocabulary([*SPECIAL, "C", "##é", "##e"]), lower_case=False)
    assert tokenizer.tokenize("Cé Ce\u0301") == ["C", "##é", "C", "##e", "##\u0301"]


def test_marks_of_music_keep_their_order_though_nfd_would_sort_them(characters):
    text = "a\u302e\U0001d165"
    assert unicodedata.normalize("NFD", text) == "a\U0001d165\u302e"
    assert characters.tokenize(text) == ["a", "##\u302e", "##\U0001d165"]


@pytest.mark.parametrize("lower_case", [True, False])
@pytest.mark.parametrize("name", SPECIAL)
def test_text_never_yields_a_special_token(name, lower_case):
    inside = name.strip("[]")
    vocabulary = Vocabulary([*SPECIAL, "[", "]", inside, inside.lower()])
    tokenizer = Tokenizer(vocabulary, lower_case)
    word = inside.lower() if lower_case else inside
    assert tokenizer.tokenize(name) == ["[", word, "]"]
    assert min(tokenizer.encode(name)) >= len(SPECIAL)


def test_empty_text_has_no_pieces(either):
    assert either.tokenize("") == either.encode("") == []
    assert either.encode_with_offsets("") == ([], [])
    assert either.decode([]) == ""


def test_ids_are_those_of_the_pieces_and_alike_with_offsets(either):
    ids = either.vocabulary.ids
    for line in LINES:
        expected = [ids.get(piece, UNK_ID) for piece in either.tokenize(line)]
        assert either.encode(line) == expected
        assert either.encode_with_offsets(line).token_ids == expected


@pytest.mark.parametrize("line", LINES)
def test_offsets_point_at_what_the_piece_was_made_from(either, line):
    pieces = either.tokenize(line)
    offsets = either.encode_with_offsets(line).offsets
    assert offsets == sorted(offsets)
    for piece, (start, end) in zip(pieces, offsets, strict=True):
        stem, source = piece.removeprefix("##").replace("ς", "σ"), bare(line[start:end])
        assert source == stem or (end - start == 1 and stem in source)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("Café 春", ["C", "a", "f", "é", "春"]),
        ("Cafe\u0301 春", ["C", "a", "f", "e", "春"]),
        ("İ春", ["İ", "春"]),
        ("ﬁ春", ["ﬁ", "春"]),
        ("가春", ["가", "가", "春"]),
        ("a\u200b\x00 ，", ["a", "，"]),
        ("\U0002f800春", ["\U0002f800", "春"]),
    ],
)
def test_offsets_count_characters_of_the_original_text(characters, text, spans):
    offsets = characters.encode_with_offsets(text).offsets
    assert [text[start:end] for start, end in offsets] == spans


def test_piece_of_several_characters_spans_them_and_the_accents_between(word_pieces):
    text = "春 Cafe\u0301 ca\u0301fe"
    offsets = word_pieces.encode_with_offsets(text).offsets
    spans = [text[start:end] for start, end in offsets]
    assert spans == ["春", "Cafe", "ca\u0301fe"]


@pytest.mark.parametrize(
    "text",
    [
        "春眠不觉晓，处处闻啼鸟。",
        "2026年11月的iphone6",
        "unaffable cafe on the phone, not 1,000 of 3.14",
        "www.example.cn/a_b?c=d",
        "12:30 c++",
        "cafe,春眠",
        "##",
        "##a##春##",
    ],
)
def test_decoding_brings_back_text_as_people_write_it(either, text):
    assert either.decode(either.encode(text)) == text


def test_decoded_text_has_the_ids_it_was_decoded_from(either):
    known = [ids for ids in map(either.encode, LINES) if UNK_ID not in ids]
    assert len(known) > 5
    assert [either.encode(either.decode(ids)) for ids in known] == known


def test_names_in_brackets_are_left_out_and_brackets_stay():
    vocabulary = Vocabulary([*SPECIAL, "[unused1]", "春", "眠", "[", "]", "##a"])
    tokenizer = Tokenizer(vocabulary)
    assert tokenizer.decode([2, 6, 3, 7, 4, 5, 1, 0]) == "春眠"
    assert tokenizer.decode([8, 6, 9]) == "[春]"
    assert tokenizer.decode([2, 10, 6, 10]) == "a春a"


@pytest.mark.parametrize("character", ["春", "a", "☃", "가", " "])
def test_hundred_thousand_characters_are_cut_in_one_go(either, character):
    once = either.tokenize("a" + character)[1:]
    pieces = either.tokenize("a" + character * 100_000)[1:]
    assert pieces == once * 100_000
    assert len(either.encode_with_offsets(character * 100_000).offsets) == len(pieces)


def test_accents_by_the_thousand_are_dropped_in_one_go(either):
    assert either.tokenize("e" + "\u0301\u0323" * 50_000 + "春") == ["e", "春"]


def test_nothing_depends_on_what_is_remembered(either, monkeypatch):
    expected = [either.tokenize(line) for line in LINES]
    monkeypatch.setattr(module, "REMEMBERED", 0)
    forgetful = Tokenizer(either.vocabulary)
    assert [forgetful.tokenize(line) for line in LINES] == expected
    assert [either.tokenize(line) for line in LINES] == expected


def test_long_words_and_too_many_are_not_kept_in_memory(either, monkeypatch):
    either.tokenize("a b c d e")
    size = len(pickle.dumps(either))
    either.tokenize("abcde" * 1000)
    assert len(pickle.dumps(either)) == size
    monkeypatch.setattr(module, "REMEMBERED", 5)
    either.tokenize("abba cede dace bead")
    assert len(pickle.dumps(either)) == size


def test_returned_pieces_may_be_changed(either):
    either.tokenize("iphone6").clear()
    either.tokenize("iphone6").append("春")
    assert either.decode(either.encode("iphone6")) == "iphone6"


def test_tokenizer_travels_to_another_process(either):
    copy = pickle.loads(pickle.dumps(either))
    assert [copy.encode(line) for line in LINES] == [either.encode(x) for x in LINES]
