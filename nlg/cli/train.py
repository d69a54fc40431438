"""`nlg train`: train a model and make its checkpoint."""

import pathlib

import click

FILE = click.Path(path_type=pathlib.Path, exists=True, dir_okay=False)


@click.group()
def train() -> None:
    """Train a model; needs pip install "nlg[train]"."""


@train.command("poem-vae")
@click.option("--data", required=True, type=FILE, help="Poems, from `nlg data poem`.")
@click.option("--dev", required=True, type=FILE, help="Poems kept back.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=pathlib.Path, file_okay=False),
    help="Run folder; one that holds a run is gone on with.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a setting, such as steps=2000 or units=128; may be repeated.",
)
@click.option(
    "--backend",
    type=click.Choice(["torch", "tensorflow", "jax"]),
    help="What Keras computes with.  [default: KERAS_BACKEND, else tensorflow]",
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "mixed_bfloat16"]),
    default="float32",
    show_default=True,
    help="mixed_bfloat16 is faster where the processor has bfloat16.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
def poem_vae(
    data: pathlib.Path,
    dev: pathlib.Path,
    out: pathlib.Path,
    settings: tuple[str, ...],
    backend: str | None,
    precision: str,
    seed: int,
) -> None:
    """Train the CNN-VAE of poems and make OUT/checkpoint from its best weights.

    \b
    nlg train poem-vae --data poems.jsonl.gz --dev poems.dev.jsonl.gz --out runs/vae
    nlg train poem-vae … --backend torch --precision mixed_bfloat16 --set steps=7000
    nlg poem --sample --checkpoint runs/vae/checkpoint

    Killed at any moment, the same command goes on where it was. OUT holds config.json,
    log.jsonl (a line a look at dev), loss.png, and the best and the latest weights.
    """
    import json

    from nlg.config import apply_settings
    from nlg.poem.options import VAETraining
    from nlg.training.backend import choose_backend

    options = apply_settings(VAETraining(seed=seed), settings)
    choose_backend(backend, precision, options.seed)
    from nlg.poem.train_vae import make_checkpoint, train_vae

    best = train_vae(data, dev, out, options)
    checkpoint = make_checkpoint(out, data, dev)
    click.echo(json.dumps({"checkpoint": str(checkpoint), **best}, ensure_ascii=False))
