"""`nlg poem map`: which kinds of poems there are."""

import dataclasses
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
    progress,
    write_lines,
    writing,
)
from nlg.cli.poem_options import MAP
from nlg.errors import DataError, OptionError
from nlg.poem.request import METHODS, MapRequest
from nlg.text.forms import FORMS, verse

if TYPE_CHECKING:
    from nlg.poem.vae.clusters import LatentMap
    from nlg.poem.vae.map import Latents
    from nlg.poem.vae.poet import Poet
    from nlg.text.poem_records import Poem

FILE = click.Path(path_type=pathlib.Path, dir_okay=False, allow_dash=True)
PICTURE = click.Path(path_type=pathlib.Path, dir_okay=False)
FOLDER = click.Path(path_type=pathlib.Path, file_okay=False)
NEEDS_POEMS = ("clusters", "method", "limit", "dev", "out")
NEEDED = {"poems": "sklearn", "png": "matplotlib"}  # packages


@dataclasses.dataclass(frozen=True)
class MapOptions:
    """What was typed; None where an option was not."""

    poems: pathlib.Path | None
    clusters: int | None
    method: str | None
    limit: int | None
    png: pathlib.Path | None
    html: pathlib.Path | None
    out: pathlib.Path | None
    dev: pathlib.Path | None
    map_folder: pathlib.Path | None
    seed: int
    as_json: bool
    checkpoint: pathlib.Path | None
    device: str

    @property
    def request(self) -> MapRequest:
        """Return the map that is asked for."""
        values = {n: getattr(self, n) for n in ("clusters", "method", "limit", "seed")}
        return MapRequest(**{n: x for n, x in values.items() if x is not None})


