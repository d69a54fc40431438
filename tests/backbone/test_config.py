import dataclasses
import json

import pytest

from nlg.backbone.config import PRESETS, BackboneConfig
from nlg.errors import OptionError


def test_base_is_bert_base():
    config = BackboneConfig.preset("base", 21128)
    sizes = config.layers, config.hidden_size, config.heads, config.feed_forward_size
    assert sizes == (12, 768, 12, 3072)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_comes_back_from_json(name):
    config = BackboneConfig.preset(name, 100, classes=(3, 2), condition_size=8)
    text = json.dumps(dataclasses.asdict(config))
    assert BackboneConfig.from_dict(json.loads(text)) == config


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"heads": 5}, "must be a multiple of heads"),
        ({"layers": 0}, "layers is 0"),
        ({"application": "bert"}, "choose unilm, lm, bidirectional"),
        ({"activation": "swish"}, "choose gelu"),
        ({"classes": (2,)}, "classes need a condition_size"),
    ],
)
def test_what_cannot_be_built_is_refused(changes, says):
    with pytest.raises(OptionError, match=says):
        BackboneConfig(100, **changes)


def test_unknown_preset_lists_those_there_are():
    with pytest.raises(OptionError, match="choose base, small, mini, tiny"):
        BackboneConfig.preset("large", 100)
