"""The lines of bert4keras's decoder, with the same weights from the same checkpoint."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tiny_bert

from nlg.backbone.checkpoint import load_backbone
from nlg.backbone.import_bert import ImportOptions, import_bert
from nlg.backbone.import_source import find
from nlg.decode.beam import beam_search
from nlg.decode.results import line_of
from nlg.decode.sample import sample
from nlg.decode.seq2seq import empty_cache, read, writer

HERE = pathlib.Path(__file__).parent
LENGTH, BEAMS = 8, 3
END = 28  # a token that this model writes sooner, later or not at all
SOURCES = [[2, *range(first, first + 5), 3] for first in range(5, 30, 5)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert4keras")
    config = tiny_bert.config()
    tensors = tiny_bert.google_tensors(config, seed=1)
    tiny_bert.write_google(folder / "google", config, tensors)
    (folder / "sources.json").write_text(json.dumps(SOURCES))
    done = subprocess.run(
        [sys.executable, HERE / "bert4keras_decoder.py", folder],
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def theirs(folder):
    return json.loads((folder / "lines.json").read_text())


@pytest.fixture(scope="module")
def model(folder):
    imported = folder / "imported"
    import_bert(find(folder / "google"), imported, ImportOptions(dtype="float32"))
    return load_backbone(imported).model


def on_sources(model, beams):
    """Return next_log_probs and its cache after all sources, and the number of rows."""
    reading = read(model, {"token_ids": np.array(SOURCES, "int32")})
    rows = beams * len(SOURCES)
    return writer(model, reading, beams), empty_cache(model, rows, LENGTH), rows


def test_greedy_lines_are_those_of_bert4keras(model, theirs):
    model, cache, rows = on_sources(model, 1)
    ours = sample(model, cache, rows=rows, length=LENGTH, end_id=END)
    lengths = set()
    for row, want in zip(np.array(ours.token_ids), theirs["greedy"], strict=True):
        assert line_of(row, END) == line_of(want, END)
        lengths.add(len(line_of(want, END)))
    assert len(lengths) > 1  # some end early, some do not


def test_beams_that_never_end_are_those_of_bert4keras(model, theirs):
    model, cache, _ = on_sources(model, BEAMS)
    size = {"batch": len(SOURCES), "beams": BEAMS, "length": LENGTH}
    ours = np.array(beam_search(model, cache, **size).token_ids)[:, 0]
    assert ours.tolist() == theirs["beam"]
