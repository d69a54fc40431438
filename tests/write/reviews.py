"""Forty reviews that were never written, and a text writer of random weights."""

import functools

import keras
import numpy as np
import tensorflow as tf

from nlg.backbone.config import BackboneConfig
from nlg.backbone.unilm import UniLM
from nlg.runtime.config import CheckpointConfig
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import SPECIAL, Vocabulary
from nlg.write.reviewer import Reviewer
from nlg.write.train.export import OUTPUTS, SIGNATURES, run

LENGTH = 16
THINGS = "房间", "早餐", "键盘", "屏幕", "故事"
PRAISE = "很干净，下次还来。", "非常好！", "值得推荐。", "我很喜欢。"
BLAME = "太差了，不会再来。", "又小又吵！", "让人失望。", "我不喜欢。"
NAMES = ("0=negative", "1=positive")


def made_up_reviews():
    """Return text and label of each."""
    return [
        (thing + words, label)
        for label, every in (("1", PRAISE), ("0", BLAME))
        for words in every
        for thing in THINGS
    ]


def write_reviews(reviews, path):
    path.write_text("".join(f"{text}\t{label}\n" for text, label in reviews), "utf-8")
    return path


@functools.cache
def small_vocabulary():
    characters = dict.fromkeys("".join(text for text, _ in made_up_reviews()))
    return Vocabulary([*SPECIAL, *characters])


def small_tokenizer():
    return Tokenizer(small_vocabulary())


def small_backbone(seed=0, **changes):
    keras.utils.set_random_seed(seed)
    size = {"layers": 1, "max_positions": 32} | changes
    unilm = UniLM(BackboneConfig.preset("tiny", len(small_vocabulary()), **size))
    unilm.build()
    return unilm


def decided(unilm, seed=0):
    """Give `unilm` random weights whose choices are clear."""
    rng = np.random.default_rng(seed)
    for variable in unilm.trainable_variables:
        value = np.array(variable) + 0.3 * rng.normal(size=variable.shape)
        variable.assign(value.astype("float16").astype("float32"))
    return unilm


def told_backbone():
    return decided(small_backbone(application="lm", condition_size=8, classes=(2,)))


class InKeras:
    """A checkpoint whose graphs are the functions that an export writes."""

    def __init__(self, unilm):
        self.unilm = unilm
        self.vocabulary = small_vocabulary()
        facts = {"classes": ["negative", "positive"], "length": LENGTH}
        self.config = CheckpointConfig("write", 1, {**facts, "lower_case": True})
        self.runs = []  # inputs of each

    @functools.cache  # noqa: B019 - one model a test module
    def compiled(self, name):
        about = SIGNATURES[name].items()
        specs = {n: tf.TensorSpec(*one, name=n) for n, one in about}
        function = tf.function(lambda **given: run(self.unilm, given), autograph=False)
        return function.get_concrete_function(**specs)

    def graph(self, name):
        compiled = self.compiled(name)

        def graph(**given):
            self.runs.append(given)
            out = compiled(**{n: tf.constant(x) for n, x in given.items()})
            return dict(zip(OUTPUTS, map(np.array, out), strict=True))

        return graph


def small_writer():
    return Reviewer(InKeras(told_backbone()))
