"""What nlg does with whatever may be typed, killed, full or spoilt: the long form.

    python benchmarks/torture.py                 all of it, up to an hour
    python benchmarks/torture.py --scale 0.02    a fiftieth of it
    python benchmarks/torture.py --only kills    one part; may be repeated

A part counts its cases and those that were not as they should be, which are shown as
they come; the table at the end is that of docs/reliability.md, and the last line JSON.
Needs the models, hypothesis, and for the killed trainings what trains.

    inputs      10,000 a command, in this process, with the models opened once
    processes   200 a command, cold; some with a closed or full stream
    kills       100 of `nlg qa --input`: it goes on, and its file is that of a whole run
    trainings   30 kills of one: its log is that of a whole run
    full        a disk that is full after so many bytes of the output: exit 1, one line,
                and the file that was there is as it was
    bits        every file of every checkpoint with a bit altered: refused in one line
"""

import argparse
import contextlib
import functools
import json
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time

from hypothesis import HealthCheck, Phase, given, seed, settings

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from odd_inputs import (  # noqa: E402
    COMMANDS,
    GOOD_TEXTS,
    a_folder_of_files,
    ask,
    assert_told,
    opened_once,
    typed,
)

from nlg.errors import CheckpointError  # noqa: E402
from nlg.runtime import checkpoints_folder, open_checkpoint  # noqa: E402
from nlg.runtime.config import read_config  # noqa: E402

NLG = (sys.executable, "-m", "nlg")
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PATH": "/usr/bin:/bin"}
STREAMS = ("", "", "", "<&-", ">&-", "2>&-", ">/dev/full", "<&- >&- 2>&-")
LONGEST = 300  # seconds of a cold process
POEMS = (
    *("白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼"),
    *("千山鸟飞绝", "万径人踪灭", "孤舟蓑笠翁", "独钓寒江雪"),
)


class Part:
    """The cases of a part, and those that were not as they should be."""

    def __init__(self, name):
        self.name, self.cases, self.faults = name, 0, 0
        self.began = time.monotonic()

    @contextlib.contextmanager
    def case(self, shown):
        """Count a case; what is raised in it is a fault, shown and not passed on."""
        self.cases += 1
        try:
            yield
        except Exception as error:
            self.faults += 1
            reason = " ".join(str(error).split())[:300]
            print(f"{self.name}: {shown}: {type(error).__name__} {reason}", flush=True)

    def row(self):
        """Return the figures of the part."""
        seconds = round(time.monotonic() - self.began)
        return {"cases": self.cases, "faults": self.faults, "seconds": seconds}


def drawn(names, count, number, take):
    """Call `take` with `count` inputs of a command."""

    @seed(number)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(typed(names))
    def each(asked):
        take(*asked)

    each()


def inputs(part, scale, number):
    def take(words, stdin):
        with part.case(f"{words} {stdin!r}"):
            ask(words, stdin)

    with opened_once():
        for names in COMMANDS:
            drawn(names, scaled(10_000, scale), number, take)


def processes(part, scale, number):
    rng = random.Random(number)

    def take(words, stdin):
        stream = rng.choice(STREAMS)
        with part.case(f"{words} {stream}"), a_folder_of_files():
            cold(words, stdin, stream)

    for names in COMMANDS:
        drawn(names, scaled(200, scale), number, take)


def cold(words, stdin, stream):
    """Run a command in a process of its own, and check what it owes."""
    if not isinstance(stdin, bytes):
        stdin = stdin.encode()
    shell = ["sh", "-c", f'exec "$@" {stream}', "sh", *NLG]
    done = subprocess.run(
        [*shell, *(word.encode("utf-8", "surrogateescape") for word in words)],
        input=b"" if "<&-" in stream else stdin,
        capture_output=True,
        env=ENVIRONMENT,
        timeout=LONGEST,
    )
    out, told = done.stdout.decode(), done.stderr.decode()
    if not stream:
        return assert_told(words, done.returncode, out, told)
    assert done.returncode in (0, 1, 2) and "Traceback" not in told, told[-300:]


def kills(part, scale, number):
    rng = random.Random(number)
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        rows = [
            {"question": f"第{n}个人是谁？", "passages": [f"{n}号是{text}"]}
            for n in range(400)
            for text in (GOOD_TEXTS[n % len(GOOD_TEXTS)],)
        ]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / "in.jsonl").write_text(text, "utf-8")
        command = [*NLG, "qa", "--input", folder / "in.jsonl", "--output"]
        began = time.monotonic()
        subprocess.run([*command, folder / "whole"], env=ENVIRONMENT, stderr=-3)
        whole, seconds = (folder / "whole").read_bytes(), time.monotonic() - began
        for kill in range(scaled(100, scale)):
            output = folder / "out"
            with part.case(f"kill {kill}"):
                killed([*command, output], rng.uniform(0, seconds))
                if kill % 4 == 3 or output.exists():
                    told = subprocess.run(
                        [*command, output], env=ENVIRONMENT, stderr=-3
                    )
                    assert told.returncode == 0 and output.read_bytes() == whole
                    left = {path.name for path in folder.iterdir()}
                    assert left == {"in.jsonl", "whole", "out"}, left
                    output.unlink()


