"""The search on one GPU: is it right there, and how fast beside transformers' generate?

    python benchmarks/gpu.py [--quick] [--runs 5] [--seconds 240]

Needs JAX and PyTorch with CUDA; where JAX finds no GPU it says so and exits with 1.
Within 8 minutes it

- runs tests/decode with Keras on JAX, stopped after --seconds,
- times the search of benchmarks/decode.py (its sizes, float32, compiled by XLA) at
  batches 1, 32 and 256, and generate() of a GPT-2 of that size,
- counts the lines that are the CPU's, token for token, at batch 32.

Each part is a process of its own. The last line is JSON.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import decode

ROOT = pathlib.Path(__file__).parents[1]
BATCHES = (1, 32, 256)
COMPARED = 32  # batch whose lines are compared with the CPU's
# Products in full float32, as PyTorch's are by default: ids are compared.
JAX = {"KERAS_BACKEND": "jax", "JAX_DEFAULT_MATMUL_PRECISION": "float32"}
PARTS = {
    "nlg-jax": JAX,
    "nlg-jax-cpu": {**JAX, "JAX_PLATFORMS": "cpu"},
    "transformers": {},
}


def device():
    """Return what JAX calls the GPU; "" if there is none."""
    code = "import jax; print(*{d.device_kind for d in jax.devices('gpu')})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def nlg_jax(size):
    """Return a function of passages (B, S) to ids (B, length) of the best line."""
    import numpy as np

    from nlg.decode.compile import compiled

    model = decode.our_model(size)
    search = compiled(decode.search_of(model, size), model)
    return lambda tokens: np.asarray(search(token_ids=tokens).token_ids)[:, 0]


def transformers(size):
    """Return the same of a GPT-2 with random weights, on the GPU."""
    import torch

    model = decode.gpt2(size).cuda()
    options = {"num_beams": size.beams, "do_sample": False}
    options |= {"max_new_tokens": size.length, "min_new_tokens": size.length}

    def run(tokens):
        tokens = torch.from_numpy(tokens).long().cuda()
        mask = torch.ones_like(tokens)
        with torch.inference_mode():
            return model.generate(tokens, attention_mask=mask, **options).cpu()

    return run


def measure(name, sizes, runs):
    """Time one system in this process; print a JSON line for every size."""
    for size in sizes:
        run = (transformers if name == "transformers" else nlg_jax)(size)
        tokens = decode.passages(size)
        found = run(tokens)  # warm up, compile
        taken = []
        for _ in range(runs):
            began = time.perf_counter()
            run(tokens)
            taken.append(time.perf_counter() - began)
        line = {
            "system": name,
            "batch": size.batch,
            "seconds_per_question": round(statistics.median(taken) / size.batch, 6),
        }
        if name != "transformers" and size.batch == COMPARED:
            line["lines"] = found.tolist()
        print(json.dumps(line), flush=True)


def in_a_process(name, sizes, args):
    """Return what `measure` prints in a process of its own; show the times."""
    sizes = json.dumps([dataclasses.asdict(size) for size in sizes])
    command = [sys.executable, __file__, "--one", name, "--size", sizes]
    done = subprocess.run(
        [*command, "--runs", str(args.runs)],
        capture_output=True,
        text=True,
        env=os.environ | PARTS[name] | {"PYTHONPATH": str(ROOT)},
    )
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if line.strip()]
        print(f"{name} failed: {''.join(told[-1:])}", file=sys.stderr)
    lines = [json.loads(x) for x in done.stdout.splitlines() if x.startswith("{")]
    for line in lines:
        seconds = line["seconds_per_question"]
        print(f"{name:<14} batch {line['batch']:<4} {seconds:.6f} s", flush=True)
    return lines


def tests(seconds):
    """Return what pytest's last line says of tests/decode on JAX."""
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "tests/decode"]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options],
            cwd=ROOT,
            env=os.environ | JAX,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return f"stopped after {seconds} s"
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "no output"


def same_lines(results):
    """Return the share of lines at batch `COMPARED` that are the CPU's."""
    found = {x["system"]: x.pop("lines") for x in results if "lines" in x}
    if len(found) < 2:
        return None
    pairs = zip(found["nlg-jax"], found["nlg-jax-cpu"], strict=True)
    equal = [one == other for one, other in pairs]
    return sum(equal) / len(equal)


def ratios(results):
    """Return how many times as fast as generate() the search is, by batch."""
    by_key = {(x["system"], x["batch"]): x["seconds_per_question"] for x in results}
    return {
        batch: round(by_key["transformers", batch] / by_key["nlg-jax", batch], 2)
        for batch in BATCHES
        if {("transformers", batch), ("nlg-jax", batch)} <= by_key.keys()
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a tiny model, no claims")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=240, help="for tests/decode")
    for hidden in ("--one", "--size"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        sizes = [decode.Size(**size) for size in json.loads(args.size)]
        return measure(args.one, sizes, args.runs)
    gpu = device()
    if not gpu:
        sys.exit("no GPU: JAX finds none here")
    base = decode.QUICK if args.quick else decode.Size()
    sizes = [dataclasses.replace(base, batch=batch) for batch in BATCHES]
    compared = [size for size in sizes if size.batch == COMPARED]
    results = [
        *in_a_process("nlg-jax", sizes, args),
        *in_a_process("transformers", sizes, args),
        *in_a_process("nlg-jax-cpu", compared, args),
    ]
    report = {"gpu": gpu, "same_lines_as_cpu": same_lines(results), "results": results}
    report["times_transformers"] = ratios(results)
    report["tests"] = tests(args.seconds)
    for batch, times in report["times_transformers"].items():
        print(f"nlg-jax is {times}x as fast as transformers at batch {batch}")
    print(f"lines that are the CPU's: {report['same_lines_as_cpu']}")
    print(f"tests/decode on JAX: {report['tests']}")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
