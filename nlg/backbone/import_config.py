"""The shape of a pretrained model, from the config.json of who made it."""

import dataclasses
import pathlib
from typing import Any

from nlg.backbone.config import BackboneConfig
from nlg.errors import CheckpointError, OptionError

# As bert4keras 0.8.1 reads them: its gelu is the one with erf.
ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_erf": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_tanh": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_python": "gelu",
    "gelu_python_tanh": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_accurate": "gelu_tanh",
    "relu": "relu",
}
SIZES = {  # what Google, bert4keras and Hugging Face call them, by our names
    "vocab_size": "vocab_size",
    "hidden_size": "hidden_size",
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "feed_forward_size": "intermediate_size",
    "max_positions": "max_position_embeddings",
}
MAY_BE_LEFT_OUT = {
    "segments": "type_vocab_size",
    "embedding_size": "embedding_size",
    "dropout": "hidden_dropout_prob",
    "epsilon": "layer_norm_eps",
    "initializer_range": "initializer_range",
}
FOREIGN = "a BERT is asked for (RoBERTa-wwm is one), or Google's ALBERT"


def config_of(
    facts: dict[str, Any], path: pathlib.Path, application: str, activation: str = ""
) -> BackboneConfig:
    """Return the shape of the model that `facts`, the JSON at `path`, describe.

    Args:
        facts: keys as in Google's bert_config.json.
        path: for the errors.
        application: of nlg.backbone.config.APPLICATIONS.
        activation: of nlg.backbone.config.ACTIVATIONS; empty is what `facts` say.

    Raises:
        CheckpointError: no BERT, or one with parts that this backbone has not.
    """
    _refuse_foreign(facts, path)
    try:
        sizes = {ours: facts[theirs] for ours, theirs in SIZES.items()}
    except KeyError as error:
        raise CheckpointError(f"{path} has no {error.args[0]}; {FOREIGN}") from None
    sizes |= {x: facts[y] for x, y in MAY_BE_LEFT_OUT.items() if y in facts}
    _check_types(sizes, path)
    activation = _activation(facts, path, activation)
    try:
        return BackboneConfig(**sizes, application=application, activation=activation)
    except OptionError as error:
        raise CheckpointError(f"{path}: {error}") from None


def for_bert4keras(config: BackboneConfig, **more: Any) -> dict[str, Any]:
    """Return arguments of `build_transformer_model` for weights of these shapes.

    The activation is not among them: no weight depends on it.
    """
    sizes = {theirs: getattr(config, ours) for ours, theirs in SIZES.items()}
    return sizes | {
        "embedding_size": config.embedding_size,
        "hidden_act": "relu",
        **more,
    }


def _refuse_foreign(facts: dict[str, Any], path: pathlib.Path) -> None:
    if "task" in facts:
        raise CheckpointError(f"{path} is of a checkpoint of nlg; use it as it is")
    made_as = facts.get("model_type", "bert")
    if made_as != "bert":
        raise CheckpointError(f"{path}: model_type is {made_as}; {FOREIGN}")
    places = facts.get("position_embedding_type", "absolute")
    if places != "absolute" or facts.get("use_relative_position"):
        raise CheckpointError(
            f"{path}: positions are relative, not absolute; {FOREIGN}"
        )


def _activation(facts: dict[str, Any], path: pathlib.Path, wanted: str) -> str:
    """Return the `wanted` activation, or what the config says.

    A script may have chosen another gelu than the config says, but a model that was
    trained with a function that this backbone has not is no model without it.
    """
    named, known = facts.get("hidden_act"), ", ".join(ACTIVATIONS)
    if not isinstance(named, str):
        if wanted:
            return wanted
        raise CheckpointError(
            f"{path}: hidden_act is {named!r}, not {known}; pass --activation"
        )
    if named not in ACTIVATIONS:
        raise CheckpointError(
            f"{path}: hidden_act is {named!r}, which this backbone has not; take a "
            f"checkpoint with one of {known}"
        )
    return wanted or ACTIVATIONS[named]


def _check_types(sizes: dict[str, Any], path: pathlib.Path) -> None:
    kinds = {field.name: field.type for field in dataclasses.fields(BackboneConfig)}
    for name, value in sizes.items():
        if kinds[name] is int and type(value) is not int:
            raise CheckpointError(f"{path}: {name} is {value!r}, no whole number")
        if kinds[name] is float and type(value) not in (int, float):
            raise CheckpointError(f"{path}: {name} is {value!r}, no number")
