"""`nlg calibrate`: fit anew what a reader knows of its answers."""

import pathlib

import click

FILE = click.Path(path_type=pathlib.Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=pathlib.Path, exists=True, file_okay=False)


@click.command("calibrate")
@click.argument("folder", metavar="CHECKPOINT", type=FOLDER)
@click.option(
    "--dev",
    required=True,
    type=FILE,
    help="Questions kept back from training, as nlg data qa writes them.",
)
@click.option(
    "--more",
    multiple=True,
    type=FILE,
    help="More such questions, to which the ranking alone is fitted besides; may be "
    "repeated.",
)
def calibrate(
    folder: pathlib.Path, dev: pathlib.Path, more: tuple[pathlib.Path, ...]
) -> None:
    """Fit how a reader chooses its answers and how sure it is; needs "nlg[train]".

    \b
    nlg data qa dev.jsonl.gz -o qa.dev.jsonl.gz --negatives 0.3 --dev-share 0
    nlg calibrate runs/qa/checkpoint --dev qa.dev.jsonl.gz

    The reader answers the questions of --dev. Fitted to that are the ranking of the
    answers found (ranking.json), the limit of silence, and the confidence
    (calibration.json). The files are replaced in CHECKPOINT, and so are the figures in
    metrics.json: these are of answers that were ranked by a fit to other questions, in
    five folds. nlg train qa does the same when it is done. Nothing is drawn, so the
    same questions give the same files.
    """
    import json

    from nlg.qa.data.examples import load_examples
    from nlg.qa.reader import TASK
    from nlg.qa.train.measure import measure
    from nlg.runtime.checkpoint import open_checkpoint
    from nlg.training.average import write_metrics

    checkpoint = open_checkpoint(folder, TASK)
    others = [example for path in more for example in load_examples(path)]
    metrics = measure(folder, load_examples(dev), others)
    write_metrics(checkpoint, metrics)
    click.echo(json.dumps({"checkpoint": str(folder), **metrics}, ensure_ascii=False))
