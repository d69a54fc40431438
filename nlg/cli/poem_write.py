"""What `nlg poem` can be asked for on demand: `nlg poem --theme 秋思` and its like."""

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.options import (
    Number,
    Word,
    as_typed,
    default_checkpoint,
    progress,
    random_seed,
    read_text,
    write_lines,
)

if TYPE_CHECKING:
    import numpy as np

    from nlg.poem.writer.composer import Composed, ComposeOptions, Composer
    from nlg.poem.writer.request import PoemRequest

# of nlg.poem.writer.conditions, without importing it
PERIODS = ("古", "唐", "宋", "元", "明", "清")
SENTIMENTS = ("sad", "wistful", "calm", "cheerful", "glad")
ACROSTICS = ("head", "tail", "diagonal")
METHODS = ("draw", "beam")
CHECKPOINT = "poem/unilm"
OPTIONS = [  # in the order of the help
    click.option("--theme", metavar="TEXT", help="Words, or prose that jieba reads."),
    click.option("--title", metavar="TEXT", help="Title of the poem."),
    click.option("--style", type=Word(PERIODS), help="Period that it is to be of."),
    click.option("--sentiment", type=Word(SENTIMENTS), help="How it is to feel."),
    click.option("--author", metavar="NAME", help="Poet whom it is to be like."),
    click.option(
        "--acrostic", metavar="TEXT", help="One character for each line: 藏头."
    ),
    click.option(
        "--acrostic-at",
        type=Word(ACROSTICS),
        help="Where they stand: 藏头, 藏尾, or one place further each line.  "
        "[default: head]",
    ),
    click.option("--first-line", metavar="LINE", help="Line that it begins with."),
    click.option(
        "--keep",
        metavar="POEM",
        help="Characters that must stand, _ for each that is free; - is stdin.",
    ),
    click.option(
        "--like",
        metavar="POEM",
        help="Poem whose latent it is to have, - is stdin; @FILE: latents that --json "
        "printed, a poem for each.",
    ),
    click.option("--rhyme", metavar="GROUP", help="Group of 平水韵, such as 七阳."),
    click.option(
        "--sample-method",
        type=Word(METHODS),
        help="Draw characters, or search for the best poem.  [default: draw]",
    ),
    click.option(
        "--beam",
        type=click.IntRange(1, 8),
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
        help="How much the words of the theme are favoured, in nats; 0 leaves it to "
        "the writer whether they stand in the poem.  [default: 4]",
    ),
    click.option(
        "--guidance",
        type=Number(0, 20),
        help="How far style, sentiment and author lead away from a poem without; 1 "
        "as in training.  [default: 2.5]",
    ),
    click.option("--stream", is_flag=True, help="Print each line once it stands."),
]
NAMES = (
    *("theme", "title", "style", "sentiment", "author", "acrostic", "acrostic_at"),
    *("first_line", "keep", "like", "rhyme"),
    *("sample_method", "beam", "top_p", "theme_weight", "guidance", "stream"),
)
LEADING = {  # options that lead the writer, and those of which one is to be there
    "theme_weight": ("theme",),
    "guidance": ("style", "sentiment", "author"),
}
DRAWING = ("temperature", "top_p", "candidates", "stream")


