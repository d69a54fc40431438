"""`nlg train`: train a model and make its checkpoint."""

import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nlg.cli.options import default_checkpoint

if TYPE_CHECKING:
    from nlg.training.options import TrainOptions

Options = TypeVar("Options", bound="TrainOptions")

FILE = click.Path(path_type=pathlib.Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=pathlib.Path, exists=True, file_okay=False)
INIT = click.option(
    "--init",
    type=FOLDER,
    help="Backbone to begin with.  [default: the shipped one]",
)
TRAINING = [  # what every task may be told, in the order of the help
    click.option(
        "--out",
        required=True,
        type=click.Path(path_type=pathlib.Path, file_okay=False),
        help="Run folder; one that holds a run is gone on with.",
    ),
    click.option(
        "--config",
        type=FILE,
        help="Settings as a JSON object, such as another run's config.json.",
    ),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help="Change a setting, such as steps=2000; may be repeated.",
    ),
    click.option(
        "--backend",
        type=click.Choice(["torch", "tensorflow", "jax"]),
        help="What Keras computes with.  [default: KERAS_BACKEND, else tensorflow]",
    ),
    click.option(
        "--precision",
        type=click.Choice(["float32", "mixed_bfloat16"]),
        default="float32",
        show_default=True,
        help="mixed_bfloat16 is faster where the processor has bfloat16.",
    ),
    click.option(
        "--seed", type=click.IntRange(0), help="[default: 1, or that of --config]"
    ),
]


def training(command: Callable) -> Callable:
    """Give a command the options of every training; `prepare` takes most of them."""
    for option in reversed(TRAINING):
        command = option(command)
    return command


def prepare(
    defaults: Options,
    config: pathlib.Path | None,
    settings: tuple[str, ...],
    seed: int | None,
    backend: str | None,
    precision: str,
) -> Options:
    """Return a run's options and choose Keras's backend, in this order of weight.

    --set over --seed over --config over `defaults`. Keras may be imported after this.
    """
    from nlg.config import apply_settings, apply_values
    from nlg.training.backend import choose_backend
    from nlg.training.parallel import join
    from nlg.training.settings import read_settings

    options = defaults
    if config:
        options = apply_values(options, read_settings(config), str(config))
    if seed is not None:
        options = apply_settings(options, [f"seed={seed}"])
    options = apply_settings(options, settings)
    choose_backend(backend, precision, options.seed)
    join()
    return options


@click.group()
def train() -> None:
    """Train a model; needs pip install "nlg[train]"."""


@train.command("poem-vae")
@click.option("--data", required=True, type=FILE, help="Poems, from `nlg data poem`.")
@click.option("--dev", required=True, type=FILE, help="Poems kept back.")
@training
def poem_vae(
    data: pathlib.Path, dev: pathlib.Path, out: pathlib.Path, **asked: Any
) -> None:
    """Train the CNN-VAE of poems and make OUT/checkpoint from its best weights.

    \b
    nlg train poem-vae --data poems.jsonl.gz --dev poems.dev.jsonl.gz --out runs/vae
    nlg train poem-vae … --backend torch --precision mixed_bfloat16 --set steps=7000
    nlg train poem-vae … --config runs/vae/config.json --set ema=0.999 --out runs/ema
    nlg poem --sample --checkpoint runs/vae/checkpoint

    Killed at any moment, the same command goes on where it was. OUT holds config.json,
    log.jsonl (a line a look at dev), loss.png, and the best and the latest weights.
    """
    import json

    from nlg.poem.options import VAETraining

    options = prepare(VAETraining(), **asked)
    from nlg.poem.train_vae import make_checkpoint, train_vae

    best = train_vae(data, dev, out, options)
    checkpoint = make_checkpoint(out, data, dev)
    click.echo(json.dumps({"checkpoint": str(checkpoint), **best}, ensure_ascii=False))


