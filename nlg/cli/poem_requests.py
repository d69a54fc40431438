"""Turn the options of `nlg poem` into one request; refuse what does not go together."""

from typing import NoReturn

import click

from nlg.cli.options import as_typed, read_text
from nlg.cli.poem_options import TEXTS, PoemOptions, as_option
from nlg.errors import CheckpointError
from nlg.poem.request import PoemRequest, SampleRequest
from nlg.poem.vae.latents import read_latents
from nlg.text.tunes import find, numbered

FILE = "@"  # before the name of a file of latents
ON_DEMAND = "theme"  # names the mode in which the writer is asked, not the VAE
MODES = ("sample", "reconstruct", "interpolate", "near", "z")
WRITER_ALONE = (  # options that the VAE has not
    *("theme", "title", "style", "sentiment", "author", "acrostic", "acrostic_at"),
    *("first_line", "keep", "like", "rhyme"),
    *("sample_method", "beam", "top_p", "theme_weight", "guidance", "stream"),
)
POEMS = ("reconstruct", "near")
SAMPLING = (  # options that are fields of `SampleRequest`
    *("form", "count", "map_folder", "steps", "radius"),
    *("temperature", "latent_temperature", "candidates"),
)
WRITING = (  # options that are fields of `PoemRequest`
    *("form", "count", "sentiment", "acrostic_at", "temperature", "top_p"),
    *("candidates", "theme_weight", "guidance"),
)
MODES_OF = {  # options that only some modes have
    "count": ("sample", "near", ON_DEMAND),
    "form": ("sample", "z", ON_DEMAND),
    "candidates": ("sample", ON_DEMAND),
    "latent_temperature": ("sample",),
    "cluster": ("sample",),
    "steps": ("interpolate",),
    "radius": ("near",),
}
NEEDS = {  # options that need one of others
    "acrostic_at": ("acrostic",),
    "theme_weight": ("theme",),
    "variant": ("tune",),
    "guidance": ("style", "sentiment", "author"),
    "map_folder": ("cluster",),
}
VAE_ALONE = ("cluster", "map_folder", "latent_temperature", "steps", "radius")
DRAWING = ("temperature", "top_p", "candidates", "stream")  # not for a search


def request_of(options: PoemOptions) -> SampleRequest | PoemRequest:
    """Return what is asked of the VAE or of the writer.

    Raises:
        UsageError: options exclude each other, or go with another one.
        OptionError, DataError: a text or a file makes no sense.
    """
    mode = _mode(options)
    if options.tune is not None:
        _refuse_tune(options.tune, options)
    return poem_request(options) if mode == ON_DEMAND else sample_request(options)


def _refuse_tune(name: str, options: PoemOptions) -> NoReturn:
    """Say what is wrong with the tune; if nothing is, that no writer knows tunes yet.

    Raises:
        UsageError, OptionError: there is no such tune or variant, or it has a form.
        CheckpointError: no checkpoint writes 词.
    """
    tunes = find(_text("tune", name))
    if options.form:
        raise click.UsageError("--tune and --form exclude each other; pass one")
    if all((options.variant or 1) > len(tune.variants) for tune in tunes):
        numbered(tunes[0], number=options.variant or 0)
    chief = tunes[0].name
    raise CheckpointError(
        f"the shipped writer does not write 词 yet; nlg poem tunes {chief} draws the "
        f"pattern, nlg check poem --tune {chief} checks a text"
    )


def sample_request(options: PoemOptions) -> SampleRequest:
    """Return what is asked of the VAE."""
    asked = options.given(SAMPLING)
    asked |= {name: read_text(x) for name, x in options.given(POEMS).items()}
    if options.interpolate:
        asked["interpolate"] = tuple(map(read_text, options.interpolate))
    if options.cluster is not None:
        asked["cluster"] = as_typed(options.cluster)
    if options.z is not None:
        form, asked["latents"], places = read_latents(options.z)
        if not options.seed_given:
            asked["places"] = places
        if options.form and form not in ("", options.form):
            raise click.UsageError(
                f"--form {options.form}: {options.z} holds latents of {form}"
            )
        asked["form"] = options.form or form
    return SampleRequest(seed=options.seed, rules=not options.free, **asked)


def poem_request(options: PoemOptions) -> PoemRequest:
    """Return what is asked of the writer."""
    searching = options.beam is not None or options.sample_method == "beam"
    _check_method(options, searching)
    asked = options.given(WRITING)
    asked |= {name: _text(name, text) for name, text in options.given(TEXTS).items()}
    if asked.get("like", "").startswith(FILE):
        held = read_latents(asked.pop("like").removeprefix(FILE))
        form, asked["latents"] = held.form, held.latents
        asked.setdefault("form", form)
    if options.stream:
        asked["candidates"] = 1
        if len(asked.get("latents", "")) > 1:
            raise click.UsageError(
                f"--stream writes one poem as it comes, {options.like} has "
                f"{len(asked['latents'])} latents; drop one"
            )
    return PoemRequest(
        period=options.style or "",
        beam=(options.beam or 4) if searching else 0,
        seed=options.seed,
        rules=not options.free,
        **asked,
    )


def rows_request(options: PoemOptions) -> PoemRequest:
    """Return what is asked of the writer where the rows of --input leave it out.

    Raises:
        UsageError: an option that only the VAE has, or that goes with one poem.
    """
    for name in options.given((*MODES, *VAE_ALONE, "stream")):
        raise click.UsageError(f"{as_option(name)} does not go with --input")
    return poem_request(options)


def _mode(options: PoemOptions) -> str:
    """Return what is asked for; refuse two modes, and options of another one."""
    modes = list(map(as_option, options.given(MODES)))
    wanted = list(map(as_option, options.given(WRITER_ALONE)))[:1]
    if len(modes + wanted) > 1:
        names = " and ".join(modes + wanted)
        raise click.UsageError(f"{names} exclude each other; pass one")
    mode = ON_DEMAND if wanted else modes[0].removeprefix("--") if modes else "sample"
    for name in options.given(MODES_OF):
        if mode not in MODES_OF[name]:
            raise click.UsageError(
                f"{as_option(name)} goes with --{' or --'.join(MODES_OF[name])}, "
                f"not with {(wanted or [f'--{mode}'])[0]}"
            )
    for name in options.given(NEEDS):
        if not options.given(NEEDS[name]):
            others = " or ".join(map(as_option, NEEDS[name]))
            raise click.UsageError(f"{as_option(name)} goes with {others}")
    return mode


def _check_method(options: PoemOptions, searching: bool) -> None:
    """Refuse options of drawing with a search, and of many poems with --stream."""
    if options.sample_method == "draw" and searching:
        raise click.UsageError(
            "--beam searches and --sample-method draw draws; pass one"
        )
    for name in options.given(DRAWING) if searching else ():
        raise click.UsageError(
            f"{as_option(name)} goes with drawing, not with a search "
            "(--beam, --sample-method beam)"
        )
    for name, value in options.given(("count", "candidates")).items():
        if options.stream and value != 1:
            raise click.UsageError(_one_poem(name))
    if options.stream and options.rows.output:
        raise click.UsageError(_one_poem("output"))


def _one_poem(name: str) -> str:
    return f"--stream writes one poem as it comes, without --{name}; drop one"


def _text(name: str, argument: str) -> str:
    """Return the text of an option; - is standard input where a poem is asked for."""
    text = (read_text if name in ("keep", "like") else as_typed)(argument).strip()
    if not text:
        raise click.UsageError(f"{as_option(name)} is empty")
    return text
