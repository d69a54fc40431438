"""The texts of a run as arrays in its folder: written once, read by every start."""

import pathlib

from nlg.errors import DataError
from nlg.text.tokenizer import Tokenizer
from nlg.training.progress_bar import counted
from nlg.training.run import Run
from nlg.write.train.batches import Texts, classes_of, load_texts, texts_of
from nlg.write.train.options import WriteTraining

# in the run's folder; the last is the last to be written
TRAIN, DEV = "train.safetensors", "dev.safetensors"


def read_texts(
    data: pathlib.Path, dev: pathlib.Path, tokenizer: Tokenizer, options: WriteTraining
) -> dict[str, tuple[Texts, list[str]]]:
    """Return texts and classes of both files, by the name of what they become.

    Raises:
        DataError: a file cannot be read, or dev has no class of the training texts.
        OptionError: a class is named that there is not.
    """
    labelled, kept = load_texts(data), load_texts(dev)[: options.dev_texts]
    classes = classes_of(labelled, options.names)
    if not any(text.label in classes for text in kept):
        raise DataError(
            f"{dev}: no text with a label of the training texts, which are "
            f"{', '.join(classes)}"
        )
    found = {}
    for name, texts in ((TRAIN, labelled), (DEV, kept)):
        shown = counted(texts, f"cutting {name}")
        arrays = texts_of(shown, classes, tokenizer, options.length)
        found[name] = arrays, list(classes.values())
    return found


def load_arrays(run: Run, name: str) -> tuple[Texts, list[str]]:
    """Return what a run has saved: texts, and the classes' names in order."""
    saved = run.load(name)
    if saved is None:
        raise DataError(f"{run.folder} has no {name}; take another folder")
    tensors, notes = saved
    return Texts(**tensors), notes["classes"]
