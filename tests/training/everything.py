"""A short run with everything on: what resuming and spreading out are tested with."""

import keras
import numpy as np
from given import Given, new_batch, new_model
from keras import ops

from nlg.training.loop import fit
from nlg.training.options import TrainOptions
from nlg.training.run import Run

OPTIONS = TrainOptions(
    steps=8,
    eval_every=4,
    save_every=2,
    warmup_steps=2,
    learning_rate=0.1,
    accumulate=2,
    layer_decay=0.5,
    rates=("*/bias=3",),
    frozen=("*/block_1/*",),
    gradient_ops=("centralise", "clip=0.5", "noise=0.1"),
    ema=0.8,
    workers=2,
)


class Noisy(Given):
    """`Given`, with a loss that depends on random numbers and has a minimum."""

    def __init__(self):
        super().__init__()
        self.dropout = keras.layers.Dropout(0.5, name="dropout")

    def call(self, batch, training=None):
        vectors = self.dropout(batch["vectors"], training=training)
        losses = super().call({**batch, "vectors": vectors})
        weights = [ops.sum(ops.square(x)) for x in self.trainable_variables]
        self.add_loss(sum(weights))
        return losses


def size(variables):
    return sum(float(np.sum(ops.convert_to_numpy(x.value) ** 2)) for x in variables)


def train(folder, batch_at=new_batch, seed=0, **changes):
    """Return model and best line; dev loss is the size of the weights it is shown."""
    keras.utils.set_random_seed(seed)
    model = new_model(seed, Noisy)
    weights = model.trainable_variables

    def evaluate():
        return {"dev_loss": size(weights)}

    options = TrainOptions(**{**vars(OPTIONS), **changes})
    return model, fit(model, batch_at, evaluate, options, Run(folder))
