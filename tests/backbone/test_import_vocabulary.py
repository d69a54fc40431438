import json
import pathlib

import pytest
import tiny_bert
from tiny_bert import ROWS, SIMPLIFIED, SPECIAL, TOKENS

from nlg.backbone.import_vocabulary import cut, padded, read_tokens, rows_of, simplified
from nlg.errors import CheckpointError

PATH = pathlib.Path("vocab.txt")


def test_simplified_keeps_what_a_tokenizer_can_yield():
    assert simplified(TOKENS) == SIMPLIFIED
    assert simplified(SIMPLIFIED) == SIMPLIFIED


def test_special_tokens_come_first_and_rows_say_where_they_were():
    kept = cut(TOKENS, "simplified", PATH)
    assert (kept.tokens, kept.rows) == (SIMPLIFIED, ROWS)


def test_full_keeps_every_token():
    kept = cut(TOKENS, "full", PATH)
    assert kept.tokens[:5] == SPECIAL
    assert sorted(kept.rows) == list(range(len(TOKENS)))
    assert [TOKENS[row] for row in kept.rows] == kept.tokens


def test_a_file_keeps_what_it_lists_in_its_order(tmp_path):
    listed = tmp_path / "mine.txt"
    listed.write_text("晓\n[CLS]\n春\n\n春\n", "utf-8")
    kept = cut(TOKENS, str(listed), PATH)
    assert kept.tokens == [*SPECIAL, "晓", "春"]
    assert kept.rows[5:] == [TOKENS.index("晓"), TOKENS.index("春")]


def test_a_listed_token_that_is_not_there_is_named(tmp_path):
    listed = tmp_path / "mine.txt"
    listed.write_text("春\n龘\n", "utf-8")
    with pytest.raises(CheckpointError, match=r"1 tokens that vocab\.txt has not: 龘"):
        cut(TOKENS, str(listed), PATH)


def test_a_list_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="simple cannot be read: No such file"):
        cut(TOKENS, "simple", PATH)


def test_of_a_token_that_stands_twice_the_last_row_counts_and_blanks_go():
    tokens = [*SPECIAL, "春", "", "夏", "春", ""]
    kept = cut(tokens, "full", PATH)
    assert dict(zip(kept.tokens[5:], kept.rows[5:], strict=True)) == {"春": 8, "夏": 7}


def test_a_mask_may_be_missing_and_nothing_else():
    kept = cut([*SPECIAL[:4], "春"], "full", PATH)
    assert (kept.tokens, kept.rows) == ([*SPECIAL, "春"], [0, 1, 2, 3, -1, 4])
    with pytest.raises(CheckpointError, match=r"vocab\.txt has no \[UNK\], \[SEP\]"):
        cut(["[PAD]", "[CLS]", "[MASK]", "春"], "full", PATH)


# --- rows of a model that a script trained


@pytest.mark.parametrize(
    "trained",
    [TOKENS, simplified(TOKENS, SPECIAL[:4]), SIMPLIFIED],
    ids=["all", "as the examples do", "with [MASK]"],
)
def test_the_number_of_rows_says_how_a_script_cut_them(trained):
    assert rows_of(len(trained), TOKENS, PATH) == trained


def test_another_number_of_rows_is_refused_with_those_that_fit():
    with pytest.raises(CheckpointError) as caught:
        rows_of(7, TOKENS, PATH)
    assert "vocab.txt has 68, 40 simplified from [PAD], [UNK], [CLS], [SEP]" in str(
        caught.value
    )
    assert "the weights have 7 rows; pass --vocab" in str(caught.value)


# --- files


def test_rows_are_lines_whatever_character_is_on_them(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_bytes("[PAD]\r\n\u2028\n春\n \n夏\n".encode())
    assert read_tokens(path) == ["[PAD]", "", "春", "", "夏"]


def test_a_tokenizer_json_holds_the_same_tokens(tmp_path):
    path = tmp_path / "tokenizer.json"
    ids = {token: number for number, token in enumerate(TOKENS)}
    model = {"type": "WordPiece", "vocab": dict(sorted(ids.items()))}
    path.write_text(json.dumps({"model": model}), "utf-8")
    assert read_tokens(path) == TOKENS


@pytest.mark.parametrize(
    "text", ["", "[]", '{"model": {"type": "BPE", "vocab": {"a": 0}}}', '{"model": 3}']
)
def test_another_tokenizer_is_refused(tmp_path, text):
    path = tmp_path / "tokenizer.json"
    path.write_text(text, "utf-8")
    with pytest.raises(CheckpointError, match=r"no WordPiece.*pass --vocab"):
        read_tokens(path)


def test_a_vocabulary_of_another_encoding_is_refused(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_bytes("[PAD]\n春\n".encode("gbk"))
    with pytest.raises(CheckpointError, match="no UTF-8 text; convert it"):
        read_tokens(path)


def test_a_byte_order_mark_is_no_part_of_the_first_token(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_bytes(b"\xef\xbb\xbf[PAD]\n[UNK]\n")
    assert read_tokens(path) == ["[PAD]", "[UNK]"]


@pytest.mark.parametrize(("rows", "blank"), [(8, 3), (64, 59), (128, 123)])
def test_a_table_that_is_rounded_up_has_rows_of_no_token(rows, blank):
    assert padded(list("abcde"), rows) == [*"abcde", *[""] * blank]


@pytest.mark.parametrize("rows", [0, 4, 5, 6, 7, 9, 24, 256])
def test_another_number_of_rows_is_no_padding(rows):
    assert padded(list("abcde"), rows) == list("abcde")


def test_the_tiny_vocabulary_is_worth_testing_with():
    assert len(set(TOKENS)) == len(TOKENS) > len(SIMPLIFIED) + 20
    assert tiny_bert.config()["vocab_size"] == len(TOKENS)
