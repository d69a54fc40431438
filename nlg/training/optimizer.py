"""AdamW and Muon with what Keras lacks, and the mending of what it gets wrong.

Keras 3.15, measured by the tests of this file against NumPy:

- It has one rate for all weights, or an optimizer a group, which clips that group
  alone. Here each weight has a factor on its update.
- It has no functions of the gradients. Here they come between average and update.
- With accumulation its schedule counts batches; so does its average of the weights,
  which moves on though they did not. Here both count steps.
- On TensorFlow the gradient of a look-up lists a token as often as it occurs, and Keras
  squares each part: Adam's second moment, the norm that is clipped by and accumulation
  all come out wrong. Here the parts are summed first.
- Its Muon orthogonalises one matrix at a time, in float32. Here the matrices of one
  shape go together, in the compute dtype.

This is the one file that reaches into Keras's optimizers.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from nlg.training import muon, parallel
from nlg.training.gradients import GradientOp, gradient_ops
from nlg.training.layerwise import learning_factors
from nlg.training.options import TrainOptions
from nlg.training.rate import Trapezoid

# On torch Keras swaps its AdamW for one whose update is a few calls for all weights,
# but not a subclass of it: 193 small weights would take 75 ms a step in place of 11.
Fused: Any = type(keras.optimizers.AdamW())


class Optimizer(Fused):
    """AdamW (arXiv:1711.05101), or Muon for some of the weights.

    Each weight has a factor on its update, and on its decay, as the rate is one of the
    two parts of that. Adam's first moment is the momentum of Muon; its second moment
    stays zero there.

    Args:
        factors: of each weight, by path.
        operations: functions of the gradients, called in this order.
        orthogonal: paths of the weights that Muon updates.
        **kwargs: of `keras.optimizers.AdamW`.
    """

    weight_decay: float

    def __init__(
        self,
        factors: Mapping[str, float],
        operations: Sequence[GradientOp] = (),
        orthogonal: Iterable[str] = (),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.factors, self.operations = dict(factors), tuple(operations)
        self.orthogonal = frozenset(orthogonal)
        for operation in operations:
            for variable in getattr(operation, "variables", ()):
                self._track_variable(variable)

    @property
    def averages(self) -> list[tuple[Any, Any]]:
        """Return each weight and its moving average; empty if none is kept."""
        if not self.use_ema:
            return []
        averages = self._model_variables_moving_average
        return list(zip(self._trainable_variables, averages, strict=True))

    def _backend_apply_gradients(self, grads, trainable_variables):
        self._paths = tuple(variable.path for variable in trainable_variables)
        grads = [_summed(gradient) for gradient in grads]
        super()._backend_apply_gradients(grads, trainable_variables)

    def _clip_gradients(self, grads):
        gradients = dict(zip(self._paths, grads, strict=True))
        for operation in self.operations:
            gradients = operation(gradients)
        return super()._clip_gradients([gradients[path] for path in self._paths])

    def _apply_weight_decay(self, variables):
        whole = self.weight_decay
        for factor, places in self._groups(variables):
            group = [variables[i] for i in places]
            group = [x for x in group if self._use_weight_decay(x)]
            if group:  # torch decays no empty list
                self.weight_decay = whole * factor
                super()._apply_weight_decay(group)
        self.weight_decay = whole

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        for factor, places in self._groups(trainable_variables):
            pairs = [(grads[i], trainable_variables[i]) for i in places]
            rate = learning_rate * factor
            self._muon_step([p for p in pairs if p[1].path in self.orthogonal], rate)
            rest = [pair for pair in pairs if pair[1].path not in self.orthogonal]
            if rest:  # torch updates no empty list
                super()._backend_update_step(*zip(*rest, strict=True), rate)

    def _muon_step(self, pairs: Sequence[tuple[Any, Any]], learning_rate: Any) -> None:
        """Update weights by the direction of their momentum (kexue.fm/archives/10592).

        Args:
            pairs: gradient and variable of each.
            learning_rate: a number or a scalar tensor.
        """
        momenta = []
        for gradient, variable in pairs:
            momentum = self._momentums[self._get_variable_index(variable)]
            momentum.assign(muon.MOMENTUM * momentum + gradient)
            momenta.append(gradient + muon.MOMENTUM * momentum)  # Nesterov's
        updates = muon.directions(momenta)
        for (_, variable), update in zip(pairs, updates, strict=True):
            variable.assign(variable - learning_rate * update)

    def _groups(self, variables) -> list[tuple[float, list[int]]]:
        """Return the factors and the places in `variables` that have them."""
        groups: dict[float, list[int]] = {}
        for place, variable in enumerate(variables):
            groups.setdefault(self.factors[variable.path], []).append(place)
        return list(groups.items())

    def _update_model_variables_moving_average(self, trainable_variables):
        """Move each average a little, and only when the weights have moved."""
        moved = (self._iterations + 1) % (self.gradient_accumulation_steps or 1) == 0
        # The first average is the weights themselves, as in Keras.
        share = ops.where(self.iterations == 0, 1.0, 1.0 - self.ema_momentum)
        share = ops.where(moved, share, 0.0)
        for variable, average in self.averages:
            average.assign(average + share * (variable - average))


def new_optimizer(
    variables: Sequence[Any],
    options: TrainOptions,
    operations: Sequence[GradientOp] = (),
) -> Optimizer:
    """Return an optimizer for `variables`, as `options` describe it.

    `operations` come after those that the options name.

    Raises:
        OptionError: a pattern of `rates` matches no variable, no block is found to
            decay by, or no matrix for Muon.
    """
    paths = [variable.path for variable in variables]
    orthogonal = muon.matrices(variables) if options.optimizer == "muon" else ()
    optimizer = Optimizer(
        learning_factors(paths, options.rates, options.layer_decay),
        [
            parallel.mean_of_gradients,
            *gradient_ops(options.gradient_ops, options.seed),
            *operations,
        ],
        orthogonal,
        learning_rate=Trapezoid(
            options.learning_rate,
            options.steps,
            options.warmup_steps,
            max(1, round(options.steps * options.decay_share)),
            options.accumulate,
        ),
        weight_decay=options.weight_decay,
        global_clipnorm=options.clip_norm,
        use_ema=options.ema > 0,
        ema_momentum=options.ema,
        gradient_accumulation_steps=(
            options.accumulate if options.accumulate > 1 else None
        ),
    )
    # Scales and shifts are no weights to shrink: decay would pull a norm to nothing.
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    optimizer.build(variables)
    return optimizer


@contextlib.contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """Lend `model` the averages of its weights; it gets its own back, to the bit.

    kexue.fm/archives/6575. A model that keeps no averages stays as it is.
    """
    averages = model.optimizer.averages
    own = [ops.convert_to_numpy(variable.value) for variable, _ in averages]
    try:
        for variable, average in averages:
            # A copy: JAX gives the buffers of a model's weights away in every step.
            variable.assign(np.array(ops.convert_to_numpy(average.value)))
        yield
    finally:
        for (variable, _), value in zip(averages, own, strict=True):
            variable.assign(value)


def _summed(gradient):
    """Return a gradient as one tensor; TensorFlow may give a list of rows of it."""
    if not hasattr(gradient, "dense_shape"):
        return gradient
    import tensorflow

    return tensorflow.convert_to_tensor(gradient)