def writer_options(command: Callable) -> Callable:
    """Give `nlg poem` the options of this file."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def asked_for(options: dict[str, Any]) -> list[str]:
    """Return the options of this file that are given, as they are typed."""
    given = [name for name in NAMES if options[name] not in (None, False)]
    return [f"--{name.replace('_', '-')}" for name in given]


def write_on_demand(options: dict[str, Any]) -> None:
    """Print what `nlg poem` with these options asks for."""
    from nlg.cli.poem_lines import printed
    from nlg.poem.writer.composer import Composer

    how = _how(options)  # refuses before anything is loaded
    request = _request(options)
    folder = default_checkpoint(options["checkpoint"], CHECKPOINT)
    composer = Composer.from_checkpoint(folder, options["device"])
    request, latents = _like(composer, request, options)
    seed = random_seed() if options["seed"] is None else options["seed"]
    if options["stream"]:
        return _print_stream(composer, request, latents[0], seed, how, options)
    count = options["count"] or 1
    poems: Iterator[Composed] = itertools.chain.from_iterable(
        composer.write(request, count, seed, how, latent) for latent in latents
    )
    if options["output"]:
        poems = progress(poems, "writing", count * len(latents))
    write_lines(printed(poems, {"seed": seed}, options), options["output"])
    return None


def _how(options: dict[str, Any]) -> "ComposeOptions":
    """Return how to write; refuse what goes with the other way only."""
    from nlg.poem.writer.composer import ComposeOptions

    searching = options["beam"] is not None or options["sample_method"] == "beam"
    if options["sample_method"] == "draw" and searching:
        raise click.UsageError(
            "--beam searches and --sample-method draw draws; pass one"
        )
    leading = _leading(options)
    given = {
        name: options[name] for name in DRAWING if options[name] not in (None, False)
    }
    if searching:
        for name in given:
            raise click.UsageError(
                f"--{name.replace('_', '-')} goes with drawing, not with a search "
                "(--beam, --sample-method beam)"
            )
        return ComposeOptions(beam=options["beam"] or 4, **leading)
    if given.pop("stream", False):
        _refuse_with_stream(options)
        given["candidates"] = 1
    return ComposeOptions(**given, **leading)


def _leading(options: dict[str, Any]) -> dict[str, Any]:
    """Return the given ones of `LEADING`; refuse one that has nothing to lead to."""
    given = {name: options[name] for name in LEADING if options[name] is not None}
    for name in given:
        if not any(options[other] for other in LEADING[name]):
            others = " or ".join(f"--{other}" for other in LEADING[name])
            raise click.UsageError(f"--{name.replace('_', '-')} goes with {others}")
    return given


def _refuse_with_stream(options: dict[str, Any]) -> None:
    for name, alone in (("count", 1), ("candidates", 1), ("output", None)):
        if options[name] not in (None, alone):
            raise click.UsageError(
                f"--stream writes one poem as it comes, without --{name}; drop one"
            )


def _request(options: dict[str, Any]) -> "PoemRequest":
    """Return what is asked for."""
    from nlg.poem.writer.request import PoemRequest

    texts = ("theme", "title", "author", "acrostic", "first_line", "rhyme")
    given = {name: as_typed(options[name] or "").strip() for name in texts}
    given["keep"] = read_text(options["keep"] or "").strip()
    for name in given:
        if options[name] is not None and not given[name]:
            raise click.UsageError(f"--{name.replace('_', '-')} is empty")
    if options["like"] == "":
        raise click.UsageError("--like is empty")
    if options["acrostic_at"] and not given["acrostic"]:
        raise click.UsageError("--acrostic-at goes with --acrostic")
    return PoemRequest(
        form=options["form"] or "",
        period=options["style"] or "",
        sentiment=options["sentiment"] or "",
        acrostic_at=options["acrostic_at"] or "head",
        rules=not options["free"],
        **given,
    )


def _like(
    composer: "Composer", request: "PoemRequest", options: dict[str, Any]
) -> "tuple[PoemRequest, Sequence[np.ndarray | None]]":
    """Return the latents (Z,) of --like, and `request` in the form of such a poem."""
    if options["like"] is None:
        return request, [None]
    from nlg.cli.poem_latents import latents_to_be_like, vae_of
    from nlg.poem.vae.poet import Poet

    folder = default_checkpoint(None, "poem/vae")
    poet = vae_of(composer, Poet.from_checkpoint(folder, options["device"]))
    form, latents = latents_to_be_like(poet, options["like"])
    if options["stream"] and len(latents) > 1:
        raise click.UsageError(
            f"--stream writes one poem as it comes, {options['like']} has "
            f"{len(latents)} latents; drop one"
        )
    return dataclasses.replace(request, form=request.form or form), latents


def _print_stream(
    composer: "Composer",
    request: "PoemRequest",
    latent: "np.ndarray | None",
    seed: int,
    how: "ComposeOptions",
    options: dict[str, Any],
) -> None:
    """Print each line as soon as it stands, and with --json the poem in the end."""
    from nlg.cli.poem_lines import as_object, shown
    from nlg.text.forms import MARKS

    for poem in composer.stream(request, seed, how, latent):
        number = len(poem.lines)
        line = shown(poem, options)[-1]
        if options["as_json"]:
            click.echo(json.dumps({"line": number, "text": line}, ensure_ascii=False))
        else:
            click.echo(f"{line}{MARKS[(number - 1) % 2]}", nl=number % 2 == 0)
    if options["as_json"]:
        click.echo(as_object(poem, {"seed": seed}, options))
