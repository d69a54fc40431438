"""From shell to poem: `nlg poem --sample` against a plain Keras script.

    python benchmarks/cold_start.py [--runs 5]

Whole processes, interpreter included, in turn, medians. Both run the same model: eight
candidates with the rules on, the best printed.
"""

import argparse
import json
import pathlib
import sys

from measure import medians


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    peer = pathlib.Path(__file__).with_name("plain_keras.py")
    nlg = [sys.executable, "-m", "nlg"]
    commands = {
        "nlg --help": [*nlg, "--help"],
        "nlg poem --sample": [*nlg, "poem", "--sample", "--seed", "1"],
        "plain Keras script": [sys.executable, str(peer), "1"],
    }
    results = medians(commands, runs)
    print(f"{'':<20}{'seconds':>10}{'MB':>8}")
    for name, (seconds, megabytes) in results.items():
        print(f"{name:<20}{seconds:>10.2f}{megabytes:>8.0f}")
    ratio = results["plain Keras script"][0] / results["nlg poem --sample"][0]
    print(f"nlg poem --sample starts {ratio:.1f} times as fast")
    rows = [
        {"system": name, "seconds": round(seconds, 3), "megabytes": round(megabytes)}
        for name, (seconds, megabytes) in results.items()
    ]
    print(json.dumps({"results": rows, "ratio": round(ratio, 1), "runs": runs}))


if __name__ == "__main__":
    main()
