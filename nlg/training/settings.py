"""The config.json of a run folder: its settings, and beside them a few notes.

    {"steps": 2000, "rates": ["*/embeddings/*=0.1"], …, "data": "poems.jsonl.gz"}

One flat object. `NOTES` are no settings: they say what the run was, and are passed over
where a config is read to start another.
"""

import json
import pathlib
from typing import Any

from nlg.errors import DataError
from nlg.files import load_text, parse_json

NOTES = ("task", "data", "dev", "init", "labels", "vae", "word_vectors")


def read_settings(path: pathlib.Path) -> dict[str, Any]:
    """Return what `read_config` does, without `NOTES`."""
    config = read_config(path)
    return {key: value for key, value in config.items() if key not in NOTES}


def read_config(path: pathlib.Path) -> dict[str, Any]:
    """Return the JSON object in `path`.

    Raises:
        DataError: the file cannot be read or holds no JSON object; the line is named.
    """
    try:
        config = parse_json(load_text(path))
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}: not JSON: {error.msg}") from None
    if not isinstance(config, dict):
        raise DataError(f'{path}:1: not a JSON object such as {{"steps": 2000}}')
    return config
