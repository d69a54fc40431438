"""Begin a task's model with the weights of a backbone, and keep its shape in a run."""

import dataclasses
import json
import pathlib
from typing import Any, NamedTuple

from nlg.backbone.checkpoint import Backbone
from nlg.backbone.config import BackboneConfig
from nlg.backbone.unilm import UniLM
from nlg.errors import OptionError
from nlg.files import write_json
from nlg.layers.weights import assign, variables_by_path, weights_by_path
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import Vocabulary

VOCABULARY, BACKBONE = "vocab.txt", "backbone.json"  # in a run's folder


class Shape(NamedTuple):
    """What a run says of its backbone, and its export needs."""

    config: BackboneConfig
    tokenizer: Tokenizer

    def save(self, folder: pathlib.Path) -> None:
        """Write it into the folder of a run."""
        self.tokenizer.vocabulary.save(folder / VOCABULARY)
        facts = {
            "model": dataclasses.asdict(self.config),
            "lower_case": self.tokenizer.lower_case,
        }
        write_json(folder / BACKBONE, facts)

    @classmethod
    def load(cls, folder: pathlib.Path) -> "Shape":
        """Return what `save` wrote."""
        facts = json.loads((folder / BACKBONE).read_text("utf-8"))
        vocabulary = Vocabulary.load(folder / VOCABULARY)
        tokenizer = Tokenizer(vocabulary, facts["lower_case"])
        return cls(BackboneConfig.from_dict(facts["model"]), tokenizer)

    def build(self) -> UniLM:
        """Return a backbone of this shape, with random weights."""
        unilm = UniLM(self.config)
        unilm.build()
        return unilm


def init_from(
    opened: Backbone,
    init: pathlib.Path,
    layers: int = 0,
    preset: str = "",
    **changes: Any,
) -> UniLM:
    """Return a fresh UniLM that begins with the weights of a backbone, or random ones.

    Args:
        opened: the backbone.
        init: its folder, for errors.
        layers: how many of its blocks are kept, from the first; 0 is all.
        preset: of `PRESETS`: of that size, with random weights; only the vocabulary
            and the positions are those of the backbone.
        **changes: fields of its `BackboneConfig` that are others here. What they add,
            such as a condition, starts as if it were not there.

    Raises:
        OptionError: it has a condition of its own, or fewer blocks.
    """
    if opened.config.condition_size:
        raise OptionError(f"{init} has a condition of its own; take another backbone")
    config = opened.config
    if preset:
        known = {"max_positions": config.max_positions}
        config = BackboneConfig.preset(preset, config.vocab_size, **known)
    had = config.layers
    if layers > had:
        whose = preset or init
        raise OptionError(f"layers ({layers}) is more than the {had} that {whose} has")
    changes = {"application": "unilm", "layers": layers or had, **changes}
    unilm = UniLM(dataclasses.replace(config, **changes))
    unilm.build()
    if preset:
        return unilm
    left_out = {f"block_{number}" for number in range(unilm.config.layers, had)}
    tensors = {
        name: tensor
        for name, tensor in weights_by_path(opened.model).items()
        if left_out.isdisjoint(name.split("/"))
    }
    variables = variables_by_path(unilm)
    assign({name: variables[name] for name in tensors}, tensors, init)
    return unilm
