"""The options of `nlg poem`: their help, and their values with types."""

import dataclasses
import pathlib
from collections.abc import Callable, Iterable
from typing import Any

import click

from nlg.cli.options import (
    DEVICE,
    JSON,
    SEED,
    Number,
    Word,
    checkpoint_option,
)
from nlg.cli.rows_options import RowsOptions, rows_options
from nlg.poem.request import ACROSTICS, BEAMS, PERIODS, SENTIMENTS
from nlg.text.forms import FORMS

MAP = click.option(
    "--map",
    "map_folder",
    type=click.Path(path_type=pathlib.Path, file_okay=False),
    help="Another map, that nlg poem map --out wrote.  [default: the shipped poem/map]",
)
TEXTS = ("theme", "title", "author", "acrostic", "first_line", "rhyme", "keep", "like")
OPTIONS: list[Callable[[Callable], Callable]] = [  # in the order of the help
    click.option(
        "--sample", is_flag=True, help="Write random poems (what is done anyway)."
    ),
    click.option(
        "-n", "--count", type=click.IntRange(1), help="How many poems.  [default: 1]"
    ),
    click.option("--form", type=Word(FORMS), help="Form of the poem.  [default: 七绝]"),
    click.option(
        "--tune",
        metavar="NAME",
        help="Tune (词牌) of nlg poem tunes; no writer is shipped that knows them.",
    ),
    click.option(
        "--variant", type=click.IntRange(1), metavar="N", help="Variant of the tune."
    ),
    click.option("--theme", metavar="TEXT", help="Words, or prose that jieba reads."),
    click.option("--title", metavar="TEXT", help="Title of the poem."),
    click.option("--style", type=Word(PERIODS), help="Period of the poem."),
    click.option("--sentiment", type=Word(SENTIMENTS), help="Mood of the poem."),
    click.option("--author", metavar="NAME", help="Poet to write like."),
    click.option(
        "--acrostic", metavar="TEXT", help="One character for each line: 藏头."
    ),
    click.option(
        "--acrostic-at",
        type=Word(ACROSTICS),
        help="Place of these characters: 藏头, 藏尾, or one place further each line.  "
        "[default: head]",
    ),
    click.option("--first-line", metavar="LINE", help="First line of the poem."),
    click.option(
        "--keep",
        metavar="POEM",
        help="Fixed characters, with _ for each that is free; - is stdin.",
    ),
    click.option(
        "--like",
        metavar="POEM",
        help="Poem whose latent the new one gets, - is stdin; @FILE: latents that "
        "--json printed, a poem for each.",
    ),
    click.option("--rhyme", metavar="GROUP", help="Group of 平水韵, such as 七阳."),
    click.option(
        "--sample-method",
        type=Word(("draw", "beam")),
        help="Draw characters, or search for the best poem.  [default: draw]",
    ),
    click.option(
        "--beam",
        type=click.IntRange(1, BEAMS),
        help="Search with so many beams.  [default: 4 with --sample-method beam]",
    ),
    click.option(
        "--top-p",
        type=Number(0, 1),
        help="Share of the probability that is drawn from.  [default: 0.95]",
    ),
    click.option(
        "--theme-weight",
        type=Number(0, 20),
        help="How much the words of the theme are boosted, in nats; 0 leaves it to "
        "the writer whether the poem has them.  [default: 4]",
    ),
    click.option(
        "--guidance",
        type=Number(0, 20),
        help="How strongly style, sentiment and author steer the writer; 1 is as in "
        "training.  [default: 2.5]",
    ),
    click.option("--stream", is_flag=True, help="Print each line once it is written."),
    click.option(
        "--temperature",
        type=Number(0, 10),
        help="How freely characters are drawn; 0 takes the most probable.  [default: "
        "0.6; 0.8 on demand; 0 for --reconstruct and --interpolate]",
    ),
    click.option(
        "--latent-temperature",
        type=Number(0, 10),
        help="How far from the average poem to start.  [default: 1.0]",
    ),
    click.option(
        "--candidates",
        type=click.IntRange(1, 10_000),
        help="Poems written for each one printed, the best by score.  [default: 8; "
        "4 on demand]",
    ),
    click.option(
        "--cluster",
        metavar="K",
        help="Write random poems of one kind: a number or a character of what nlg poem "
        "map shows.",
    ),
    MAP,
    click.option("--free", is_flag=True, help="No rhyme, no tone pattern."),
    click.option(
        "--reconstruct", metavar="POEM", help="Encode POEM and write it back."
    ),
    click.option(
        "--interpolate", nargs=2, metavar="A B", help="Go from poem A to poem B."
    ),
    click.option(
        "--steps",
        type=click.IntRange(2, 10_000),
        help="Poems on the way, both ends included.  [default: 5]",
    ),
    click.option("--near", metavar="POEM", help="Write poems around POEM."),
    click.option(
        "--radius",
        type=Number(0, 10),
        help="How far around, in standard deviations of the latent.  [default: 0.5]",
    ),
    click.option(
        "--z",
        metavar="FILE",
        help="Decode latents: JSON lists of numbers, or lines that --json printed; "
        "these give their poems back unless --seed is given.",
    ),
    click.option("--traditional", is_flag=True, help="Print traditional characters."),
    JSON,
    SEED,
    rows_options("Requests, rows of theme, form, title, …; or lines, each a theme."),
    checkpoint_option("poem/vae; on demand, poem/unilm"),
    DEVICE,
]


@dataclasses.dataclass(frozen=True)
class PoemOptions:
    """What was typed; None or False where an option was not."""

    sample: bool
    count: int | None
    form: str | None
    tune: str | None
    variant: int | None
    theme: str | None
    title: str | None
    style: str | None
    sentiment: str | None
    author: str | None
    acrostic: str | None
    acrostic_at: str | None
    first_line: str | None
    keep: str | None
    like: str | None
    rhyme: str | None
    sample_method: str | None
    beam: int | None
    top_p: float | None
    theme_weight: float | None
    guidance: float | None
    stream: bool
    temperature: float | None
    latent_temperature: float | None
    candidates: int | None
    cluster: str | None
    map_folder: pathlib.Path | None
    free: bool
    reconstruct: str | None
    interpolate: tuple[str, str] | None
    steps: int | None
    near: str | None
    radius: float | None
    z: str | None
    traditional: bool
    as_json: bool
    seed: int
    rows: RowsOptions
    checkpoint: pathlib.Path | None
    device: str
    seed_given: bool = False  # and not drawn for a user who typed none

    def given(self, names: Iterable[str]) -> dict[str, Any]:
        """Return the values of `names` that were typed."""
        values = {name: getattr(self, name) for name in names}
        return {n: x for n, x in values.items() if x is not None and x is not False}


def poem_options(command: Callable) -> Callable:
    """Give a command `OPTIONS`."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def as_option(name: str) -> str:
    """Return the name of a field as it is typed: top_p -> --top-p."""
    return f"--{name.removesuffix('_folder').replace('_', '-')}"
