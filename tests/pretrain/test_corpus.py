import numpy as np
from safetensors.numpy import save_file

from nlg.pretrain.corpus import (
    Corpus,
    build_corpus,
    count_characters,
    make_vocabulary,
)
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import SPECIAL

TEXT = "我在北京大学读书。今天天气很好！\n我们去爬山吧？\n\n第二篇文章。\n"
DOCUMENTS = ["我在北京大学读书。今天天气很好！\n我们去爬山吧？\n", "第二篇文章。\n"]


def tokenizer_of(*texts):
    return Tokenizer(make_vocabulary(count_characters(texts), 1000, 1))


def of_one_source(texts):
    return [(0, text) for text in texts]


def sample_texts(corpus, tokenizer):
    tokens = tokenizer.vocabulary.tokens
    parts = np.split(corpus.token_ids, corpus.starts[1:-1])
    return ["".join(tokens[i] for i in part) for part in parts]


def test_vocabulary_begins_with_the_special_tokens_and_has_what_is_frequent():
    counts = count_characters(["春春春 夏夏\n", "AAa秋"])
    tokens = make_vocabulary(counts, 1000, 2).tokens
    assert tuple(tokens[:5]) == SPECIAL
    assert {"a", "##a", "##9", "春", "夏"} < set(tokens)
    assert not {"秋", "A", " ", "\n"} & set(tokens)
    assert make_vocabulary(counts, 78, 1).tokens[-1] == "春"  # the most frequent stays


def test_samples_are_runs_of_whole_sentences():
    tokenizer = tokenizer_of(TEXT)
    corpus = build_corpus(of_one_source(DOCUMENTS), tokenizer, [17], seed=0)
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
    corpus = build_corpus(of_one_source(DOCUMENTS[:1]), tokenizer, [100], seed=0)
    starts = np.flatnonzero(corpus.word_starts[:9]).tolist()
    assert starts == [0, 1, 2, 6, 8]  # 我 在 北京大学 读书 。


def test_latin_word_is_one_word_of_many_pieces():
    text = "用iPhone6拍照。"
    tokenizer = tokenizer_of(text)
    corpus = build_corpus([(0, text)], tokenizer, [100], seed=0)
    assert np.flatnonzero(corpus.word_starts).tolist() == [0, 1, 8, 10]


def test_sentence_longer_than_a_sample_is_cut():
    text = "春" * 25
    tokenizer = tokenizer_of(text)
    corpus = build_corpus([(0, text)], tokenizer, [10], seed=0)
    assert corpus.lengths.tolist() == [10, 10, 5]
    assert (corpus.token_ids == tokenizer.vocabulary.ids["春"]).all()


def test_blank_text_gives_no_sample():
    assert len(build_corpus([(0, " \n\n　")], tokenizer_of("春"), [9], 0).lengths) == 0
    assert len(build_corpus([], tokenizer_of("春"), [9], 0).lengths) == 0


def test_each_sample_knows_its_source():
    texts = [(0, DOCUMENTS[0]), (2, DOCUMENTS[1]), (0, " ")]
    corpus = build_corpus(texts, tokenizer_of(TEXT), [17], seed=0)
    assert corpus.sources.tolist() == [0, 0, 2]


def test_corpus_of_a_run_that_told_no_sources_is_of_one(tmp_path):
    corpus = build_corpus(of_one_source(DOCUMENTS), tokenizer_of(TEXT), [17], seed=0)
    arrays = {k: x for k, x in corpus._asdict().items() if k != "sources"}
    save_file(arrays, tmp_path / "old.safetensors")
    assert Corpus.load(tmp_path / "old.safetensors").sources.tolist() == [0, 0, 0]


def test_corpus_comes_back_from_its_file(tmp_path):
    corpus = build_corpus(of_one_source(DOCUMENTS), tokenizer_of(TEXT), [17], seed=0)
    corpus.save(tmp_path / "corpus.safetensors")
    again = Corpus.load(tmp_path / "corpus.safetensors")
    for one, other in zip(corpus, again, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
