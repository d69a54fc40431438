"""Several processes that train one model, each on batches of its own; torch's engine.

    torchrun --nproc-per-node 2 -m nlg train qa --backend torch …

torchrun starts the processes, on one machine or on many, and tells each who it is;
torch.distributed carries the gradients, by gloo between processors and by NCCL between
GPUs. A step of N processes takes N times `accumulate` batches and updates the weights
once, alike everywhere: so it is the step of one process with N times the `accumulate`.

The first process alone prepares the folder, writes to it and makes the checkpoint. Here
stands all that tells one process from several; where there is one, nothing happens.
"""

import datetime
import itertools
import os
import sys
from collections.abc import Iterator
from typing import Any

from nlg.errors import OptionError

PATIENCE = datetime.timedelta(hours=12)  # for the first process to prepare its data


def join() -> None:
    """Meet the other processes, if torchrun started some; Keras's backend is chosen.

    Raises:
        OptionError: Keras does not compute with torch.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return
    import keras

    if keras.backend.backend() != "torch":
        raise OptionError(
            f"{size} processes can only train on torch, and Keras computes with "
            f"{keras.backend.backend()}; add --backend torch"
        )
    import torch

    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    torch.distributed.init_process_group(timeout=PATIENCE)


def place() -> tuple[int, int]:
    """Return this process's number, from 0, and how many there are."""
    if "torch" in sys.modules:
        import torch.distributed

        if torch.distributed.is_available() and torch.distributed.is_initialized():
            return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


def is_first() -> bool:
    """Return whether this process is the one that writes files."""
    return place()[0] == 0


def wait() -> None:
    """Wait until every process has called this."""
    if place()[1] > 1:
        import torch.distributed

        torch.distributed.barrier()


def batch_numbers(step: int, accumulate: int) -> Iterator[int]:
    """Yield the numbers of this process's batches from `step` on, without end.

    A step's batches are dealt out in turn, `accumulate` to each process.
    """
    number, count = place()
    for each in itertools.count(step):
        first = (each * count + number) * accumulate
        yield from range(first, first + accumulate)


def mean_of_gradients(gradients: dict[str, Any]) -> dict[str, Any]:
    """Return the mean of the gradients of all processes, the same in each of them."""
    count = place()[1]
    if count == 1:
        return gradients
    import torch

    flat = torch.cat([gradient.reshape(-1) for gradient in gradients.values()])
    torch.distributed.all_reduce(flat)
    flat /= count
    parts = flat.split([gradient.numel() for gradient in gradients.values()])
    return {
        path: part.reshape(gradient.shape)
        for (path, gradient), part in zip(gradients.items(), parts, strict=True)
    }


def mean_of_scores(scores: dict[str, float]) -> dict[str, float]:
    """Return the means over all processes, the same in each of them."""
    count = place()[1]
    if count == 1:
        return scores
    import torch

    values = torch.tensor(list(scores.values()), dtype=torch.float64)
    torch.distributed.all_reduce(values)
    return dict(zip(scores, (values / count).tolist(), strict=True))
