"""What Prometheus may ask: requests, how long they took, batches, who waits.

Several worker processes write into the folder that PROMETHEUS_MULTIPROC_DIR names, and
each of them answers for all.
"""

import os

import prometheus_client
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)

REQUESTS = Counter("nlg_requests", "Requests answered.", ["path", "status"])
LATENCY = Histogram(
    "nlg_request_seconds", "Time to an answer.", ["path"], buckets=SECONDS
)
BATCHES = Histogram(
    "nlg_batch_size", "Requests answered together.", ["model"], buckets=SIZES
)
WAITING = Gauge(
    "nlg_waiting", "Requests that wait.", ["model"], multiprocess_mode="livesum"
)


def exposition() -> bytes:
    """Return all of it in the text format of Prometheus."""
    if FOLDER not in os.environ:
        return prometheus_client.generate_latest()
    registry = prometheus_client.CollectorRegistry()
    MultiProcessCollector(registry)
    return prometheus_client.generate_latest(registry)
