"""From the names of a checkpoint's maker to ours: is all there, and does it fit?"""

import functools
from collections.abc import Mapping, Sequence

import numpy as np

from nlg.backbone.config import BackboneConfig
from nlg.backbone.names import MODEL, is_ignored, names
from nlg.backbone.unilm import UniLM
from nlg.errors import CheckpointError
from nlg.layers.weights import Shape, compare, shapes_of, variables_by_path

Tensors = dict[str, np.ndarray]
HEAD, CLASS = f"{MODEL}/head/", f"{MODEL}/condition/class_"
WAY_OUT = "pass the --config and --vocab that it was trained with"
NO_HEAD = "pass --fresh-head, and train before you write"


class Sought:
    """What a model of `config` wants of a checkpoint in `layout`.

    Args:
        config: the shape of the model, its vocab_size that of the checkpoint.
        layout: of nlg.backbone.names.LAYOUTS.
        fresh_head: do without the head that scores tokens, whether it is there or not.
        classes: what the checkpoint calls the table of each kind of class.
    """

    def __init__(
        self,
        config: BackboneConfig,
        layout: str,
        fresh_head: bool,
        classes: Sequence[str] = (),
    ):
        self.layout = layout
        self.names = names(config, layout)  # theirs by ours
        self.names |= {f"{CLASS}{kind}": name for kind, name in enumerate(classes)}
        self.head = {x for ours, x in self.names.items() if ours.startswith(HEAD)}
        self.left_out = self.head if fresh_head else set()
        shapes = _shapes(config)
        self.shapes = {  # by their name
            theirs: self._turned(ours, shapes[ours])
            for ours, theirs in self.names.items()
            if theirs not in self.left_out
        }

    def check(self, found: Mapping[str, Shape], where: object) -> list[str]:
        """Return the names of weights in `found` that a writer does without.

        Raises:
            CheckpointError: others are missing, unused or misshapen.
        """
        ignored = [x for x in sorted(found) if self._is_left_out(x)]
        kept = {name: x for name, x in found.items() if name not in ignored}
        lost = self.shapes.keys() - kept.keys()
        if self.head and lost == self.head:  # and nothing else is: an encoder, whole
            raise CheckpointError(
                f"{where} has no head that scores tokens ({min(self.head)}, …); "
                f"{NO_HEAD}"
            )
        compare(self.shapes, kept, where, WAY_OUT)
        return ignored

    def take(self, tensors: Tensors) -> Tensors:
        """Return checked `tensors` by our paths."""
        return {
            ours: tensors[theirs].T if self._turns(ours) else tensors[theirs]
            for ours, theirs in self.names.items()
            if theirs not in self.left_out
        }

    def _is_left_out(self, name: str) -> bool:
        return name in self.left_out or is_ignored(name, self.layout)

    def _turns(self, ours: str) -> bool:
        return self.layout == "hugging_face" and ours.endswith("/kernel")

    def _turned(self, ours: str, shape: Shape) -> Shape:
        return shape[::-1] if self._turns(ours) else shape


@functools.lru_cache(1)
def _shapes(config: BackboneConfig) -> dict[str, Shape]:
    return shapes_of(variables_by_path(build(config)))


def build(config: BackboneConfig) -> UniLM:
    """Return a fresh model of `config`."""
    model = UniLM(config)
    model.build()
    return model
