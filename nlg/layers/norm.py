"""Layer normalisation steered by a fixed-length vector.

Conditional Layer Normalization, kexue.fm/archives/7124: gamma and beta each get a
linear function of the condition. Both projections start at zero, so an untrained
condition leaves the layer as a plain LayerNorm.

Shapes: B rows, ... any axes between, D units, C condition.
"""

import keras
from keras import ops


class ConditionalLayerNormalization(keras.layers.Layer):
    """Normalise the last axis; `condition` (B, C) moves the scale and the centre.

    Call it as `layer(inputs, condition)`; without a condition it is LayerNorm.
    """

    def __init__(self, epsilon: float = 1e-6, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, inputs_shape, condition_shape=None):
        """Create gamma, beta (D,) and, given a condition, their kernels (C, D)."""
        units = inputs_shape[-1]
        self.gamma = self.add_weight((units,), initializer="ones", name="gamma")
        self.beta = self.add_weight((units,), initializer="zeros", name="beta")
        self.gamma_kernel = self.beta_kernel = None
        if condition_shape is not None:
            shape = (condition_shape[-1], units)
            self.gamma_kernel = self.add_weight(
                shape, initializer="zeros", name="gamma_kernel"
            )
            self.beta_kernel = self.add_weight(
                shape, initializer="zeros", name="beta_kernel"
            )

    def call(self, inputs, condition=None):
        """Return `inputs` (B, ..., D) normalised, scaled and moved."""
        if condition is None:
            return ops.layer_normalization(
                inputs, self.gamma, self.beta, epsilon=self.epsilon
            )
        x = ops.layer_normalization(inputs, epsilon=self.epsilon)
        gamma = self.gamma + self._project(condition, self.gamma_kernel, inputs)
        beta = self.beta + self._project(condition, self.beta_kernel, inputs)
        return x * gamma + beta

    def _project(self, condition, kernel, inputs):
        """Map (B, C) to (B, 1, ..., 1, D), ready to broadcast over `inputs`."""
        projected = ops.matmul(condition, ops.cast(kernel, condition.dtype))  # (B, D)
        for _ in range(len(inputs.shape) - 2):
            projected = ops.expand_dims(projected, 1)
        return projected
