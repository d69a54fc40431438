import gzip
import json
import lzma

import numpy as np
import pytest

from nlg.errors import DataError
from nlg.pretrain.corpus import (
    Corpus,
    build_corpus,
    count_characters,
    documents,
    make_vocabulary,
)
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import SPECIAL

TEXT = "我在北京大学读书。今天天气很好！\n我们去爬山吧？\n\n第二篇文章。\n"
DOCUMENTS = ["我在北京大学读书。今天天气很好！\n我们去爬山吧？\n", "第二篇文章。\n"]


def tokenizer_of(*texts):
    return Tokenizer(make_vocabulary(count_characters(texts), 1000, 1))


def sample_texts(corpus, tokenizer):
    tokens = tokenizer.vocabulary.tokens
    parts = np.split(corpus.token_ids, corpus.starts[1:-1])
    return ["".join(tokens[i] for i in part) for part in parts]


@pytest.mark.parametrize(
    ("name", "opener"),
    [("a.txt", open), ("a.txt.gz", gzip.open), ("a.txt.xz", lzma.open)],
)
def test_blank_lines_part_the_documents_of_a_text(name, opener, tmp_path):
    with opener(tmp_path / name, "wt", encoding="utf-8") as file:
        file.write(TEXT)
    assert list(documents(tmp_path / name)) == DOCUMENTS


def test_json_lines_give_a_passage_a_text_or_a_poem(tmp_path):
    path = tmp_path / "mixed.jsonl"
    records = [
        {"passage": "长江全长六千三百公里。", "question": "多长？"},
        {"passage": "长江全长六千三百公里。", "question": "哪条江？"},
        {"text": "短文。"},
        {"lines": ["床前明月光", "疑是地上霜"]},
    ]
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    path.write_text("\n".join(lines), "utf-8")
    want = ["长江全长六千三百公里。", "短文。", "床前明月光，疑是地上霜。"]
    assert list(documents(path)) == want  # one passage of two questions comes once


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", b'{"text": "x"}\n{\n', "a.jsonl:2: no JSON object"),
        ("a.jsonl", b'{"title": "x"}\n', "a.jsonl:1: no JSON object"),
        ("a.jsonl", b"[1]\n", "a.jsonl:1: no JSON object"),
        ("a.txt", "春眠".encode("gbk"), "a.txt: cannot be read as UTF-8"),
        ("a.txt.xz", b"no xz at all", "a.txt.xz: cannot be read"),
        ("a.txt.gz", b"\x1f\x8b broken", "a.txt.gz: cannot be read"),
    ],
)
def test_broken_file_is_named(name, content, says, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=says):
        list(documents(tmp_path / name))


def test_endless_line_is_cut_and_an_endless_document_parted(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("春" * 100_000 + "\n" + ("夏" * 99 + "\n") * 300, "utf-8")
    found = list(documents(path))
    assert [len(text) for text in found] == [20_000, 20_000, 10_000]


def test_vocabulary_begins_with_the_special_tokens_and_has_what_is_frequent():
    counts = count_characters(["春春春 夏夏\n", "AAa秋"])
    tokens = make_vocabulary(counts, 1000, 2).tokens
    assert tuple(tokens[:5]) == SPECIAL
    assert {"a", "##a", "##9", "春", "夏"} < set(tokens)
    assert not {"秋", "A", " ", "\n"} & set(tokens)
    assert make_vocabulary(counts, 78, 1).tokens[-1] == "春"  # the most frequent stays


def test_samples_are_runs_of_whole_sentences():
    tokenizer = tokenizer_of(TEXT)
    corpus = build_corpus(DOCUMENTS, tokenizer, [17], seed=0)
    assert sample_texts(corpus, tokenizer) == [
        "我在北京大学读书。今天天气很好！",
        "我们去爬山吧？",
        "第二篇文章。",
    ]
    assert corpus.lengths.tolist() == [16, 7, 6]
    ends = np.flatnonzero(corpus.sentence_ends)
    assert ends.tolist() == [8, 15, 22, 28]


def test_words_are_those_of_jieba():
    tokenizer = tokenizer_of(TEXT)
    corpus = build_corpus(DOCUMENTS[:1], tokenizer, [100], seed=0)
    starts = np.flatnonzero(corpus.word_starts[:9]).tolist()
    assert starts == [0, 1, 2, 6, 8]  # 我 在 北京大学 读书 。


def test_latin_word_is_one_word_of_many_pieces():
    text = "用iPhone6拍照。"
    tokenizer = tokenizer_of(text)
    corpus = build_corpus([text], tokenizer, [100], seed=0)
    assert np.flatnonzero(corpus.word_starts).tolist() == [0, 1, 8, 10]


def test_sentence_longer_than_a_sample_is_cut():
    text = "春" * 25
    tokenizer = tokenizer_of(text)
    corpus = build_corpus([text], tokenizer, [10], seed=0)
    assert corpus.lengths.tolist() == [10, 10, 5]
    assert (corpus.token_ids == tokenizer.vocabulary.ids["春"]).all()


def test_blank_text_gives_no_sample():
    assert len(build_corpus([" \n\n　"], tokenizer_of("春"), [9], 0).lengths) == 0
    assert len(build_corpus([], tokenizer_of("春"), [9], 0).lengths) == 0


def test_corpus_comes_back_from_its_file(tmp_path):
    corpus = build_corpus(DOCUMENTS, tokenizer_of(TEXT), [17], seed=0)
    corpus.save(tmp_path / "corpus.safetensors")
    again = Corpus.load(tmp_path / "corpus.safetensors")
    for one, other in zip(corpus, again, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
