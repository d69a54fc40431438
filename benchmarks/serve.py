"""What `nlg serve` costs beside the same work in one process.

    python benchmarks/serve.py [--seconds 15] [--lines FILE] [--constancy MINUTES]

Everything runs on this machine, over the loopback: a client of asyncio streams in this
process, the server in another, so both share the cores. Lines are first lines (上联),
one a line of FILE, what follows a TAB left alone. The last line is JSON.

    in process         Couplets.reply_all on all lines; Couplets.reply on one
    64 clients         each sends a line, waits for the answer, sends the next
    … --batch 1        the same without micro-batching
    8 clients          times to an answer
    ready              from the start of the process until /readyz says so; median of 3
    memory of workers  after each has answered: proportional (PSS: a page that several
                       share counts in parts) and private, of all processes
    constancy          MINUTES at 64 clients: errors, and resident memory as it goes
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[1]
SAMPLES = ROOT / "data" / "samples" / "couplets.tsv"
MANY, FEW, WORKERS = 64, 8, (1, 4)
STARTS = 3
BATCH_LINES = 4096  # of the rate in process
SAMPLED = 5.0  # seconds between two looks at the memory
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def in_process(lines):
    """Return couplets a second in bulk, and the median seconds of one call."""
    from nlg.couplet.responder import Couplets

    couplets = Couplets()
    many = list(itertools.islice(itertools.cycle(lines), BATCH_LINES))
    list(couplets.reply_all(many[:512]))
    began = time.perf_counter()
    list(couplets.reply_all(many))
    rate = len(many) / (time.perf_counter() - began)
    taken = []
    for line in many[:100]:
        began = time.perf_counter()
        couplets.reply(line)
        taken.append(time.perf_counter() - began)
    return rate, statistics.median(taken)


@contextlib.contextmanager
def server(*options):
    """Start a server; yields its port, its process and how long it took to be ready."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "nlg", "serve", "--port", str(port)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--models", "poem,couplet", "--preload", *options],
        stderr=subprocess.DEVNULL,
    )
    try:
        while not asyncio.run(is_ready(port)):
            if process.poll() is not None:
                sys.exit(f"the server ended with {process.returncode}")
            time.sleep(0.01)
        yield port, process, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


async def is_ready(port):
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        async with connection(port) as (reader, writer):
            status, _ = await exchange(reader, writer, b"GET /readyz", b"")
            return status == 200
    return False


@contextlib.asynccontextmanager
async def connection(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def exchange(reader, writer, target, body):
    """Send one request; return status and body of the answer."""
    writer.write(
        b"%b HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%b" % (target, len(body), body)
    )
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(LENGTH.search(head)[1])
    return int(head[9:12]), await reader.readexactly(length)


async def ask(port, lines, until, taken, errors):
    """Be one client until a time; note how long each answer took."""
    async with connection(port) as (reader, writer):
        while (began := time.perf_counter()) < until:
            body = json.dumps({"line": next(lines)}).encode()
            status, answer = await exchange(reader, writer, b"POST /v1/couplet", body)
            taken.append(time.perf_counter() - began)
            if status != 200:
                errors.append(answer.decode())


async def load(port, lines, clients, seconds, watch=None):
    """Return what so many clients get in so many seconds."""
    lines, taken, errors = itertools.cycle(lines), [], []
    began = time.perf_counter()
    asking = [ask(port, lines, began + seconds, taken, errors) for _ in range(clients)]
    watching = asyncio.create_task(watch()) if watch else None
    await asyncio.gather(*asking)
    if watching:
        watching.cancel()
    taken.sort()
    return {
        "rate": len(taken) / (time.perf_counter() - began),
        "p50_ms": 1000 * taken[len(taken) // 2],
        "p99_ms": 1000 * taken[int(len(taken) * 0.99)],
        "errors": len(errors),
    }


def warm(port, lines):
    asyncio.run(load(port, lines, FEW, 1))


def family(process):
    """Return the numbers of a process and of those below it."""
    found = [process]
    children = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text()
    for child in children.split():
        found += family(int(child))
    return found


def memory(process, name):
    """Return megabytes of all processes: a sum of rows of smaps_rollup."""
    total = 0
    for one in family(process):
        text = pathlib.Path(f"/proc/{one}/smaps_rollup").read_text()
        total += sum(int(n) for n in re.findall(rf"^{name}: +(\d+) kB", text, re.M))
    return total / 1024


def measure_workers(lines):
    """Return the memory of servers of 1 and of 4 workers."""
    found = {}
    for workers in WORKERS:
        options = ["--workers", str(workers)] if workers > 1 else []
        with server(*options) as (port, process, _):
            asyncio.run(load(port, lines, MANY, 3))  # so that every worker has answered
            found[workers] = {
                "rss_mb": memory(process.pid, "Rss"),
                "pss_mb": memory(process.pid, "Pss"),
                "private_mb": memory(process.pid, "Private_(?:Clean|Dirty)"),
            }
    return found


def constancy(lines, minutes):
    """Return errors and memory of a long run."""
    samples = []
    with server() as (port, process, _):

        async def watch():
            while True:
                samples.append(memory(process.pid, "Rss"))
                await asyncio.sleep(SAMPLED)

        warm(port, lines)
        found = asyncio.run(load(port, lines, MANY, 60 * minutes, watch))
    after = samples[len(samples) // 10 :]  # allocators settle first
    middle = statistics.median(after)
    return {
        **found,
        "minutes": minutes,
        "rss_mb": middle,
        "rss_spread": max(abs(one - middle) for one in after) / middle,
    }


def report(name, found):
    shown = (f"{key} {value:,.4g}" for key, value in found.items())
    print(f"{name:<22} {'   '.join(shown)}", flush=True)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--lines", type=pathlib.Path, default=SAMPLES)
    parser.add_argument("--constancy", type=float, default=0.0, metavar="MINUTES")
    options = parser.parse_args()
    rows = options.lines.read_text("utf-8").splitlines()
    lines = [row.partition("\t")[0] for row in rows if row]
    if options.constancy:
        found = report("constancy", constancy(lines, options.constancy))
        print(json.dumps(found))
        return
    rate, call = in_process(lines)
    found = {"in_process": report("in process", {"rate": rate, "call_ms": 1000 * call})}
    starts = []
    for name, flags in (("micro-batches", []), ("one by one", ["--batch", "1"])):
        with server(*flags) as (port, _, start):
            starts.append(start)
            warm(port, lines)
            many = asyncio.run(load(port, lines, MANY, options.seconds))
            few = asyncio.run(load(port, lines, FEW, options.seconds / 2))
        many["of_in_process"] = many["rate"] / rate
        few["p50_calls"], few["p99_calls"] = (
            few[one] / 1000 / call for one in ("p50_ms", "p99_ms")
        )
        found[name] = {
            str(MANY): report(f"{name}, {MANY} clients", many),
            str(FEW): report(f"{name}, {FEW} clients", few),
        }
    while len(starts) < STARTS:
        with server() as (_, _, start):
            starts.append(start)
    found["ready"] = report("ready", {"seconds": statistics.median(starts)})
    found["workers"] = {
        workers: report(f"{workers} workers", one)
        for workers, one in measure_workers(lines).items()
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
