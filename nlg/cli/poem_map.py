"""`nlg poem map`: which kinds of poems there are."""

import importlib.util
import json
import pathlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.options import (
    DEVICE,
    JSON,
    checkpoint_option,
    default_checkpoint,
    progress,
    write_lines,
    writing,
)

if TYPE_CHECKING:
    from nlg.poem.clusters import LatentMap
    from nlg.poem.dataset import Poem
    from nlg.poem.generate import Poet
    from nlg.poem.map import Latents, MapOptions

CLUSTERS = 24
FILE = click.Path(path_type=pathlib.Path, dir_okay=False, allow_dash=True)
PICTURE = click.Path(path_type=pathlib.Path, dir_okay=False)
FOLDER = click.Path(path_type=pathlib.Path, file_okay=False)
NEEDS_POEMS = ("clusters", "method", "limit", "dev", "out")
MAP = click.option(
    "--map",
    "map_folder",
    type=FOLDER,
    help="Another map, that nlg poem map --out wrote.  [default: the shipped poem/map]",
)


@click.command("map")
@click.option(
    "--poems",
    type=FILE,
    help="Map these poems instead (what nlg data poem reads; - is standard input).",
)
@click.option(
    "--clusters",
    type=click.IntRange(2, 99),
    help=f"How many kinds to tell apart.  [default: {CLUSTERS}]",
)
@click.option(
    "--method",
    type=click.Choice(["kmeans", "mixture"]),
    help="How to find them.  [default: kmeans]",
)
@click.option(
    "--limit",
    type=click.IntRange(2),
    help="Of more poems, take so many by lot.  [default: 60000]",
)
@click.option("--png", type=PICTURE, help="Draw the map; clusters are numbered.")
@click.option("--html", type=PICTURE, help="Draw the map as a page, with the names.")
@click.option(
    "--out",
    type=FOLDER,
    help="Keep the map here, for --map; no poem of yours is in it.",
)
@click.option(
    "--dev", type=FILE, help="With --out: poems that both methods are measured on."
)
@MAP
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@JSON
@checkpoint_option("poem/vae")
@DEVICE
def poem_map(**options: Any) -> None:
    """Show the kinds of poems there are: name, share of all poems, two examples.

    \b
    nlg poem map
    nlg poem map --html map.html
    nlg poem map --poems 我的诗.txt --clusters 6 --png map.png --json
    nlg poem --sample --cluster 塞

    The kinds are clusters of the model's latents, rhyme and tones left out; a name is
    the characters that are most typical of a cluster. Of the shipped map the examples
    are the model's own poems; of --poems, those nearest the centre.
    """
    _check(options)
    from nlg.poem.clusters import LatentMap
    from nlg.poem.generate import Poet

    vae = default_checkpoint(options["checkpoint"], "poem/vae")
    poet = Poet.from_checkpoint(vae, options["device"])
    if options["poems"] is None:
        folder = default_checkpoint(options["map_folder"], "poem/map")
        latent_map = LatentMap.load(folder, poet)
    else:
        latent_map = _made(poet, options)
    if options["png"]:
        draw_png(latent_map, options["png"])
    if options["html"]:
        from nlg.cli.poem_map_page import page

        write_lines([page(latent_map)], options["html"])
    write_lines(_printed(latent_map, options["as_json"]), None)


def _check(options: dict[str, Any]) -> None:
    """Refuse options that do not go together, and what is not installed."""
    for name in NEEDS_POEMS:
        if options["poems"] is None and options[name] is not None:
            raise click.UsageError(f"--{name} goes with --poems")
    if options["dev"] and not options["out"]:
        raise click.UsageError("--dev goes with --out")
    if options["out"] and options["map_folder"]:
        raise click.UsageError("--map and --out exclude each other; pass one")
    if options["out"]:
        _refuse_foreign(options["out"])
    needed = {"poems": "sklearn", "png": "matplotlib"}
    for name, package in needed.items():
        if options[name] and importlib.util.find_spec(package) is None:
            raise click.UsageError(
                f'--{name} needs {package}; pip install "nlg[train]"'
            )


def _refuse_foreign(folder: pathlib.Path) -> None:
    """Refuse a folder with files that are not of a map: they would be lost."""
    from nlg.errors import OptionError
    from nlg.poem.clusters import FILES

    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if not names <= FILES:
        other = min(names - FILES)
        raise OptionError(f"--out {folder} holds {other}; give a folder of its own")


