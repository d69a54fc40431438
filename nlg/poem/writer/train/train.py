"""Train the writer: poems in, a run folder out."""

import functools
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nlg.backbone.checkpoint import load_backbone
from nlg.backbone.init_from import Shape, init_from
from nlg.backbone.unilm import UniLM
from nlg.errors import DataError
from nlg.files import load_text, parse_json
from nlg.poem.dataset import Poem, load_poems
from nlg.poem.vae.poet import Poet
from nlg.poem.writer.conditions import AUTHORS, SENTIMENTS, Conditions
from nlg.poem.writer.train.batches import Batches, Encoded, encode, inputs, title_of
from nlg.poem.writer.train.model import Writer
from nlg.poem.writer.train.options import WriterTraining
from nlg.runtime.checkpoint import WEIGHTS, digest
from nlg.text.forms import FORMS, verse
from nlg.text.normalize import simplified
from nlg.text.tokenizer import Tokenizer
from nlg.training.export_subprocess import export_in_subprocess
from nlg.training.metric_means import mean_scores
from nlg.training.progress_bar import counted
from nlg.training.run import Run
from nlg.training.task import TrainingTask

# in the run's folder; the last is the last to be written
TRAIN, DEV = "train.safetensors", "dev.safetensors"
EVAL_BATCH = 32  # poems that are measured at once
LEVELS = [str(level) for level, _ in enumerate(SENTIMENTS, 1)]
AT_ONCE = 2048  # poems between two notes of how many latents are there


class Data(NamedTuple):
    """What a run trains and is scored on, by form."""

    conditions: Conditions
    train: dict[str, Encoded]
    dev: dict[str, Encoded]


def writer_task(
    data: pathlib.Path,
    dev: pathlib.Path,
    folder: pathlib.Path,
    options: WriterTraining,
    init: pathlib.Path,
    vae: pathlib.Path,
    sentiments: pathlib.Path | None = None,
) -> TrainingTask[Data, Writer]:
    """Return the training of a writer of poems.

    Args:
        data: what `nlg data poem` wrote.
        dev: the same, kept back.
        folder: the run's.
        options: of the run.
        init: a backbone's folder; its vocabulary, size and weights are taken.
        vae: the checkpoint of the VAE whose latents condition the writer.
        sentiments: JSON lines of poems with their sentiment, 1 to 5.
    """
    poet, opened = Poet.from_checkpoint(vae), load_backbone(init)
    given = {"data": data, "dev": dev, "labels": sentiments}
    notes = {name: path.name for name, path in given.items() if path}
    notes |= {"init": str(init), "vae": digest(poet.checkpoint.path(WEIGHTS))}
    started = (folder / DEV).exists()
    poems = {} if started else _read(data, dev, options)
    labels = load_sentiments(sentiments) if sentiments and not started else {}

    def ready(run: Run) -> Data:
        if poems:
            prepare(run, poems, labels, opened.tokenizer, poet, options)
        arrays = (load_encoded(run, name) for name in (TRAIN, DEV))
        return Data(Conditions.load(folder / AUTHORS), *arrays)

    def model(run: Run, data: Data) -> Writer:
        unilm = init_from(
            opened,
            init,
            options.layers,
            dropout=options.dropout,
            condition_size=options.condition_units,
            classes=data.conditions.sizes,
        )
        Shape(unilm.config, opened.tokenizer).save(folder)
        return build_model(unilm, poet.latent_units, options.r_drop)

    return TrainingTask(
        folder=folder,
        options=options,
        notes=notes,
        prepare=ready,
        model=model,
        batches=lambda data: Batches(data.train, opened.tokenizer, options).at,
        evaluate=lambda model, data: functools.partial(scores, model, data.dev),
        export=lambda trained: export_in_subprocess(
            "nlg.poem.writer.train.export", folder, data, options.metric_samples
        ),
        may_change=("metric_samples",),
    )


def build_model(unilm: UniLM, latent_units: int, r_drop: float = 0.0) -> Writer:
    """Return `unilm` with what stands beside it."""
    model = Writer(unilm, latent_units, r_drop)
    model.build()
    return model


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


def _read(
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


def scores(model: Writer, encoded: Mapping[str, Encoded]) -> dict[str, float]:
    """Return nats a character: given nothing; title, form, …; and the latent.

    `dev_loss` is with the title and the classes, as people ask for poems.
    """

    def nats(**given: bool) -> float:
        return mean_scores(model, _dev_batches(encoded, **given))["loss"]

    return {
        "dev_untold": nats(title=False, classes=False, latent=False),
        "dev_loss": nats(title=True, classes=True, latent=False),
        "dev_latent": nats(title=False, classes=True, latent=True),
    }


def _dev_batches(
    encoded: Mapping[str, Encoded], title: bool, classes: bool, latent: bool
) -> Iterator[tuple[dict[str, np.ndarray], float]]:
    """Yield all of `encoded` as batches, with the number of characters charged."""
    for form, every in encoded.items():
        for start in range(0, len(every.poems), EVAL_BATCH):
            some = Encoded(*(array[start : start + EVAL_BATCH] for array in every))
            batch = inputs(
                form,
                [title_of(some, n) if title else [] for n in range(len(some.poems))],
                some.poems,
                some.told * classes,
                some.latents.astype("float32") * latent,
            )
            yield batch, len(batch["targets"])
