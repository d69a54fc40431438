"""The poems of a run as arrays in its folder: written once, read by every start."""

import pathlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nlg.errors import DataError
from nlg.files import load_text, parse_json
from nlg.poem.dataset import load_poems
from nlg.poem.vae.poet import Poet
from nlg.poem.writer.conditions import AUTHORS, SENTIMENTS, Conditions
from nlg.poem.writer.train.batches import Encoded, encode
from nlg.poem.writer.train.options import WriterTraining
from nlg.text.forms import FORMS, verse
from nlg.text.normalize import simplified
from nlg.text.poem_records import Poem
from nlg.text.tokenizer import Tokenizer
from nlg.training.progress_bar import counted
from nlg.training.run import Run

# in the run's folder; the last is the last to be written
TRAIN, DEV = "train.safetensors", "dev.safetensors"
LEVELS = [str(level) for level, _ in enumerate(SENTIMENTS, 1)]
AT_ONCE = 2048  # poems between two notes of how many latents are there


def load_sentiments(path: pathlib.Path) -> dict[str, int]:
    """Read the sentiments of poems, 1 to 5, by `nlg.text.forms.verse`.

    The field is `sentiment`, or else the `label` that `nlg classify` writes.

    Raises:
        DataError: a line is no JSON object with lines and a sentiment.
    """
    rows = load_text(path).splitlines()
    found = {}
    for number, row in enumerate(rows, 1):
        try:
            poem = parse_json(row)
            text = verse(simplified(poem["lines"]))
            sentiment = poem["sentiment" if "sentiment" in poem else "label"]
        except (ValueError, KeyError, TypeError):
            raise DataError(
                f"{path}:{number}: no JSON object with lines and a sentiment"
            ) from None
        if str(sentiment) not in LEVELS:
            raise DataError(f"{path}:{number}: the sentiment is no number from 1 to 5")
        found[text] = int(sentiment)
    return found


def prepare(
    run: Run,
    poems: Mapping[str, list[Poem]],
    sentiments: Mapping[str, int],
    tokenizer: Tokenizer,
    poet: Poet,
    options: WriterTraining,
) -> None:
    """Write the poems of each file of the run's folder as arrays into it."""
    conditions = Conditions.from_poems(poems[TRAIN], options.author_poems)
    conditions.save(run.folder / AUTHORS)
    for name, found in poems.items():
        shown = counted(found, f"cutting words for {name}")
        encoded = encode(shown, tokenizer, conditions, sentiments)
        run.save(name, dict(_tensors(encoded, found, poet)))


def read_poems(
    data: pathlib.Path, dev: pathlib.Path, options: WriterTraining
) -> dict[str, list[Poem]]:
    """Return the poems of both files, by the name of what they become."""
    poems = {TRAIN: load_poems(data), DEV: load_poems(dev)[: options.dev_poems]}
    for path, found in zip((data, dev), poems.values(), strict=True):
        if not found:
            raise DataError(f"{path}: no poem in it; make it with nlg data poem")
    return poems


def _tensors(
    encoded: Mapping[str, Encoded], poems: Sequence[Poem], poet: Poet
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the arrays of `encoded` by name, with the latents of their `poems`."""
    for form, poems_of_form in encoded.items():
        lines = [poem.lines for poem in poems if poem.form == form]
        starts = counted(range(0, len(lines), AT_ONCE), f"latents of {form}")
        parts = [poet.posterior(lines[x : x + AT_ONCE])[0] for x in starts]
        means = np.concatenate(parts).astype("float16")
        for field, array in poems_of_form._replace(latents=means)._asdict().items():
            yield f"{form}/{field}", array


def load_encoded(run: Run, name: str) -> dict[str, Encoded]:
    """Return what `prepare` wrote."""
    saved = run.load(name)
    if saved is None:
        raise DataError(f"{run.folder} has no {name}; take another folder")
    tensors = saved[0]
    return {
        form: Encoded(*(tensors[f"{form}/{field}"] for field in Encoded._fields))
        for form in FORMS
        if f"{form}/poems" in tensors
    }
