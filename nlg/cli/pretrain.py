"""`nlg pretrain`: a backbone from plain text."""

import pathlib
from typing import Any

import click

from nlg.cli.train import FILE, prepare, training


@click.command("pretrain")
@click.argument("data", nargs=-1, required=True, type=FILE)
@click.option(
    "--init",
    type=click.Path(path_type=pathlib.Path),
    help="A backbone folder to go on from, with its size and vocabulary.",
)
@click.option(
    "--vocab",
    type=FILE,
    help="A vocab.txt to take instead of one made from DATA.",
)
@click.option(
    "--dev",
    type=FILE,
    help="Text to score on, left out of training.  [default: a part of DATA]",
)
@training
def pretrain(
    data: tuple[pathlib.Path, ...],
    init: pathlib.Path | None,
    vocab: pathlib.Path | None,
    dev: pathlib.Path | None,
    out: pathlib.Path,
    **asked: Any,
) -> None:
    """Pretrain a Chinese UniLM on DATA and make OUT/checkpoint from its best weights.

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
    """
    import json

    from nlg.pretrain.options import PretrainOptions

    options = prepare(PretrainOptions(), **asked)
    from nlg.pretrain import train

    best = train.pretrain(list(data), out, options, init, dev=dev, vocab=vocab)
    checkpoint = str(out / "checkpoint")
    click.echo(json.dumps({"checkpoint": checkpoint, **best}, ensure_ascii=False))