@click.command("map")
@click.option(
    "--poems",
    type=FILE,
    help="Map these poems instead (what nlg data poem reads; - is standard input).",
)
@click.option(
    "--clusters",
    type=click.IntRange(2, 99),
    help=f"Number of kinds.  [default: {MapRequest.clusters}]",
)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    help="How to find them.  [default: kmeans]",
)
@click.option(
    "--limit",
    type=click.IntRange(2),
    help=f"Of more poems, draw so many at random.  [default: {MapRequest.limit}]",
)
@click.option("--png", type=PICTURE, help="Draw the map; clusters are numbered.")
@click.option("--html", type=PICTURE, help="Draw the map as a page, with the names.")
@click.option(
    "--out",
    type=FOLDER,
    help="Write the map here, for --map; it holds no poem of yours.",
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
    asked = MapOptions(**options)
    _check(asked)
    request = asked.request
    from nlg.poem.vae.clusters import LatentMap
    from nlg.poem.vae.poet import Poet

    poet = Poet.from_checkpoint(asked.checkpoint, asked.device)
    if asked.poems is None:
        latent_map = LatentMap.load(asked.map_folder, poet)
    else:
        latent_map = _make(poet, request, asked, asked.poems)
    if asked.png:
        draw_png(latent_map, asked.png)
    if asked.html:
        from nlg.cli.poem_map_page import page

        write_lines([page(latent_map)], asked.html)
    write_lines(_printed(latent_map, asked.as_json), None)


def _check(options: MapOptions) -> None:
    """Refuse options that do not go together, and what is not installed."""
    for name in NEEDS_POEMS:
        if options.poems is None and getattr(options, name) is not None:
            raise click.UsageError(f"--{name} goes with --poems")
    if options.dev and not options.out:
        raise click.UsageError("--dev goes with --out")
    if options.out and options.map_folder:
        raise click.UsageError("--map and --out exclude each other; pass one")
    if options.out:
        _refuse_foreign(options.out)
    for name, package in NEEDED.items():
        if getattr(options, name) and importlib.util.find_spec(package) is None:
            raise click.UsageError(f'--{name} needs {package}; pip install "nlg[plot]"')


def _refuse_foreign(folder: pathlib.Path) -> None:
    """Refuse a folder with files that are not of a map: they would be lost."""
    from nlg.poem.vae.clusters import FILES

    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if not names <= FILES:
        other = min(names - FILES)
        raise OptionError(f"--out {folder} holds {other}; give a folder of its own")


def _make(
    poet: "Poet", request: MapRequest, options: MapOptions, path: pathlib.Path
) -> "LatentMap":
    """Return the map of the poems at `path`; write it if there is an --out."""
    from nlg.poem.vae.clusters import LatentMap
    from nlg.poem.vae.map import DRAWN, learn_space, make_map

    poems = _poems_of(path, request.limit, request.seed)
    # Read before what takes minutes: a file of no use is refused at once.
    dev = _poems_of(options.dev, MapRequest.limit, request.seed) if options.dev else []
    latents = _encoded(poet, poems)
    if options.out:
        space = learn_space(poems, latents)
    else:
        space = LatentMap.load(options.map_folder, poet).space
    drawn = DRAWN if options.png or options.html or options.out else 0
    _say("clustering")
    latent_map = make_map(poet, poems, latents, space, request, drawn)
    if options.out:
        _keep(options.out, poet, latent_map, (poems, latents), dev, request)
    return latent_map


def _keep(
    folder: pathlib.Path,
    poet: "Poet",
    latent_map: "LatentMap",
    train: "tuple[list[Poem], Latents]",
    dev: "list[Poem]",
    request: MapRequest,
) -> None:
    """Write a map to `folder`, with what both methods score on dev poems."""
    from nlg.poem.vae.map import measure, share_held, with_written_examples

    facts = {"poems": len(train[0]), **dataclasses.asdict(request)}
    del facts["limit"]
    metrics: dict[str, Any] = {"share_held": share_held(poet, latent_map)}
    if dev:
        _say("measuring")
        encoded = dev, _encoded(poet, dev)
        both = measure(poet, latent_map.space, train, encoded, request)
        metrics |= {"dev_poems": len(dev), "dev": both}
    public = with_written_examples(poet, latent_map, request.seed)
    public.save(folder, poet, facts, metrics)


def _encoded(poet: "Poet", poems: "list[Poem]") -> "Latents":
    from nlg.poem.vae.map import batches, encode

    parts = batches(poems)
    return encode(poet, poems, progress(parts, "encoding", len(parts)))


def _say(step: str) -> None:
    """Name the step that runs, on a terminal."""
    if sys.stderr.isatty():
        click.echo(f"{step} …", err=True)


def _poems_of(path: pathlib.Path, limit: int, seed: int) -> "list[Poem]":
    """Return up to `limit` poems of a file; say what is left out."""
    import random

    from nlg.poem import dataset
    from nlg.text.collect import Report

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
    for cluster in latent_map.clusters:
        if as_json:
            yield json.dumps(cluster.to_dict(), ensure_ascii=False)
            continue
        yield f"{cluster.number:2}  {cluster.name}  {cluster.share:.1%}"
        yield from (f"    {verse(lines)}" for lines in cluster.examples)


def draw_png(latent_map: "LatentMap", path: pathlib.Path) -> None:
    """Draw points in the colour of their cluster, and its number amid them."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    from nlg.files import replacing

    figure = Figure(figsize=(8, 8), layout="constrained")  # no window, nothing to close
    axis = figure.subplots()
    hues = latent_map.labels * 0.382 % 1  # the golden section keeps neighbours apart
    colours = colormaps["hsv"](hues)
    across, up = latent_map.points.T
    axis.scatter(across, up, c=colours, s=8, linewidths=0)
    for number, (x, y) in latent_map.medians():
        box = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8}
        axis.text(x, y, str(number), ha="center", va="center", weight="bold", bbox=box)
    axis.set_aspect("equal")
    axis.set_axis_off()
    with writing(path), replacing(path) as part:
        figure.savefig(part, dpi=120, format="png")
