import hashlib

import pytest

import nlg.runtime
from nlg.batch.work import Work, fingerprint
from nlg.cli.rows_options import _digest


@pytest.fixture
def checkpoints(tmp_path, monkeypatch):
    """Let tmp_path hold the shipped models; return a function that makes one."""
    monkeypatch.setattr(nlg.runtime, "checkpoints_folder", lambda: tmp_path)

    def make(name, listing):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "sha256").write_text(listing, "utf-8")
        return tmp_path / name

    return make


def work(checkpoint=None):
    return Work("nlg.batch.tasks:qa", {"checkpoint": checkpoint and str(checkpoint)})


def test_another_shipped_model_is_other_work(checkpoints):
    checkpoints("qa", "first")
    before = _digest(work(), "qa")
    assert before == hashlib.sha256(b"first").hexdigest()
    checkpoints("qa", "second")
    after = _digest(work(), "qa")
    assert fingerprint(work(), before) != fingerprint(work(), after)


def test_a_checkpoint_that_is_named_counts_before_the_shipped_one(checkpoints):
    checkpoints("qa", "shipped")
    own = checkpoints("own", "mine")
    assert _digest(work(own), "qa") == hashlib.sha256(b"mine").hexdigest()


def test_a_checkpoint_that_is_not_there_is_left_to_what_opens_it(tmp_path):
    assert _digest(work(tmp_path / "gone"), "qa") == ""


def test_a_checkpoint_whose_name_is_no_text_has_a_fingerprint_of_its_own():
    one, other = (
        fingerprint(Work("m:f", {"checkpoint": name}))
        for name in ("a\udcff", "a\udcfe")
    )
    assert one != other
