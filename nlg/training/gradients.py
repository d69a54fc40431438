"""Functions of the gradients, between their computation and the update.

    GradientOp: {path of the weight: gradient} -> the same paths, other gradients

kexue.fm/archives/6418 calls them free gradients. They are called in the order given,
before the clip of all gradients together, once a step: where a step takes several
batches, on the average. An operation that draws or counts lists what it must not lose
as `variables`, and a run that is resumed goes on with them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from nlg.training.options import gradient_op_of

Gradients = dict[str, Any]  # by path of the weight, each of its shape
GradientOp = Callable[[Gradients], Gradients]


class Clip:
    """Shorten each gradient that is longer than `norm`, on its own."""

    def __init__(self, norm: float):
        self.norm = norm

    def __call__(self, gradients: Gradients) -> Gradients:
        """Return the gradients, none longer than `norm`."""
        return {path: self._shortened(x) for path, x in gradients.items()}

    def _shortened(self, gradient):
        length = ops.sqrt(ops.sum(ops.square(gradient)))
        return gradient * (self.norm / ops.maximum(length, self.norm))


class Noise:
    """Add Gaussian noise that fades: of variance scale / (1 + t)^0.55 at step t.

    arXiv:1511.06807, with its exponent; it tries scales of 0.01, 0.3 and 1.
    """

    def __init__(self, scale: float, seed: int = 0):
        self.scale = scale
        self.seeds = keras.random.SeedGenerator(seed)
        self.steps = keras.Variable(0.0, trainable=False, name="noise_steps")
        self.variables = [self.seeds.state, self.steps]

    def __call__(self, gradients: Gradients) -> Gradients:
        """Return the gradients with noise."""
        deviation = ops.sqrt(self.scale / (1.0 + self.steps) ** 0.55)
        self.steps.assign(self.steps + 1.0)
        return {
            path: x + deviation * keras.random.normal(ops.shape(x), seed=self.seeds)
            for path, x in gradients.items()
        }


def centralise(gradients: Gradients) -> Gradients:
    """Take from each gradient of a kernel its mean over the inputs (arXiv:2004.01461).

    So the weights (..., inputs, units) of every unit keep their mean.
    """
    return {path: _centred(x) for path, x in gradients.items()}


def _centred(gradient):
    inputs = tuple(range(len(gradient.shape) - 1))
    if not inputs:  # a bias has units only
        return gradient
    return gradient - ops.mean(gradient, axis=inputs, keepdims=True)


def gradient_ops(settings: Sequence[str], seed: int = 0) -> list[GradientOp]:
    """Return the operations that "clip=1.0", "noise=0.01" and "centralise" name."""
    named: dict[str, Callable[[Any], GradientOp]] = {
        "centralise": lambda _: centralise,
        "clip": Clip,
        "noise": lambda scale: Noise(scale, seed),
    }
    return [named[name](number) for name, number in map(gradient_op_of, settings)]