def killed(command, seconds):
    """Start a process, and kill it after so many seconds if it still runs."""
    process = subprocess.Popen(command, env=ENVIRONMENT, stderr=-3, stdout=-3)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    process.wait()


def trainings(part, scale, number):
    rng = random.Random(number)
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        pairs = [(POEMS[n % 8], POEMS[(n * 3 + 1) % 8]) for n in range(256)]
        text = "".join(f"{first}\t{second}\n" for first, second in pairs)
        for name in ("data.tsv", "dev.tsv"):
            (folder / name).write_text(text, "utf-8")
        tiny = "steps=24 units=16 embedding_units=16 blocks=1 min_count=1 eval_every=4 "
        tiny += "save_every=2 metric_samples=0 batch_tokens=128"
        command = [*NLG, "train", "couplet"]
        command += ["--data", folder / "data.tsv", "--dev", folder / "dev.tsv"]
        command += [word for one in tiny.split() for word in ("--set", one)]
        began = time.monotonic()
        subprocess.run(
            [*command, "--out", folder / "whole"], env=ENVIRONMENT, stderr=-3
        )
        seconds, whole = time.monotonic() - began, scores(folder / "whole")
        run = folder / "run"
        for kill in range(scaled(30, scale)):
            with part.case(f"kill {kill}"):
                killed([*command, "--out", run], rng.uniform(0, seconds))
                if kill % 4 == 3:
                    told = subprocess.run(
                        [*command, "--out", run], env=ENVIRONMENT, stderr=-3, stdout=-3
                    )
                    assert told.returncode == 0 and scores(run) == whole != []
                    shutil.rmtree(run)


def scores(run):
    """Return the log of a run without its clock."""
    lines = map(json.loads, (run / "log.jsonl").read_text("utf-8").splitlines())
    clock = ("tokens_per_second", "seconds")
    return [{k: x for k, x in line.items() if k not in clock} for line in lines]


def full(part, scale, number):
    """Let the output of each command that writes one be cut after so many bytes."""
    commands = (
        ("poem", "--sample", "-n", "40", "--candidates", "1", "--json"),
        ("couplet", "--input", "lines.txt"),
        ("qa", "--input", "questions.jsonl"),
        ("write", "-n", "20", "--max-length", "12"),
        ("qa", "-q", "谁？", "-p", "杜甫来了。", "--explain"),
    )
    sizes = (0, 1, 10, 100, 400)
    for words in commands[: scaled(len(commands), max(scale, 0.4))]:
        for size in sizes:
            with part.case(f"{words} {size} bytes"), a_folder_of_files():
                cut(words, size)


def cut(words, size):
    pathlib.Path("out.txt").write_text("before", "utf-8")
    limit = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size))
    done = subprocess.run(
        [*NLG, *words, "--output", "out.txt"],
        env={**ENVIRONMENT, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        preexec_fn=limit,
        timeout=LONGEST,
    )
    told, text = done.stderr.decode(), pathlib.Path("out.txt").read_text("utf-8")
    if done.returncode == 0:
        assert text != "before" and len(text.encode()) <= size
        return
    assert_told(words, done.returncode, "", told)
    assert done.returncode == 1 and text == "before"


def bits(part, scale, number):
    rng = random.Random(number)
    shipped = sorted(path.parent for path in checkpoints_folder().rglob("sha256"))
    for checkpoint in shipped:
        task = read_config(checkpoint).task
        files = sorted(path for path in checkpoint.iterdir() if path.is_file())
        for path in files[: scaled(len(files), max(scale, 0.2))]:
            name = f"{checkpoint.name}/{path.name}"
            with part.case(name), tempfile.TemporaryDirectory() as place:
                spoilt = spoil(
                    checkpoint, pathlib.Path(place) / "model", path.name, rng
                )
                try:
                    open_checkpoint(spoilt, task)
                except CheckpointError as error:
                    assert "\n" not in str(error) and str(spoilt) in str(error)
                else:
                    raise AssertionError("an altered bit was not seen")


def spoil(checkpoint, copy, name, rng):
    """Copy a checkpoint by links, but one file with a bit of it altered."""
    copy.mkdir()
    for path in checkpoint.iterdir():
        if path.name != name:
            (copy / path.name).symlink_to(path)
    content = bytearray((checkpoint / name).read_bytes())
    place = rng.randrange(len(content))
    content[place] ^= 1 << rng.randrange(8)
    (copy / name).write_bytes(content)
    return copy


def scaled(count, scale):
    return max(1, round(count * scale))


PARTS = {
    part.__name__: part for part in (inputs, processes, kills, trainings, full, bits)
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=PARTS, action="append")
    arguments = parser.parse_args()
    rows = {}
    for name in arguments.only or PARTS:
        part = Part(name)
        PARTS[name](part, arguments.scale, arguments.seed)
        rows[name] = part.row()
    for name, row in rows.items():
        print(f"{name:12}{row['cases']:9,}{row['faults']:9,}{row['seconds']:9,} s")
    print(json.dumps({"scale": arguments.scale, **rows}))


if __name__ == "__main__":
    main()
