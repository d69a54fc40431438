"""`nlg average`: one checkpoint from the weights of several."""

import pathlib

import click

FILE = click.Path(path_type=pathlib.Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=pathlib.Path, exists=True, file_okay=False)


@click.command("average")
@click.argument("folders", metavar="A B …", nargs=-1, required=True, type=FOLDER)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=pathlib.Path, file_okay=False),
    help="Folder to make.",
)
@click.option(
    "--dev",
    type=FILE,
    help="Of readers: questions kept back, to fit ranking, confidence and the limit of "
    "silence to, and to measure; see nlg calibrate.  [default: those of A]",
)
def average(
    folders: tuple[pathlib.Path, ...],
    out: pathlib.Path,
    dev: pathlib.Path | None,
) -> None:
    """Make a checkpoint of the mean of the weights of several; needs "nlg[train]".

    \b
    nlg average runs/a/checkpoint runs/b/checkpoint --out runs/mean
    nlg average runs/a/checkpoint runs/b/checkpoint --out runs/mean \\
        --dev qa.dev.jsonl.gz

    A B … are checkpoints of one task and one size, from trainings that began alike.
    config.json of the mean names them with the sha256 of their weights. All else is
    carried over from A: graphs, vocabulary, and of a reader ranking.json and
    calibration.json, which were fitted to what A answers. With --dev they are fitted to
    what the mean answers; do that before it is used in earnest. Figures in metrics.json
    are of the mean alone, so there are none without --dev.
    """
    import json

    from nlg.errors import OptionError
    from nlg.runtime.checkpoint import of_run
    from nlg.runtime.config import read_config
    from nlg.training import average as means

    folders = tuple(map(of_run, folders))
    if dev and read_config(folders[0]).task != "qa":
        raise OptionError("--dev is for readers; leave it out")
    checkpoint = means.average(folders, out)
    done = {"checkpoint": str(out), **checkpoint.config.source}
    if dev:
        from nlg.progress_bar import taking
        from nlg.qa.data.examples import load_examples
        from nlg.qa.train.measure import measure

        with taking("measuring"):
            metrics = measure(out, load_examples(dev))
        means.write_metrics(checkpoint, metrics)
        done |= metrics
    click.echo(json.dumps(done, ensure_ascii=False))
