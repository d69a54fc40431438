"""A writer of one layer over 1,500 characters: random weights, decided choices."""

import functools

import keras
import numpy as np
import tensorflow as tf

from nlg.backbone.config import BackboneConfig
from nlg.backbone.unilm import UniLM
from nlg.poem.known import KNOWN
from nlg.poem.writer.composer import Composer
from nlg.poem.writer.conditions import AUTHORS, Conditions
from nlg.poem.writer.train.export import GRAPHS, OUTPUTS, inputs_of, run
from nlg.poem.writer.train.model import build_model
from nlg.runtime import checkpoints_folder
from nlg.runtime.checkpoint import VOCABULARY
from nlg.runtime.config import CheckpointConfig
from nlg.text.known_lines import KnownLines
from nlg.text.vocab import SPECIAL, Vocabulary

POETS = ("李白", "杜甫", "白居易", "王安石")
Z = 4


@functools.cache
def small_vocabulary():
    known = Vocabulary.load(checkpoints_folder() / "poem" / "vae" / VOCABULARY)
    return Vocabulary([*SPECIAL, "，", "。", "、", *known.tokens[2:1502]])


def small_backbone(**changes):
    keras.utils.set_random_seed(0)
    size = {"layers": 1, "max_positions": 128} | changes
    unilm = UniLM(BackboneConfig.preset("tiny", len(small_vocabulary()), **size))
    unilm.build()
    return unilm


def small_writer(seed=0):
    classes = Conditions(POETS).sizes
    model = build_model(small_backbone(condition_size=8, classes=classes), Z)
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        value = np.array(variable) + 0.3 * rng.normal(size=variable.shape)
        variable.assign(value.astype("float16").astype("float32"))
    return model


class InKeras:
    """A checkpoint whose graphs are the functions that an export writes."""

    listed = (KNOWN,)

    def __init__(self, folder, model):
        self.folder, self.model = folder, model
        self.vocabulary = small_vocabulary()
        self.config = CheckpointConfig("poem", 1, {"latent_units": Z})
        self.runs = []  # inputs of each
        Conditions(POETS).save(folder / AUTHORS)
        KnownLines.from_lines(["床前明月光"]).save(folder / KNOWN)

    def path(self, name):
        return self.folder / name

    def graph(self, name):
        compiled = self.compiled(name)

        def graph(**given):
            self.runs.append(given)
            return dict(zip(OUTPUTS, map(np.array, compiled(**given)), strict=True))

        return graph

    @functools.cache  # noqa: B019 - one model a test module
    def compiled(self, name):
        write, options = GRAPHS[name]
        signature = inputs_of(self.model) | options
        specs = {n: tf.TensorSpec(*about, name=n) for n, about in signature.items()}
        function = tf.function(
            lambda **given: run(write, self.model, given), autograph=False
        )
        return function.get_concrete_function(**specs)


def small_composer(folder):
    return Composer(InKeras(folder, small_writer()))
