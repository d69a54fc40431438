import os

import pytest

from nlg.cli.options import as_typed, write_lines
from nlg.errors import DataError


def test_an_argument_that_the_locale_decoded_is_taken_as_it_is(monkeypatch):
    monkeypatch.setattr(os, "fsencode", lambda _: pytest.fail("decoded again"))
    assert as_typed("五绝") == "五绝"  # in a GBK locale fsencode would give GBK


def test_an_argument_that_an_ascii_locale_left_undecoded_is_utf8():
    assert as_typed("五绝".encode().decode("ascii", "surrogateescape")) == "五绝"


def test_an_output_that_cannot_be_written_fails_before_the_work(tmp_path):
    def work():
        pytest.fail("worked for nothing")
        yield ""

    with pytest.raises(DataError, match="cannot be written: No such file"):
        write_lines(work(), tmp_path / "nowhere" / "poems.txt")
