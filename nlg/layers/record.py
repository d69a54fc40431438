"""See what any layer of a built model returns, without building the model anew.

kexue.fm/archives/6575 gets at intermediate variables through the graph; a model that is
plain calls has none, so the layers' calls are wrapped for a time.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import keras

from nlg.config import nearest
from nlg.errors import OptionError


@contextlib.contextmanager
def recorded(model: keras.Model, *names: str) -> Iterator[dict[str, Any]]:
    """Give a dict that holds the last output of each named layer, once it is called.

    Args:
        model: built; call it as it is, not through `fit` or `predict`, which compile.
        names: paths of layers, with the model's own name before them or without.

    Raises:
        OptionError: no such layer; the nearest is named.

    Example, where `model` is a backbone and its attention does not use fused kernels:

        with recorded(model, "block_0/attention/probabilities") as outputs:
            model(inputs)
        matrix = outputs["block_0/attention/probabilities"]  # (B, heads, T, T)
    """
    layers = _layers_by_path(model)
    for name in names:
        if name not in layers:
            raise OptionError(
                f"{model.name} has no layer {name}; the nearest is "
                f"{nearest(name, layers)}"
            )
    outputs: dict[str, Any] = {}
    with contextlib.ExitStack() as stack:
        for name in names:
            note = functools.partial(outputs.__setitem__, name)
            stack.enter_context(_noted(layers[name], note))
        yield outputs


@contextlib.contextmanager
def _noted(layer: keras.layers.Layer, note: Callable[[Any], None]) -> Iterator[None]:
    """Tell `note` what `layer` returns, while this lasts."""
    before = vars(layer).get("call")  # of a recording around this one
    call = layer.call

    @functools.wraps(call)
    def calling(*args: Any, **kwargs: Any) -> Any:
        output = call(*args, **kwargs)
        note(output)
        return output

    vars(layer)["call"] = calling  # not by `=`, which Keras follows
    try:
        yield
    finally:
        del vars(layer)["call"]
        if before:
            vars(layer)["call"] = before


def _layers_by_path(model: keras.Model) -> dict[str, keras.layers.Layer]:
    """Return every layer by its path, with the model's name before it and without.

    `layer.path` says the same, but not before a layer is built, and one without weights
    may be built by its first call only.
    """
    found = {model.name: model}

    def visit(layer: keras.layers.Layer, path: str, above: tuple[int, ...]) -> None:
        for below in layer._flatten_layers(include_self=False, recursive=False):
            if id(below) not in above:  # a layer may know the one it is in
                name = f"{path}/{below.name}"
                found.setdefault(name, below)
                found.setdefault(name.removeprefix(f"{model.name}/"), below)
                visit(below, name, (*above, id(below)))

    visit(model, model.name, (id(model),))
    return found
