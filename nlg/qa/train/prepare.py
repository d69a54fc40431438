"""The samples of a run as arrays in its folder: written once, read by every start."""

import pathlib
import random
from collections.abc import Sequence

from nlg.errors import DataError
from nlg.qa.data.answer_substitution import substituted
from nlg.qa.data.examples import load_examples, some
from nlg.qa.train.batches import Encoded, encode, in_company
from nlg.qa.train.options import QATraining
from nlg.text.tokenizer import Tokenizer
from nlg.training.progress_bar import counted
from nlg.training.run import Run

# in the run's folder; the last is the last to be written
TRAIN, DEV = "train.safetensors", "dev.safetensors"


def prepare(
    run: Run,
    data: Sequence[pathlib.Path],
    dev: pathlib.Path,
    tokenizer: Tokenizer,
    options: QATraining,
) -> None:
    """Write the samples of `data` and `dev` as arrays into the folder of `run`."""
    rng = random.Random(options.seed)
    longest = options.max_answer
    examples = [example for path in data for example in load_examples(path, longest)]
    varied = list(substituted(examples, options.swapped, rng))
    joined = in_company(varied, options.least_passage, rng)
    looked_at = some(load_examples(dev), options.dev_questions)
    for name, found in ((TRAIN, joined), (DEV, looked_at)):
        shown = counted(found, f"reading for {name}")
        encoded, sources = encode(shown, tokenizer, options)
        run.save(name, encoded._asdict(), sources=sources)


def load_encoded(run: Run, name: str) -> tuple[Encoded, list[str]]:
    """Return the samples that `prepare` wrote, and the names of their sources."""
    saved = run.load(name)
    if saved is None:
        raise DataError(f"{run.folder} has no {name}; take another folder")
    tensors, notes = saved
    return Encoded(**tensors), notes["sources"]