def _made(poet: "Poet", options: dict[str, Any]) -> "LatentMap":
    """Return the map of --poems; write it if there is an --out."""
    from nlg.poem.clusters import LatentMap
    from nlg.poem.map import DRAWN, MapOptions, learn_space, make_map

    how = MapOptions(
        options["clusters"] or CLUSTERS,
        options["method"] or MapOptions.method,
        options["seed"],
    )
    poems = _poems_of(options["poems"], options["limit"] or 60_000, how.seed)
    # Read before what takes minutes: a file of no use is told at once.
    dev = _poems_of(options["dev"], 60_000, how.seed) if options["dev"] else []
    latents = _encoded(poet, poems)
    if options["out"]:
        space = learn_space(poems, latents)
    else:
        folder = default_checkpoint(options["map_folder"], "poem/map")
        space = LatentMap.load(folder, poet).space
    pictured = options["png"] or options["html"] or options["out"]
    drawn = DRAWN if pictured else 0
    _tell("clustering")
    latent_map = make_map(poet, poems, latents, space, how, drawn)
    if options["out"]:
        _write(options["out"], poet, latent_map, (poems, latents), dev, how)
    return latent_map


def _write(
    folder: pathlib.Path,
    poet: "Poet",
    latent_map: "LatentMap",
    train: "tuple[list[Poem], Latents]",
    dev: "list[Poem]",
    how: "MapOptions",
) -> None:
    """Keep a map in `folder`, with what both methods are worth on dev poems."""
    import dataclasses

    from nlg.poem.map import measure, share_held, with_written_examples

    facts = {"poems": len(train[0]), **dataclasses.asdict(how)}
    metrics: dict[str, Any] = {"share_held": share_held(poet, latent_map)}
    if dev:
        _tell("measuring")
        both = measure(poet, latent_map.space, train, (dev, _encoded(poet, dev)), how)
        metrics |= {"dev_poems": len(dev), "dev": both}
    given_away = with_written_examples(poet, latent_map, how.seed)
    given_away.save(folder, poet, facts, metrics)


def _encoded(poet: "Poet", poems: "list[Poem]") -> "Latents":
    from nlg.poem.map import batches, encode

    parts = batches(poems)
    return encode(poet, poems, progress(parts, "encoding", len(parts)))


def _tell(step: str) -> None:
    """Say what is going on to who may be waiting for it."""
    if sys.stderr.isatty():
        click.echo(f"{step} …", err=True)


def _poems_of(path: pathlib.Path, limit: int, seed: int) -> "list[Poem]":
    """Return up to `limit` poems of a file; say what is left out."""
    import random

    from nlg.errors import DataError
    from nlg.poem import dataset
    from nlg.text.collect import Report
    from nlg.text.forms import FORMS

    report = Report()
    records = progress(dataset.read(path), "reading")
    poems = list(dataset.clean(records, FORMS, report, strict=False, part=True))
    for problem in report.problems:
        click.echo(f"skipped: {problem}", err=True)
    for reason, count in report.dropped.items():
        click.echo(f"note: {count} of {report.read} left out: {reason}", err=True)
    if not poems:
        raise DataError(f"{path}: no 五绝, 七绝, 五律 or 七律 in it")
    random.Random(seed).shuffle(poems)
    return poems[:limit]


def _printed(latent_map: "LatentMap", as_json: bool) -> Iterator[str]:
    """Yield the lines to print."""
    from nlg.text.forms import verse

    for cluster in latent_map.clusters:
        if as_json:
            facts = cluster._asdict()
            facts["cluster"] = facts.pop("number")
            yield json.dumps(facts, ensure_ascii=False)
            continue
        yield f"{cluster.number:2}  {cluster.name}  {cluster.share:.1%}"
        yield from (f"    {verse(lines)}" for lines in cluster.examples)


def draw_png(latent_map: "LatentMap", path: pathlib.Path) -> None:
    """Draw points in the colour of their cluster, and its number amid them."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    from nlg.files import replacing

    figure, axis = pyplot.subplots(figsize=(8, 8), layout="constrained")
    hues = latent_map.labels * 0.382 % 1  # the golden section keeps neighbours apart
    colours = pyplot.get_cmap("hsv")(hues)
    axis.scatter(*latent_map.points.T, c=colours, s=8, linewidths=0)
    for number, place in latent_map.middles():
        box = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8}
        axis.text(
            *place, str(number), ha="center", va="center", weight="bold", bbox=box
        )
    axis.set_aspect("equal")
    axis.set_axis_off()
    with writing(path), replacing(path) as part:
        figure.savefig(part, dpi=120, format="png")
    pyplot.close(figure)
