"""The batch engine against its goals: speed, memory, start, kills; JSON comes last.

    python benchmarks/batch.py [--only speed,memory,start,kills] [--quick]
        [--lines FILE] [--count 100000] [--rows 5000000] [--kills 20]

    speed   couplets of COUNT lines: the API on one core, of a quarter of them; the
            command with two workers; Ray on this machine, after its start
    memory  the most that all processes of a run held together: an echo, which is the
            engine alone, and `nlg check couplet`, ROWS lines each
    start   seconds from the shell to the first row, with --engine ray
    kills   driver, worker and node, locally and on three Ray nodes, at random moments;
            each time the run goes on, and the output is compared

Lines are those of FILE (上联, what follows a TAB left alone), over and over, else made
of random characters. Ray's parts are left out where it is not installed. Each part may
be run apart; --quick takes a hundredth. The machine should be quiet.
"""

import argparse
import importlib.util
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).parent
ECHO = [sys.executable, str(HERE / "batch_echo.py")]
NLG = [sys.executable, "-m", "nlg"]
PARTS = ("speed", "memory", "start", "kills")
HAS_RAY = importlib.util.find_spec("ray") is not None
API = """
import sys, time
from nlg.couplet.responder import Couplets
lines = open(sys.argv[1], encoding="utf-8").read().splitlines()
start = time.perf_counter()
count = sum(1 for _ in Couplets().reply_all(lines))
print(count / (time.perf_counter() - start))
"""
# Opens Ray first; what is timed is the run alone.
ON_RAY = """
import sys, time
import click.testing
from nlg.batch.ray_cluster import connected
from nlg.cli.main import main
with connected(""):
    start = time.perf_counter()
    arguments = ["couplet", "--input", sys.argv[1], "--output", sys.argv[2]]
    found = click.testing.CliRunner().invoke(
        main, [*arguments, "--engine", "ray", "--workers", "2"]
    )
    if found.exit_code:
        sys.exit(found.output)
    print(time.perf_counter() - start)
"""
SLOW, BLOCK, KILLED_ROWS = 0.002, 8, 1200  # of the runs that are killed


def environment(**more):
    paths = [str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **more}


def started(command, **more):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([*map(str, command)], env=environment(**more), **quiet)


def said(command, **more):
    """Return what a process prints, as a number."""
    done = subprocess.run(
        [*map(str, command)], env=environment(**more), capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{command[:3]} failed: {done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])


def seconds_of(command):
    start = time.perf_counter()
    if started(command).wait():
        sys.exit(f"{' '.join(map(str, command))} failed")
    return time.perf_counter() - start


# --- input


def first_lines(name):
    if name:
        lines = pathlib.Path(name).read_text("utf-8").splitlines()
        return [line.partition("\t")[0] for line in lines]
    rng = random.Random(1)
    characters = [chr(n) for n in range(0x4E00, 0x5E00)]
    return ["".join(rng.choices(characters, k=rng.randint(5, 9))) for _ in range(5000)]


def written(folder, name, lines, count):
    path = folder / name
    with path.open("w", encoding="utf-8") as file:
        rows = itertools.islice(itertools.cycle(lines), count)
        file.writelines(f"{line}\n" for line in rows)
    return path


# --- speed


