"""Answer the rows of files on a cluster, by Ray Data.

    chunks -> map_batches(actors, each with the models open) -> parts of the output

An actor reads its chunk, answers it in the blocks of the local engine, and writes the
part; only facts of a few bytes travel. So the driver may die, and a node: what is
written stays, and the next run computes what is missing. A chunk whose actor dies three
times is answered by a process of its actor's, see `nlg.batch.local`, which finds the
row that kills it.

Files, and the folder of the output, must have the same names on all machines: a shared
folder, or a URL. A checkpoint folder that a node lacks comes by the object store.
"""

import itertools
import os
import pathlib
import pickle
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from nlg.batch.chunks import Chunk, rows_of
from nlg.batch.formats import Wanted
from nlg.batch.local import answer_block, answer_rows
from nlg.batch.parts import Folder, Manifest, Part, part_name, part_of
from nlg.batch.ray_cluster import connected, told
from nlg.batch.rows import Row
from nlg.batch.work import Answer, Answerer, Work, open_work
from nlg.errors import NlgError
from nlg.files import json_line
from nlg.runtime.graph import CORES

TRIES = 3  # of a chunk, before it is answered with care
ROUNDS = 3  # over what is missing
SAVE_PARTS = 50  # parts between two writings of the manifest; more of very many
CHECKPOINT = "checkpoint"  # the setting of a work that names a folder


class Cluster(NamedTuple):
    """Which machines answer."""

    address: str = ""  # host:port or auto; "" is this machine alone
    workers: tuple[int, int] = (1, 1)  # actors, at least and at most
    cpus: float = 1  # of an actor
    gpus: float = 0


class Job(NamedTuple):
    """What an actor needs to know."""

    work: Work
    block_rows: int
    wanted: Wanted
    output: str
    cores: int = 1  # that it may use
    checkpoint: Any = None  # a reference to {name: bytes} in the object store


def run_chunks(
    manifest: Manifest, job: Job, cluster: Cluster, watch: Any = None
) -> None:
    """Write the parts that `manifest` lacks.

    Args:
        manifest: of the output; it is saved as parts come.
        job: what is done.
        cluster: where.
        watch: called with the number of rows of each part that is written.

    Raises:
        NlgError: no cluster there, a node with another nlg, or work that cannot be
            opened; or parts are still missing in the end.
    """
    if not manifest.missing():
        return
    with connected(cluster.address):
        job = _with_checkpoint(job)
        why = ""
        for number in range(ROUNDS):
            if missing := manifest.missing():
                why = _round(manifest, job, cluster, missing, number > 0, watch) or why
    left = manifest.missing()
    if left:
        raise NlgError(
            f"{len(left):,} of {len(manifest.chunks):,} parts could not be computed; "
            f"the same command tries them again {why}".rstrip()
        )


def _with_checkpoint(job: Job) -> Job:
    """Put the checkpoint's files into the object store, for nodes that lack them."""
    import ray

    folder = job.work.settings.get(CHECKPOINT)
    if not folder:
        return job
    paths = (path for path in pathlib.Path(folder).iterdir() if path.is_file())
    files = {path.name: path.read_bytes() for path in paths}
    return job._replace(checkpoint=ray.put(files))


def _round(
    manifest: Manifest,
    job: Job,
    cluster: Cluster,
    chunks: Sequence[Chunk],
    careful: bool,
    watch: Any,
) -> str:
    """Compute chunks; those that fail stay missing. Return why Ray gave up, if it did.

    It does where an actor dies while it starts, as on a node that is lost just then.
    """
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1  # they are tried again, with care
    least, most = cluster.workers
    answered = ray.data.from_items(
        [{"chunk": pickle.dumps(chunk)} for chunk in chunks],
        override_num_blocks=len(chunks),
    ).map_batches(
        Worker,
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(
            min_size=min(least, len(chunks)), max_size=min(most, len(chunks))
        ),
        fn_constructor_args=(job, careful),
        num_cpus=cluster.cpus,
        num_gpus=cluster.gpus or None,
        # Ray Data's own defaults try for ever. Ray 2.64 has these no longer.
        max_restarts=-1,
        max_task_retries=TRIES - 1,
    )
    try:
        for count, row in enumerate(answered.iter_rows(), 1):
            _note(manifest, row, watch)
            if count % max(SAVE_PARTS, len(chunks) // 100) == 0:
                manifest.save()
    except ray.exceptions.RayError as error:
        return f"({told(error)})"
    finally:
        manifest.save()
    return ""


def _note(manifest: Manifest, row: dict[str, Any], watch: Any) -> None:
    """Take note of a part that an actor wrote.

    Raises:
        NlgError: it could not.
    """
    if row["error"]:
        raise NlgError(row["error"])
    part = Part(*(row[name] for name in Part._fields))
    manifest.add(part)
    if watch:
        watch(part.rows)


class Worker:
    """An actor: opens the work once, then answers chunks."""

    def __init__(self, job: Job, careful: bool):
        self.job, self.careful = job, careful
        os.environ[CORES] = str(job.cores)
        self.folder = Folder(job.output)
        self.work = _local_work(job)
        self.answerer: Answerer | None = None

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Return the facts of the parts of some chunks, each in a list of its own."""
        facts = [self._facts(pickle.loads(chunk)) for chunk in batch["chunk"]]
        return {name: [one[name] for one in facts] for name in facts[0]}

    def _facts(self, chunk: Chunk) -> dict[str, Any]:
        try:
            return {**self._part(chunk)._asdict(), "error": ""}
        except NlgError as error:
            nothing = Part(chunk.part, chunk.key, 0, 0, "")
            return {**nothing._asdict(), "error": str(error)}

    def _part(self, chunk: Chunk) -> Part:
        """Write a part, unless an actor that died after that has."""
        name = part_name(chunk.part)
        content = self.folder.read(name)
        if content is None:
            rows = rows_of(chunk, self.job.wanted)
            found = (one for answer in self._answers(rows) for one in answer)
            content = "".join(f"{json_line(one)}\n" for one in found).encode()
            self.folder.write(name, content)
        return part_of(chunk, content)

    def _answers(self, rows: Iterator[Row]) -> Iterator[Answer]:
        if self.careful:
            for answered in answer_rows(rows, self.work, self.job.block_rows, 1, True):
                yield from (answer for _, answer in answered)
            return
        self.answerer = self.answerer or open_work(self.work)
        while block := list(itertools.islice(rows, self.job.block_rows)):
            yield from answer_block(self.answerer, block, self.work)


def _local_work(job: Job) -> Work:
    """Return the work with a checkpoint folder that is on this machine."""
    folder = job.work.settings.get(CHECKPOINT)
    if not folder or pathlib.Path(folder).is_dir():
        return job.work
    import ray

    copy = pathlib.Path(tempfile.mkdtemp(prefix="nlg-checkpoint-"))
    for name, content in ray.get(job.checkpoint).items():
        (copy / name).write_bytes(content)
    return job.work._replace(settings={**job.work.settings, CHECKPOINT: str(copy)})
