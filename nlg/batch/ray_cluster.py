"""Be connected to a Ray cluster whose nodes can do what is asked of them.

    with connected("head:6379"): …

What is wrong is told in one line: nothing answers at the address, a node has another
nlg or another Python.
"""

import contextlib
import logging
import os
import platform
import socket
import warnings
from collections.abc import Iterator

import nlg
from nlg.errors import NlgError, OptionError

CONNECT_SECONDS = 10
QUIET = {
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_NUM_REDIS_GET_RETRIES": "5",  # seconds that it asks what is no cluster
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
}
ALONE = "local"  # Ray's name for a cluster of its own, even where another runs
PROBE_SECONDS = 60  # for a node to say its versions: Ray starts a process there
WHY = 200  # characters of what Ray says that are told


@contextlib.contextmanager
def connected(address: str) -> Iterator[None]:
    """Be connected to a cluster, all of whose nodes have this nlg.

    One that is connected already is used, and stays so.

    Raises:
        OptionError: Ray is missing.
        NlgError: nothing answers at `address`, or a node has another version.
    """
    for name, value in QUIET.items():  # read when Ray is imported
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError:
        raise OptionError(
            '--engine ray needs Ray; pip install "nlg[ray]", or take --engine local'
        ) from None
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="nlg.batch")
    was_connected = ray.is_initialized()
    if not was_connected:
        _reach(address)
        try:
            ray.init(address or ALONE, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise NlgError(f"no Ray cluster at {address}: {told(error)}") from None
    try:
        _check_nodes()
        yield
    finally:
        if not was_connected:
            ray.shutdown()


def _reach(address: str) -> None:
    """Refuse an address at which nothing listens; Ray would try for minutes."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except (OSError, ValueError) as error:
        raise NlgError(
            f"no Ray cluster at {address}: {error}; start one with `ray start --head`, "
            "or leave --address out to use this machine"
        ) from None


def versions() -> dict[str, str]:
    """Return what has to be the same on all machines."""
    return {"nlg": nlg.__version__, "Python": platform.python_version()}


def _check_nodes() -> None:
    """Refuse nodes that lack nlg, or have another."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    probe = ray.remote(num_cpus=0)(versions)
    nodes = [node for node in ray.nodes() if node["Alive"]]
    asked = {
        probe.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], False)
        ).remote(): node["NodeManagerAddress"]
        for node in nodes
    }
    for reference, node in asked.items():
        try:
            found = ray.get(reference, timeout=PROBE_SECONDS)
        except ray.exceptions.RayError as error:
            raise NlgError(
                f"node {node} cannot run nlg {nlg.__version__}; install it there: "
                f"{told(error)}"
            ) from None
        for name, here in versions().items():
            if found[name] != here:
                raise NlgError(
                    f"node {node} has {name} {found[name]}, this machine {here}; "
                    "install the same on all"
                )


def told(error: Exception) -> str:
    """Return the end of what Ray says, on one line."""
    return " ".join(str(error).split())[-WHY:]
