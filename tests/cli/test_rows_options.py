import hashlib

import pytest

import nlg.runtime
from nlg.batch.work import Work, fingerprint
from nlg.cli.rows_options import digest_of


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
    before = digest_of(work(), "qa")
    assert before == hashlib.sha256(b"first").hexdigest()
    checkpoints("qa", "second")
    after = digest_of(work(), "qa")
    assert fingerprint(work(), before) != fingerprint(work(), after)


def test_a_checkpoint_that_is_named_counts_before_the_shipped_one(checkpoints):
    checkpoints("qa", "shipped")
    own = checkpoints("own", "mine")
    assert digest_of(work(own), "qa") == hashlib.sha256(b"mine").hexdigest()


def test_a_checkpoint_that_is_not_there_is_left_to_what_opens_it(tmp_path):
    assert digest_of(work(tmp_path / "gone"), "qa") == ""


@pytest.mark.parametrize("place", ["s3://poems/out/", "parts/"])
def test_folder_of_parts_goes_with_ray(run, place):
    result = run("couplet", "--input", "-", "-o", place, stdin="春\n")
    assert result.exit_code == 2
    assert f"{place}: a folder or a URL goes with --engine ray" in result.stderr


@pytest.mark.parametrize("place", ["s3://poems/out/", "parts/", "parts.jsonl"])
def test_cluster_gets_the_output_as_it_was_typed(run, place, tmp_path, monkeypatch):
    import nlg.batch.run

    got = []

    def take(files, batch, output, cluster, chunk_rows, wanted):
        got.append((output, cluster.workers, cluster.address))
        return nlg.batch.run.Outcome(1, 0)

    monkeypatch.setattr(nlg.batch.run, "run_on_cluster", take)
    source = tmp_path / "lines.txt"
    source.write_text("春\n", "utf-8")
    asked = ("--engine", "ray", "--workers", "2:8", "--address", "head:6379")
    assert run("couplet", "--input", source, "-o", place, *asked).exit_code == 0
    assert got == [(place, (2, 8), "head:6379")]


def test_a_checkpoint_whose_name_is_no_text_has_a_fingerprint_of_its_own():
    one, other = (
        fingerprint(Work("m:f", {"checkpoint": name}))
        for name in ("a\udcff", "a\udcfe")
    )
    assert one != other
