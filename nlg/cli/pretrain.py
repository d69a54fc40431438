"""`nlg pretrain`: a backbone from plain text."""

import pathlib

import click

from nlg.cli.train import FILE, Training, file, training_command

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
