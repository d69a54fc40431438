"""Time whole processes: wall seconds and the most memory they held."""

import os
import statistics
import subprocess
import sys
import time


def run(command):
    """Return `(seconds, megabytes)` of one process; its output is thrown away."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        sys.exit(f"{' '.join(map(str, command))} failed with status {status}")
    return seconds, usage.ru_maxrss / 1024


def medians(commands, runs):
    """Run every command `runs` times, in turn; return medians by name."""
    taken = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            taken[name].append(run(command))
    return {
        name: tuple(map(statistics.median, zip(*pairs, strict=True)))
        for name, pairs in taken.items()
    }
