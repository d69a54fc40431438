"""The samples of a run as arrays in its folder: written once, read by every start."""

import math
import pathlib
import random
from collections.abc import Sequence

from nlg.errors import DataError
from nlg.qa.data.answer_substitution import substituted
from nlg.qa.data.examples import Example, load_examples, some, write
from nlg.qa.train.batches import Encoded, encode, in_company
from nlg.qa.train.options import RANKED, QATraining
from nlg.text.tokenizer import Tokenizer
from nlg.training.progress_bar import counted
from nlg.training.run import Run
from nlg.training.shares import shares_of_sources

# in the run's folder; the last is the last to be written
TO_RANK, TRAIN, DEV = "ranking.jsonl", "train.safetensors", "dev.safetensors"


def prepare(
    run: Run,
    data: Sequence[pathlib.Path],
    dev: pathlib.Path,
    tokenizer: Tokenizer,
    options: QATraining,
) -> None:
    """Write the samples of `data` and `dev` as arrays into the folder of `run`.

    And some of `data` as they are, for the ranking that the checkpoint is to have.
    """
    rng = random.Random(options.seed)
    longest = options.max_answer
    examples = [example for path in data for example in load_examples(path, longest)]
    write(to_rank(examples, options), run.folder / TO_RANK)
    varied = list(substituted(examples, options.swapped, rng))
    joined = in_company(varied, options.least_passage, rng)
    looked_at = some(load_examples(dev), options.dev_questions)
    for name, found in ((TRAIN, joined), (DEV, looked_at)):
        shown = counted(found, f"reading for {name}")
        encoded, sources = encode(shown, tokenizer, options)
        run.save(name, encoded._asdict(), sources=sources)


def to_rank(examples: Sequence[Example], options: QATraining) -> list[Example]:
    """Return up to `RANKED` examples, of each source as many as its share allows.

    Those whose passage is too short to stand alone are left out.
    """
    by_source: dict[str, list[Example]] = {}
    for example in examples:
        here = by_source.setdefault(example.source, [])
        if len(example.passage) >= options.least_passage:
            here.append(example)
    shares = shares_of_sources(options.shares, list(by_source))
    there = sum(x for x, here in zip(shares, by_source.values(), strict=True) if here)
    rng = random.Random(options.seed)
    found = []
    for here, share in zip(by_source.values(), shares, strict=True):
        count = math.ceil(RANKED * share / max(there, 1e-9))
        found += rng.sample(here, min(len(here), count))
    return found


def load_encoded(run: Run, name: str) -> tuple[Encoded, list[str]]:
    """Return the samples that `prepare` wrote, and the names of their sources."""
    saved = run.load(name)
    if saved is None:
        raise DataError(f"{run.folder} has no {name}; take another folder")
    tensors, notes = saved
    return Encoded(**tensors), notes["sources"]
