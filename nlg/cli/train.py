"""`nlg train` and `nlg pretrain`: train a model and make its checkpoint.

A training is a record: its own options, where its settings and its `TrainingTask` are
found, and its help. `TRAININGS` lists those of `nlg train`.
"""

import importlib
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    from nlg.training.options import TrainOptions

Options = TypeVar("Options", bound="TrainOptions")

FILE = click.Path(path_type=pathlib.Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=pathlib.Path, exists=True, file_okay=False)
OUT = click.Path(path_type=pathlib.Path, file_okay=False)
KILLED = """Killed at any moment, the same command goes on where it was. OUT holds
    config.json, log.jsonl (a line a look at dev), loss.png, and the best and the latest
    weights."""
TRAINING = [  # options of every training, in the order of the help
    click.option(
        "--out",
        required=True,
        type=OUT,
        help="Run folder; a run that it holds goes on.",
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


class Training(NamedTuple):
    """A command that trains."""

    name: str
    settings: str  # module:name of its TrainOptions; that module imports no Keras
    task: str  # module:name of the function that returns its TrainingTask
    options: tuple[Callable, ...]  # its own, named as the arguments of `task`
    help: str


def training_command(about: Training) -> click.Command:
    """Return the command that trains as `about` says."""

    def run(
        out: pathlib.Path,
        config: pathlib.Path | None,
        settings: tuple[str, ...],
        seed: int | None,
        backend: str | None,
        precision: str,
        **files: Any,
    ) -> None:
        import json

        defaults = named(about.settings)()
        options = prepare(defaults, config, settings, seed, backend, precision)
        from nlg.training.task import run_task

        done = run_task(named(about.task)(folder=out, options=options, **files))
        click.echo(json.dumps(done, ensure_ascii=False))

    command = training(run)
    for option in reversed(about.options):
        command = option(command)
    made = click.command(about.name, help=about.help)(command)
    if any(option.name == "init" for option in made.params):
        made.params.append(backbone())
    return made


def backbone() -> click.Option:
    """Return an option that people type, and that names the one that they mean."""

    def refuse(ctx: click.Context, parameter: click.Parameter, given: Any) -> None:
        if given is not None:
            raise click.UsageError("no such option --backbone; did you mean --init?")

    return click.Option(
        ["--backbone"], hidden=True, expose_value=False, callback=refuse
    )


def training(command: Callable) -> Callable:
    """Give a command the options of every training, which `prepare` takes."""
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


def named(place: str) -> Any:
    """Return what `place`, "module:name", names."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def file(name: str, about: str, **changes: Any) -> Callable:
    """Return an option for a file that must exist."""
    return click.option(name, type=FILE, help=about, **changes)


def folder(name: str, about: str, shipped: str = "", **changes: Any) -> Callable:
    """Return an option for a checkpoint: by default the one that is `shipped`."""

    def found(context: click.Context, parameter: click.Parameter, given: Any) -> Any:
        from nlg.runtime import checkpoints_folder
        from nlg.runtime.checkpoint import of_run

        if given or not shipped:
            several = parameter.multiple
            return tuple(map(of_run, given)) if several else given and of_run(given)
        default = checkpoints_folder() / shipped
        return (default,) if parameter.multiple else default

    return click.option(name, type=FOLDER, callback=found, help=about, **changes)


INIT = folder(
    "--init", "Backbone to begin with.  [default: the shipped one]", "backbone"
)
POEMS = (
    file("--data", "Poems, from `nlg data poem`.", required=True),
    file("--dev", "Poems kept back.", required=True),
)

TRAININGS = (
    Training(
        name="poem-vae",
        settings="nlg.poem.vae.train.options:VAETraining",
        task="nlg.poem.vae.train.train:vae_task",
        options=POEMS,
        help=f"""
    Train the CNN-VAE of poems and make OUT/checkpoint from its best weights.

    \b
    nlg train poem-vae --data poems.jsonl.gz --dev poems.dev.jsonl.gz --out runs/vae
    nlg train poem-vae … --backend torch --precision mixed_bfloat16 --set steps=7000
    nlg train poem-vae … --config runs/vae/config.json --set ema=0.999 --out runs/ema
    nlg poem --sample --checkpoint runs/vae/checkpoint

    {KILLED}
    """,
    ),
    Training(
        name="poem",
        settings="nlg.poem.writer.train.options:WriterTraining",
        task="nlg.poem.writer.train.train:writer_task",
        options=(
            *POEMS,
            file(
                "--sentiments",
                "JSON lines of poems with their sentiment, 1 (sad) to 5 (glad).",
            ),
            INIT,
            folder(
                "--vae",
                "CNN-VAE whose latents are a condition.  [default: the shipped one]",
                "poem/vae",
            ),
        ),
        help=f"""
    Train the writer that nlg poem --theme asks; make OUT/checkpoint from its best.

    \b
    nlg train poem --data poems.jsonl.gz --dev poems.dev.jsonl.gz --out runs/writer
    nlg train poem … --sentiments labelled.jsonl --set layers=3 --set steps=8000
    nlg poem --theme 秋思 --form 七绝 --checkpoint runs/writer/checkpoint

    The backbone learns to write a poem from its title or words of it, on the conditions
    of form, period, sentiment, author and latent, each left out at times. {KILLED}
    """,
    ),
    Training(
        name="couplet",
        settings="nlg.couplet.train.options:CoupletTraining",
        task="nlg.couplet.train.train:couplet_task",
        options=(
            file("--data", "From `nlg data couplet`.", required=True),
            file("--dev", "Couplets kept back.", required=True),
            folder(
                "--init",
                "Checkpoint of couplets to go on from.  "
                "[default: none, random weights]",
            ),
        ),
        help=f"""
    Train the couplet model and make OUT/checkpoint from its best weights.

    \b
    nlg train couplet --data pairs.tsv.gz --dev pairs.dev.tsv.gz --out runs/couplet
    nlg train couplet … --backend torch --set steps=20000 --set blocks=8
    nlg train couplet --init checkpoints/couplet --data mine.tsv --dev my.dev.tsv …
    nlg couplet 晚风摇树树还挺 --checkpoint runs/couplet/checkpoint

    {KILLED}
    """,
    ),
    Training(
        name="qa",
        settings="nlg.qa.train.options:QATraining",
        task="nlg.qa.train.train:qa_task",
        options=(
            file(
                "--data",
                "From `nlg data qa` or `nlg data cloze`; may be repeated.",
                required=True,
                multiple=True,
            ),
            file("--dev", "Questions kept back.", required=True),
            folder(
                "--init",
                "Backbone or reader to begin with; of several readers, each with an "
                "--init, the mean of their weights.  [default: the shipped backbone]",
                "backbone",
                multiple=True,
            ),
            file(
                "--vectors",
                "Vectors of words, from `nlg data vectors` or in word2vec's text "
                "format; with --set vectors=40000 the reader gets those of the "
                "40,000 first words.",
            ),
        ),
        help=f"""
    Train the reader and make OUT/checkpoint from its best weights.

    \b
    nlg train qa --data qa.jsonl.gz --dev qa.dev.jsonl.gz --out runs/qa
    nlg train qa --data qa.jsonl.gz --dev qa.dev.jsonl.gz --out runs/more \\
        --backend torch --init runs/backbone/checkpoint --set shares=kgclue*=0.25
    nlg train qa … --init checkpoints/qa --set answer_types=true --out runs/types
    nlg train qa … --set answer_types=true --set styles=true --out runs/styles
    nlg train qa … --init runs/a/checkpoint --init runs/b/checkpoint --out runs/mean
    torchrun --nproc-per-node 2 -m nlg train qa … --backend torch --out runs/two
    nlg qa --passage 鲁迅原名周树人。 -q 鲁迅原名什么？ --checkpoint runs/qa/checkpoint

    {KILLED}
    """,
    ),
    Training(
        name="classifier",
        settings="nlg.classify.train.options:ClassifierTraining",
        task="nlg.classify.train.train:classifier_task",
        options=(
            file(
                "--data",
                "Text TAB label, columns under a line that names them, or JSON lines "
                'with "text" or "lines" and "label".',
                required=True,
            ),
            file("--dev", "Texts kept back.", required=True),
            INIT,
        ),
        help=f"""
    Train a classifier on the backbone and make OUT/checkpoint from its best weights.

    \b
    nlg train classifier --data reviews.tsv.gz --dev reviews.dev.tsv --out runs/reviews
    nlg train classifier … --backend torch --set layers=3 --set steps=2000
    nlg classify 服务很好，下次还来 --checkpoint runs/reviews/checkpoint

    The labels are those of the data: 0 and 1, or 好 and 坏, or 1 to 5. {KILLED}
    """,
    ),
    Training(
        name="write",
        settings="nlg.write.train.options:WriteTraining",
        task="nlg.write.train.train:write_task",
        options=(
            file("--data", "A text, a tab and its label a line.", required=True),
            file("--dev", "Texts kept back.", required=True),
            INIT,
        ),
        help=f"""
    Train a writer of text of a class and make OUT/checkpoint from its best weights.

    \b
    nlg train write --data train.tsv.gz --dev valid.tsv.gz --out runs/write \\
        --set names=0=negative,1=positive
    nlg write --class positive --checkpoint runs/write/checkpoint

    The backbone learns to write on the condition of a class, which is left out at
    times. {KILLED}
    """,
    ),
)


pretrain = training_command(
    Training(
        name="pretrain",
        settings="nlg.pretrain.options:PretrainOptions",
        task="nlg.pretrain.train:pretrain_task",
        options=(
            click.argument("data", nargs=-1, required=True, type=FILE),
            click.option(
                "--init",
                type=click.Path(path_type=pathlib.Path),
                help="A backbone folder to go on from, with its size and vocabulary.",
            ),
            file("--vocab", "A vocab.txt to take instead of one made from DATA."),
            file(
                "--dev",
                "Text to score on, left out of training.  [default: a part of DATA]",
            ),
        ),
        help="""
    Pretrain a Chinese UniLM on DATA and make OUT/checkpoint from its best weights.

    \b
    nlg pretrain news.txt.xz poems.jsonl.gz --out runs/backbone
    nlg pretrain wiki/*.txt --out runs/base --set preset=base --backend jax
    nlg pretrain law.txt --init checkpoints/backbone --out runs/law
    nlg pretrain news.txt poems.jsonl --out runs/mixed --set 'shares=poems*=0.3'

    DATA are texts with a blank line between documents, or JSON lines with a passage, a
    text or the lines of a poem; gzip and xz are unpacked. Three objectives are mixed:
    masked whole words (by jieba), each token from those before it, and the second part
    of a text from the first. `--set preset=` is base, small, mini or tiny; `--set
    shares=` says how much of the files of a name an epoch has.

    Killed at any moment, the same command goes on where it was.
    """,
    )
)


@click.group()
def train() -> None:
    """Train a model; needs pip install "nlg[train]"."""


for row in TRAININGS:
    train.add_command(training_command(row))
