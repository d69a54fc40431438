"""Bodies that really run: the examples of the OpenAPI page, which a test sends."""

from typing import Any

QUIET_NIGHT = "床前明月光，疑是地上霜。举头望明月，低头思故乡。"
STORK_TOWER = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"

EXAMPLES: dict[str, dict[str, Any]] = {
    "/v1/poem": {
        "a theme": {"theme": "秋思", "form": "七绝", "period": "唐", "seed": 1},
        "藏头": {"acrostic": "春夏秋冬", "form": "五绝", "seed": 2},
        "some of it stands": {"keep": "白日依山尽，黄河入海流。_____，_____。"},
        "random": {"form": "五绝", "count": 2, "seed": 7},
        "near a poem": {"near": STORK_TOWER, "radius": 0.8, "count": 2},
        "from one to another": {"interpolate": [QUIET_NIGHT, STORK_TOWER], "steps": 3},
    },
    "/v1/couplet": {
        "a line": {"line": "海阔凭鱼跃", "count": 3},
        "why": {"line": "晚风摇树树还挺", "explain": True, "scroll": True},
        "some of it stands": {"line": "枫叶经霜霜叶红", "keep": "_花____白"},
        "a theme": {"theme": ["山", "水"], "scroll": True},
    },
    "/v1/qa": {
        "two passages": {
            "question": "长江发源于哪里？",
            "passages": ["长江发源于青藏高原。", "黄河流入渤海。"],
            "explain": True,
        },
        "silence": {
            "question": "泰山有多高？",
            "passages": ["黄河流入渤海。"],
            "threshold": 0.5,
        },
    },
    "/v1/write": {
        "praise": {
            "class_name": "positive",
            "begin": "房间",
            "max_length": 24,
            "count": 2,
        }
    },
    "/v1/classify": {"a text": {"text": "服务很好，下次还来。"}},
    "/v1/check/poem": {"a poem": {"text": STORK_TOWER}},
    "/v1/check/couplet": {
        "a couplet": {"first_line": "晚风摇树树还挺", "second_line": "晨露润花枝更红"}
    },
}
