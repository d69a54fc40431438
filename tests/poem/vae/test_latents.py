import io
import json
import types

import pytest

from nlg.errors import DataError
from nlg.poem.vae.latents import read_latents

A, B = [0.5, -1.0, 2.0], [0, 1, 2]


@pytest.fixture
def latents(tmp_path):
    """Read `text` from a file."""

    def latents(text):
        (tmp_path / "z.json").write_text(text, "utf-8")
        return read_latents(str(tmp_path / "z.json"))

    return latents


def written(latent, form="五绝"):
    return json.dumps({"form": form, "lines": ["春"], "latent": latent, "seed": 1})


@pytest.mark.parametrize(
    ("text", "form", "rows"),
    [
        (json.dumps(A), "", [A]),
        (json.dumps([A, B]), "", [A, B]),
        (json.dumps([A, B], indent=2), "", [A, B]),
        (f"{A}\n{B}\n", "", [A, B]),
        (written(A), "五绝", [A]),
        (f"{written(A)}\n\n{written(B)}\n", "五绝", [A, B]),
        (f"[{written(A)}, {written(B)}]", "五绝", [A, B]),
        (json.dumps({"latent": A}), "", [A]),
        (json.dumps(json.loads(written(A)), indent=2), "五绝", [A]),
        (f"\ufeff{A}", "", [A]),
    ],
)
def test_latents_are_read_in_every_layout(latents, text, form, rows):
    assert latents(text) == (form, tuple(map(tuple, rows)), None)


def test_the_places_of_printed_poems_are_read_where_every_line_has_one(latents):
    lines = [json.dumps({"latent": A, "seed": 7, "number": n}) for n in (3, 1)]
    assert latents("\n".join(lines)).places == ((7, 3), (7, 1))
    for odd in ({}, {"seed": 7}, {"seed": -1, "number": 1}, {"seed": 7, "number": 0}):
        last = json.dumps({"latent": A, **odd})
        assert latents("\n".join([*lines, last])).places is None


def test_a_dash_is_standard_input(monkeypatch):
    stdin = types.SimpleNamespace(buffer=io.BytesIO(written(A, "七律").encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    assert read_latents("-") == ("七律", (tuple(A),), None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("[]", "is empty"),
        ("春眠", ":1: not JSON"),
        ("[1, 2,\n3", ":2: not JSON"),
        (f"{A}\n\noops\n", ":3: not JSON"),
        ("[" * 100_000, ":1: not JSON"),
        (f"{A}\n[1]", "latent 2 is no list of 3 numbers between"),
        ("[[]]", "latent 1 is no list of numbers"),
        ("5", "latent 1 is no list of numbers"),
        ('"abc"', "latent 1 is no list of numbers"),
        ("{}", "latent 1 is no list of numbers"),
        ("null", "latent 1 is no list of numbers"),
        ("[1, 2, NaN]", "between -1000 and 1000"),
        ("[1, 2, Infinity]", "between -1000 and 1000"),
        ("[1, 2, 1e39]", "between -1000 and 1000"),
        ("[1, 2, 1" + "0" * 400 + "]", "between -1000 and 1000"),
        ("[1, 2, true]", "between -1000 and 1000"),
        ('[1, 2, "3"]', "between -1000 and 1000"),
        ("[[1, 2, [3]]]", "between -1000 and 1000"),
        (f"{written(A)}\n{written(B, '七绝')}", "found 五绝, 七绝"),
        (written(A, "六绝"), "found 六绝"),
        (written(A, 5), "found 5"),
        (written(A, ["五绝"]), "at a time; found"),
    ],
    ids=lambda text: text[:16],
)
def test_what_is_no_latent_is_refused_in_one_line(latents, text, reason):
    with pytest.raises(DataError, match=rf"z\.json.*{reason}") as caught:
        latents(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_what_cannot_be_read_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "z").write_bytes(content)
    with pytest.raises(DataError, match="z cannot be read"):
        read_latents(str(tmp_path / "z"))