def speed(folder, options, lines):
    source = written(folder, "lines.txt", lines, options.count)
    sample = written(folder, "sample.txt", lines, max(1, options.count // 4))
    alone = said([sys.executable, "-c", API, sample], NLG_CORES="1")
    output = folder / "couplets.jsonl"
    command = [*NLG, "couplet", "--input", source, "-o", output, "--workers", "2"]
    local = options.count / seconds_of(command)
    found = {"api_one_thread": alone, "local_two_workers": local}
    found["local_to_api"] = local / alone
    if HAS_RAY:
        on_ray = folder / "by_ray.jsonl"
        ray = options.count / said([sys.executable, "-c", ON_RAY, source, on_ray])
        found |= {"ray_two_workers": ray, "ray_to_local": ray / local}
        found["same_bytes"] = on_ray.read_bytes() == output.read_bytes()
    return found


# --- memory


def family(pid):
    """Return a process and all below it."""
    try:
        tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
        below = [
            int(x) for task in tasks for x in (task / "children").read_text().split()
        ]
    except OSError:
        return []
    return [pid, *(one for child in below for one in family(child))]


def held_by(pid):
    """Return the megabytes of a family, shared pages counted once."""
    total = 0
    for one in family(pid):
        try:
            rows = pathlib.Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
    return total / 1024


def most_held(command):
    start, process, most = time.perf_counter(), started(command), 0.0
    while process.poll() is None:
        most = max(most, held_by(process.pid))
        time.sleep(0.5)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed")
    return {"megabytes": most, "seconds": time.perf_counter() - start}


def memory(folder, options, lines):
    source = written(folder, "rows.txt", lines, options.rows)
    found = {"echo": most_held([*ECHO, source, folder / "echo.jsonl", 1, 512, 0])}
    couplets = (f"{line}\t{line[::-1]}" for line in lines)
    source = written(folder, "pairs.tsv", list(couplets), options.rows)
    command = [*NLG, "check", "couplet", "--no-parallelism", "--input", source]
    command += ["-o", folder / "verdicts.jsonl", "--workers", "2"]
    found["check_couplet"] = most_held(command)
    return found


# --- start


def start(folder, options, lines):
    if not HAS_RAY:
        return {}
    source = written(folder, "one.txt", lines, 1)
    output = folder / "parts"
    command = [*NLG, "couplet", "--input", source, "-o", f"{output}/"]
    begun = time.perf_counter()
    process = started([*command, "--engine", "ray", "--workers", "2"])
    while process.poll() is None and not (output / "part-000000.jsonl").exists():
        time.sleep(0.02)
    seconds = time.perf_counter() - begun
    stop(process)
    return {"seconds_to_first_row": seconds}


def stop(process):
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# --- kills


class Trial:
    """A run that is killed once, then goes on to its end."""

    def __init__(self, folder, source, rng, address=""):
        self.folder, self.rng, self.address = folder, rng, address
        self.output = folder / "out.jsonl"
        self.output.unlink(missing_ok=True)
        self.workers, self.struck = (3 if address else 2), False
        self.command = [*ECHO, source, self.output, self.workers, BLOCK, SLOW]
        self.command += [address] if address else []

    def run(self, strike):
        """Strike once at a random moment; return the bytes in the end."""
        process = started(self.command)
        threading.Thread(target=self._wait_and, args=(strike, process)).start()
        for _ in range(3):
            if process.wait() == 0:
                break
            process = started(self.command)
        return self.output.read_bytes()

    def _wait_and(self, strike, process):
        while process.poll() is None and not self._has_begun():
            time.sleep(0.02)
        time.sleep(self.rng.uniform(0, 0.8 * KILLED_ROWS * SLOW / self.workers))
        while process.poll() is None and not self.struck:
            self.struck = strike(process)
            time.sleep(0.05)

    def _has_begun(self):
        journal = self.output.with_name("out.jsonl.nlg-journal")
        parts = self.output.with_name("out.jsonl.nlg-parts")
        one = next(parts.glob("part-*"), None) if parts.is_dir() else None
        return one or (journal.exists() and journal.stat().st_size > 200)


def kill(pid):
    """Kill a process; return whether it was there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def kill_worker(process):
    """Kill a process that answers, of a local run."""
    below = [
        pid
        for pid in family(process.pid)[1:]
        if "spawn_main" in pathlib.Path(f"/proc/{pid}/cmdline").read_text()
    ]
    return kill(below[0]) if below else False


def kill_actor():
    """Kill a process in which an actor answers, of the nodes that we started."""
    for pid in family(os.getpid()):
        try:
            name = pathlib.Path(f"/proc/{pid}/cmdline").read_text()
        except OSError:
            continue
        if name.startswith("ray::MapWorker"):
            return kill(pid)
    return False


class Nodes:
    """Three Ray nodes of one core each, on this machine."""

    def __init__(self):
        os.environ |= environment()
        from ray.cluster_utils import Cluster

        self.facts = {"num_cpus": 1, "object_store_memory": 100_000_000}
        self.cluster = Cluster(initialize_head=True, head_node_args=self.facts)
        self.extra = [self.cluster.add_node(**self.facts) for _ in range(2)]
        self.address = self.cluster.address

    def lose(self):
        self.cluster.remove_node(self.extra.pop(0), allow_graceful=False)
        return True

    def mend(self):
        """Be three again; Ray starts a node in the main thread only."""
        while len(self.extra) < 2:
            self.extra.append(self.cluster.add_node(**self.facts))


def kills(folder, options, lines):
    rng = random.Random(options.seed)
    source = written(folder, "killed.txt", lines, KILLED_ROWS)
    whole = folder / "whole.jsonl"
    seconds_of([*ECHO, source, whole, 1, BLOCK, SLOW])
    strikes = [("driver", "", lambda process: kill(process.pid))]
    strikes.append(("worker", "", kill_worker))
    nodes = Nodes() if HAS_RAY else None
    if nodes:
        strikes += [
            ("ray driver", nodes.address, lambda process: kill(process.pid)),
            ("ray actor", nodes.address, lambda _: kill_actor()),
            ("ray node", nodes.address, lambda _: nodes.lose()),
        ]
    found = {"kills": 0, "lost": 0, "twice": 0, "other_bytes": 0}
    for number in range(options.kills):
        name, address, strike = strikes[number % len(strikes)]
        trial = Trial(folder, source, rng, address)
        content = trial.run(strike)
        ids = [json.loads(line)["id"] for line in content.splitlines()]
        found["kills"] += trial.struck
        if nodes:
            nodes.mend()
        found["lost"] += KILLED_ROWS - len(set(ids))
        found["twice"] += len(ids) - len(set(ids))
        found["other_bytes"] += content != whole.read_bytes()
        found[name] = found.get(name, 0) + trial.struck
    if nodes:
        nodes.cluster.shutdown()
    return found


def parsed():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--lines")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.quick:
        options.count, options.rows = options.count // 100, options.rows // 100
        options.kills = 5
    return options


def main():
    options = parsed()
    lines = first_lines(options.lines)
    measured = {"count": options.count, "rows": options.rows}
    for part in options.only.split(","):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="nlg-batch-"))
        begun = time.perf_counter()
        try:
            found = globals()[part](folder, options, lines)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        measured[part] = found | {"took": time.perf_counter() - begun}
        print(part, json.dumps(measured[part], indent=1))
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
