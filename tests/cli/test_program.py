"""The program as a shell starts it: streams, disks and interrupts are not as hoped."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from nlg.cli.program import missing_package

NLG = f"{sys.executable} -m nlg"
LINE = "晚风摇树树还挺"
CHECK = f"check couplet {LINE} 晨露润花花更红 --no-parallelism --json"


def shell(command):
    return subprocess.run(command, shell=True, capture_output=True, timeout=120)


def errors(done):
    return done.stderr.decode().splitlines()


@pytest.mark.parametrize("arguments", [CHECK, "--help", "--version", "check -h"])
@pytest.mark.parametrize("stream", [">&-", "> /dev/full"])
def test_result_that_cannot_be_printed_is_one_line_and_exit_1(arguments, stream):
    done = shell(f"{NLG} {arguments} {stream}")
    assert done.returncode == 1
    (line,) = errors(done)
    assert line.startswith("Error: ") and ("closed" in line or "No space" in line)


def test_closed_stdout_is_no_matter_to_a_command_that_writes_a_file(tmp_path):
    output = tmp_path / "answer.txt"
    done = shell(f"{NLG} couplet {LINE} -o {output} >&-")
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(output.read_text("utf-8").strip()) == len(LINE)


@pytest.mark.parametrize(
    "arguments",
    ["check poem", "check couplet --input -", "couplet -", "qa -q 谁 -p -"],
)
def test_closed_stdin_is_one_line(arguments):
    done = shell(f"{NLG} {arguments} <&-")
    assert done.returncode in (1, 2)
    assert len(errors(done)) == 1 and errors(done)[0].startswith("Error: ")


def test_closed_stderr_leaves_the_result_alone():
    done = shell(f"{NLG} {CHECK} 2>&-")
    assert done.returncode == 0 and json.loads(done.stdout)["first_line"] == LINE


@pytest.mark.parametrize("after", [0.1, 0.15, 0.2])
def test_interrupt_at_once_is_no_traceback(after):
    process = subprocess.Popen(
        [sys.executable, "-c", "from nlg.cli.program import run; print(); run()"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.readline()
    time.sleep(after - 0.1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert b"Traceback" not in told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sklearn.utils", 'this needs sklearn; pip install "nlg[words]"'),
        ("ray", 'this needs ray; pip install "nlg[ray]"'),
        ("nlg.gone", ""),
    ],
)
def test_missing_package_is_told_with_what_installs_it(name, told):
    assert missing_package(ModuleNotFoundError(f"No module {name}", name=name)) == told


def test_missing_package_of_a_command_is_one_line(tmp_path):
    (tmp_path / "sklearn.py").write_text(
        "raise ModuleNotFoundError('no', name='sklearn')", "utf-8"
    )
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("春眠不觉晓\n" * 50, "utf-8")
    path = f"{tmp_path}{os.pathsep}{pathlib.Path(__file__).parents[2]}"
    done = shell(f"PYTHONPATH={path} {NLG} data vectors {corpus} -o {tmp_path}/vectors")
    assert done.returncode == 1
    assert errors(done) == ['Error: this needs sklearn; pip install "nlg[words]"']