@train.command("poem")
@click.option("--data", required=True, type=FILE, help="Poems, from `nlg data poem`.")
@click.option("--dev", required=True, type=FILE, help="Poems kept back.")
@click.option(
    "--sentiments",
    type=FILE,
    help="JSON lines of poems with their sentiment, 1 (sad) to 5 (glad).",
)
@INIT
@click.option(
    "--vae",
    type=FOLDER,
    help="CNN-VAE whose latents it is told.  [default: the shipped one]",
)
@training
def poem(
    data: pathlib.Path,
    dev: pathlib.Path,
    sentiments: pathlib.Path | None,
    init: pathlib.Path | None,
    vae: pathlib.Path | None,
    out: pathlib.Path,
    **asked: Any,
) -> None:
    """Train the writer that nlg poem --theme asks; make OUT/checkpoint from its best.

    \b
    nlg train poem --data poems.jsonl.gz --dev poems.dev.jsonl.gz --out runs/writer
    nlg train poem … --sentiments labelled.jsonl --set layers=3 --set steps=8000
    nlg poem --theme 秋思 --form 七绝 --checkpoint runs/writer/checkpoint

    It is the backbone, told of each poem its title or words of it, and form, period,
    sentiment, author and latent, each left out at times. Killed at any moment, the same
    command goes on where it was. OUT holds config.json, log.jsonl (a line a look at
    dev), loss.png, and the best and the latest weights.
    """
    import json

    from nlg.poem.writer_options import WriterTraining

    options = prepare(WriterTraining(), **asked)
    from nlg.poem.train_writer import make_checkpoint, train_writer

    init = default_checkpoint(init, "backbone")
    vae = default_checkpoint(vae, "poem/vae")
    best = train_writer(data, dev, out, options, init, vae, sentiments)
    checkpoint = make_checkpoint(out, data, options)
    click.echo(json.dumps({"checkpoint": str(checkpoint), **best}, ensure_ascii=False))


@train.command("couplet")
@click.option("--data", required=True, type=FILE, help="From `nlg data couplet`.")
@click.option("--dev", required=True, type=FILE, help="Couplets kept back.")
@click.option(
    "--init",
    type=FOLDER,
    help="Checkpoint of couplets to go on from.  [default: none, random weights]",
)
@training
def couplet(
    data: pathlib.Path,
    dev: pathlib.Path,
    init: pathlib.Path | None,
    out: pathlib.Path,
    **asked: Any,
) -> None:
    """Train the couplet model and make OUT/checkpoint from its best weights.

    \b
    nlg train couplet --data pairs.tsv.gz --dev pairs.dev.tsv.gz --out runs/couplet
    nlg train couplet … --backend torch --set steps=20000 --set blocks=8
    nlg train couplet --init checkpoints/couplet --data mine.tsv --dev my.dev.tsv …
    nlg couplet 晚风摇树树还挺 --checkpoint runs/couplet/checkpoint

    Killed at any moment, the same command goes on where it was. OUT holds config.json,
    log.jsonl (a line a look at dev), loss.png, and the best and the latest weights.
    """
    import json

    from nlg.couplet.options import CoupletTraining

    options = prepare(CoupletTraining(), **asked)
    from nlg.couplet.train import make_checkpoint, train_couplet

    best = train_couplet(data, dev, out, options, init)
    checkpoint = make_checkpoint(out, data, dev)
    click.echo(json.dumps({"checkpoint": str(checkpoint), **best}, ensure_ascii=False))


