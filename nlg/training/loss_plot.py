"""A run's log as a picture."""

import pathlib
from typing import Any


def plot_losses(log: list[dict[str, Any]], path: pathlib.Path) -> None:
    """Draw every `dev_*` score of `log`, one panel each, with its training twin.

    `dev_loss` stands alone: it is in the task's own unit, not that of the loss.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = [name for name in log[0] if name.startswith("dev_")]
    figure, axes = pyplot.subplots(
        1, len(names), figsize=(4 * len(names), 3), layout="constrained", squeeze=False
    )
    steps = [line["step"] for line in log]
    for axis, name in zip(axes[0], names, strict=True):
        axis.plot(steps, [line[name] for line in log], marker=".", label="dev")
        twin = name.removeprefix("dev_")
        if twin in log[0] and twin != "loss":
            axis.plot(steps, [line[twin] for line in log], marker=".", label="train")
            axis.legend()
        axis.set_title((name if twin == "loss" else twin).replace("_", " "))
        axis.set_xlabel("step")
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
