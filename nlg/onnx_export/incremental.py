"""An incremental search as two ONNX graphs with one file of weights.

    begin(inputs)       -> kept, state, snapshot      reads the source, writes one token
    go_on(kept, state)  -> state, snapshot            writes one token more

`nlg.decode.stream` runs the two graphs: an exported loop cannot be looked into while
it runs. This file knows neither the search nor the model.
"""

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
from keras import tree

from nlg.decode.stream import NEXT, Snapshot
from nlg.onnx_export.export import save_graph, trace

Signature = Mapping[str, tuple[Sequence[int | None], str]]


def export_incremental(
    begin: Callable[..., tuple[Any, Any, Snapshot]],
    go_on: Callable[[Any, Any], tuple[Any, Snapshot]],
    model: keras.Model,
    signature: Signature,
    read: pathlib.Path,
    step: pathlib.Path,
    weights: pathlib.Path,
    int8: bool = False,
) -> None:
    """Write `begin` and `go_on` as the graphs that `nlg.decode.stream.steps_of` runs.

    Args:
        begin: of the inputs that `signature` names.
        go_on: of the first two things that `begin` returns.
        model: the owner of the variables that both use.
        signature: shape and dtype of each input of `begin`; one row.
        read: the file for `begin`.
        step: the file for `go_on`.
        weights: see `nlg.onnx_export.export.export_onnx`.
        int8: see there too.
    """
    kept, state, _ = _shapes(begin, signature)
    of_kept, of_state = _names("kept", kept), _names("state", state)
    names = [*of_kept, *of_state]

    def flat_begin(*inputs):
        kept, state, snapshot = begin(*inputs)
        return [*_leaves((kept, state)), *snapshot]

    def flat_go_on(*leaves):
        state_and_snapshot = go_on(*_filled((kept, state), leaves))
        return _leaves(state_and_snapshot)

    carried = zip(names, _leaves((kept, state)), strict=True)
    inner = {name: (x.shape.as_list(), x.dtype.name) for name, x in carried}
    of_next = [NEXT + name for name in of_state]
    for function, inputs, outputs, path in (
        (flat_begin, signature, [*names, *Snapshot._fields], read),
        (flat_go_on, inner, [*of_next, *Snapshot._fields], step),
    ):
        save_graph(trace(function, model, inputs, outputs), path, weights, int8)


def _shapes(function: Callable, signature: Signature) -> Any:
    """Return what `function` returns, shapes and dtypes in place of arrays."""
    import tensorflow as tf

    specs = [tf.TensorSpec(shape, dtype) for shape, dtype in signature.values()]
    compiled = tf.function(function, autograph=False)
    return compiled.get_concrete_function(*specs).structured_outputs


def _names(kind: str, structure: Any) -> list[str]:
    return [f"{kind}_{number}" for number, _ in enumerate(_leaves(structure))]


def _leaves(structure: Any) -> list[Any]:
    """Return the arrays of `structure`, in order; None is none."""
    return [leaf for leaf in tree.flatten(structure) if leaf is not None]


def _filled(structure: Any, leaves: Sequence[Any]) -> Any:
    """Return `structure` with `leaves` in place of its own."""
    rest = iter(leaves)
    return tree.map_structure(lambda x: x if x is None else next(rest), structure)
