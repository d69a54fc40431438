"""Words of Chinese text, found by jieba.

Raises:
    OptionError: by any function here, if jieba is not installed.
"""

import functools
import logging
import warnings
from typing import Any

from nlg.errors import OptionError
from nlg.text.normalize import fold_width


def cut_words(text: str) -> list[str]:
    """Return the words of `text` in their order; joined, they are `text`.

    Example:
        >>> cut_words("我在北京大学读书。")
        ['我', '在', '北京大学', '读书', '。']
    """
    return list(_segmenter().cut(text))


def content_words(text: str) -> list[str]:
    """Return what `text` can be searched by: words in lower case, without marks.

    Example:
        >>> content_words("ＩＢＭ，在哪里？")
        ['ibm', '在', '哪里']
    """
    words = cut_words(fold_width(text).lower())
    return [word for word in words if any(map(str.isalnum, word))]


def keywords(text: str, count: int) -> list[str]:
    """Return up to `count` words that say what `text` is about, the best first.

    By TF-IDF with jieba's own frequencies.

    Example:
        >>> keywords("昨夜我在西湖边看见一轮明月", 1)
        ['明月']
    """
    return _extractor().extract_tags(text, topK=count)


def part_of_speech(word: str) -> str:
    """Return the tag of `word` in jieba's dictionary; "" for a word it does not have.

    Tags are ICTCLAS's: n a noun, nr a person, ns a place, v a verb, m a number, ….

    Example:
        >>> part_of_speech("北京"), part_of_speech("我们"), part_of_speech("小米13")
        ('ns', 'r', '')
    """
    return _tags().get(word, "")


def tagged_words(text: str) -> list[tuple[str, str]]:
    """Return the words of `text` with jieba's tags, those of unknown words guessed.

    Example:
        >>> tagged_words("鲁迅在北京")
        [('鲁迅', 'nr'), ('在', 'p'), ('北京', 'ns')]
    """
    return [(pair.word, pair.flag) for pair in _tagger().cut(text)]


def dictionary() -> dict[str, str]:
    """Return the words of jieba's dictionary and their tags, see `part_of_speech`."""
    return _tags()


@functools.cache
def _tags() -> dict[str, str]:
    return _tagger().word_tag_tab


@functools.cache
def _tagger() -> Any:
    segmenter = _segmenter()
    from jieba.posseg import POSTokenizer

    tagger = POSTokenizer(segmenter)
    tagger.initialize()
    return tagger


@functools.cache
def _extractor() -> Any:
    segmenter = _segmenter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves a file open
        from jieba.analyse import TFIDF

        extractor = TFIDF()
    extractor.tokenizer = segmenter
    return extractor


@functools.cache
def _segmenter() -> Any:
    try:
        import jieba
    except ImportError:
        raise OptionError('words need jieba: pip install "nlg[words]"') from None
    jieba.setLogLevel(logging.WARNING)  # it writes to stderr while it loads
    return jieba.Tokenizer()