@train.command("qa")
@click.option(
    "--data",
    required=True,
    multiple=True,
    type=FILE,
    help="From `nlg data qa` or `nlg data cloze`; may be repeated.",
)
@click.option("--dev", required=True, type=FILE, help="Questions kept back.")
@click.option(
    "--init",
    multiple=True,
    type=FOLDER,
    help="Backbone or reader to begin with; of several readers, each with an --init, "
    "the mean of their weights.  [default: the shipped backbone]",
)
@click.option(
    "--vectors",
    type=FILE,
    help="Vectors of words, from `nlg data vectors` or in word2vec's text format; with "
    "--set vectors=40000 the reader is told those of the 40,000 first words.",
)
@training
def qa(
    data: tuple[pathlib.Path, ...],
    dev: pathlib.Path,
    init: tuple[pathlib.Path, ...],
    vectors: pathlib.Path | None,
    out: pathlib.Path,
    **asked: Any,
) -> None:
    """Train the reader and make OUT/checkpoint from its best weights.

    \b
    nlg train qa --data qa.jsonl.gz --dev qa.dev.jsonl.gz --out runs/qa
    nlg train qa --data qa.jsonl.gz --dev qa.dev.jsonl.gz --out runs/more \\
        --backend torch --init runs/backbone/checkpoint --set shares=kgclue*=0.25
    nlg train qa … --init checkpoints/qa --set answer_types=true --out runs/told
    nlg train qa … --init runs/a/checkpoint --init runs/b/checkpoint --out runs/mean
    torchrun --nproc-per-node 2 -m nlg train qa … --backend torch --out runs/two
    nlg qa --passage 鲁迅原名周树人。 -q 鲁迅原名什么？ --checkpoint runs/qa/checkpoint

    Killed at any moment, the same command goes on where it was. OUT holds config.json,
    log.jsonl (a line a look at dev), loss.png, and the best and the latest weights.
    """
    import json

    from nlg.qa.options import QATraining

    options = prepare(QATraining(), **asked)
    from nlg.qa.train import make_checkpoint, train_qa

    inits = init or (default_checkpoint(None, "backbone"),)
    best = train_qa(list(data), dev, out, options, inits, vectors)
    checkpoint = make_checkpoint(out, dev)
    click.echo(json.dumps({"checkpoint": str(checkpoint), **best}, ensure_ascii=False))


@train.command("classifier")
@click.option(
    "--data",
    required=True,
    type=FILE,
    help="Text TAB label, columns under a line that names them, or JSON lines with "
    '"text" or "lines" and "label".',
)
@click.option("--dev", required=True, type=FILE, help="Texts kept back.")
@INIT
@training
def classifier(
    data: pathlib.Path,
    dev: pathlib.Path,
    init: pathlib.Path | None,
    out: pathlib.Path,
    **asked: Any,
) -> None:
    """Train a classifier on the backbone and make OUT/checkpoint from its best weights.

    \b
    nlg train classifier --data reviews.tsv.gz --dev reviews.dev.tsv --out runs/reviews
    nlg train classifier … --backend torch --set layers=3 --set steps=2000
    nlg classify 服务很好，下次还来 --checkpoint runs/reviews/checkpoint

    The labels are those of the data: 0 and 1, or 好 and 坏, or 1 to 5. Killed at any
    moment, the same command goes on where it was. OUT holds config.json, log.jsonl (a
    line a look at dev), loss.png, and the best and the latest weights.
    """
    import json

    from nlg.classify.options import ClassifierTraining

    options = prepare(ClassifierTraining(), **asked)
    from nlg.classify.train import make_checkpoint, train_classifier

    init = default_checkpoint(init, "backbone")
    best = train_classifier(data, dev, out, options, init)
    checkpoint = make_checkpoint(out, dev)
    click.echo(json.dumps({"checkpoint": str(checkpoint), **best}, ensure_ascii=False))


@train.command("write")
@click.option(
    "--data", required=True, type=FILE, help="A text, a tab and its label a line."
)
@click.option("--dev", required=True, type=FILE, help="Texts kept back.")
@INIT
@training
def write(
    data: pathlib.Path,
    dev: pathlib.Path,
    init: pathlib.Path | None,
    out: pathlib.Path,
    **asked: Any,
) -> None:
    """Train a writer of text of a class and make OUT/checkpoint from its best weights.

    \b
    nlg train write --data train.tsv.gz --dev valid.tsv.gz --out runs/write \\
        --set names=0=negative,1=positive
    nlg write --class positive --checkpoint runs/write/checkpoint

    It is the backbone, told the class of a text, which is left out at times. Killed at
    any moment, the same command goes on where it was. OUT holds config.json, log.jsonl
    (a line a look at dev), loss.png, and the best and the latest weights.
    """
    import json

    from nlg.write.options import WriteTraining

    options = prepare(WriteTraining(), **asked)
    from nlg.write.train import make_checkpoint, train_writer

    init = default_checkpoint(init, "backbone")
    best = train_writer(data, dev, out, options, init)
    checkpoint = make_checkpoint(out, options)
    click.echo(json.dumps({"checkpoint": str(checkpoint), **best}, ensure_ascii=False))
