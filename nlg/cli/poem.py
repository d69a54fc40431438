"""`nlg poem`: write, rebuild and blend poems."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from nlg.cli.options import (
    DEVICE,
    JSON,
    OUTPUT,
    SEED,
    Number,
    Word,
    as_typed,
    checkpoint_option,
    default_checkpoint,
    progress,
    random_seed,
    write_lines,
)
from nlg.cli.poem_map import MAP, poem_map
from nlg.cli.poem_write import asked_for, write_on_demand, writer_options

if TYPE_CHECKING:
    import numpy as np

    from nlg.poem.vae.clusters import Cluster
    from nlg.poem.vae.poet import LatentSampler, Poet, WriteOptions, WrittenPoem

MODES = ("sample", "reconstruct", "interpolate", "near", "z")
WRITE = "theme"  # names the mode in which the writer is asked, not the VAE
BELONGS = {  # options that only some modes have
    "count": ("sample", "near", WRITE),
    "form": ("sample", "z", WRITE),
    "candidates": ("sample", WRITE),
    "latent_temperature": ("sample",),
    "cluster": ("sample",),
    "steps": ("interpolate",),
    "radius": ("near",),
}
FAITHFUL = ("reconstruct", "interpolate")  # modes that draw nothing unless told to
FORM_NAMES = ("五绝", "七绝", "五律", "七律")  # nlg.text.forms, without importing it
DEFAULT_FORM = "七绝"


class PoemGroup(click.Group):
    """A command that writes, with a command below it."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Return the command that is called; a poem is no command."""
        if args[0] not in self.commands:
            ctx.fail(f"Got unexpected extra argument ({as_typed(args[0])})")
        return super().resolve_command(ctx, args)


@click.group(
    cls=PoemGroup, invoke_without_command=True, subcommand_metavar="[map [OPTIONS]]"
)
@click.option(
    "--sample", is_flag=True, help="Write random poems (what is done anyway)."
)
@click.option(
    "-n", "--count", type=click.IntRange(1), help="How many poems.  [default: 1]"
)
@click.option(
    "--form", type=Word(FORM_NAMES), help="Form of the poem.  [default: 七绝]"
)
@writer_options
@click.option(
    "--temperature",
    type=Number(0, 10),
    help="How freely characters are drawn; 0 takes the most probable.  [default: 0.6; "
    "0.8 on demand; 0 for --reconstruct and --interpolate]",
)
@click.option(
    "--latent-temperature",
    type=Number(0, 10),
    help="How far from the average poem to start.  [default: 1.0]",
)
@click.option(
    "--candidates",
    type=click.IntRange(1, 10_000),
    help="Poems written for each one printed, the best by score.  [default: 8; "
    "4 on demand]",
)
@click.option(
    "--cluster",
    metavar="K",
    help="Write random poems of one kind: a number or a character of what nlg poem map "
    "shows.",
)
@MAP
@click.option("--free", is_flag=True, help="No rhyme, no tone pattern.")
@click.option("--reconstruct", metavar="POEM", help="Encode POEM and write it back.")
@click.option("--interpolate", nargs=2, metavar="A B", help="Go from poem A to poem B.")
@click.option(
    "--steps",
    type=click.IntRange(2, 10_000),
    help="Poems on the way, both ends included.  [default: 5]",
)
@click.option("--near", metavar="POEM", help="Write poems around POEM.")
@click.option(
    "--radius",
    type=Number(0, 10),
    help="How far around, in standard deviations of the latent.  [default: 0.5]",
)
@click.option(
    "--z",
    metavar="FILE",
    help="Decode latents: JSON lists of numbers, or lines that --json printed.",
)
@click.option("--traditional", is_flag=True, help="Print traditional characters.")
@JSON
@SEED
@OUTPUT
@checkpoint_option("poem/vae; on demand, poem/unilm")
@DEVICE
@click.pass_context
def poem(ctx: click.Context, **options: Any) -> None:
    """Write classical poems: 五绝, 七绝, 五律 and 七律.

    \b
    nlg poem --sample
    nlg poem --sample -n 3 --form 五绝 --seed 7 --json
    nlg poem --sample --cluster 塞
    nlg poem --reconstruct 白日依山尽，黄河入海流。欲穷千里目，更上一层楼。
    nlg poem --near 床前明月光，疑是地上霜。举头望明月，低头思故乡。 --radius 0.8 -n 4
    cat poem.txt | nlg poem --reconstruct -

    On demand, with a writer that nlg train poem made:

    \b
    nlg poem --theme 秋思 --form 七绝 --style 唐 --sentiment sad --author 李白
    nlg poem --acrostic 春夏秋冬 --rhyme 七阳 -n 3
    nlg poem --first-line 白日依山尽 --beam 4
    nlg poem --keep 白日依山尽，黄河入海流。_____，_____。 --title 登楼 --stream
    nlg poem --like 床前明月光，疑是地上霜。举头望明月，低头思故乡。 --theme 江水

    Every poem keeps its form, rhymes in one group of 平水韵 and follows a standard tone
    pattern; --free lets it go. The same seed gives the same poem, whatever -n.
    """
    if ctx.invoked_subcommand:
        return _refuse_options_before(ctx)
    mode = _mode(options)
    if mode == WRITE:
        return write_on_demand(options)
    from nlg.cli.poem_lines import printed
    from nlg.poem.vae.poet import Poet

    folder = default_checkpoint(options["checkpoint"], "poem/vae")
    poet = Poet.from_checkpoint(folder, options["device"])
    seed = random_seed() if options["seed"] is None else options["seed"]
    cluster, place = _cluster(poet, options)
    poems = _poems(poet, mode, seed, place, options)
    if options["output"]:  # elsewhere the poems themselves show how far it is
        poems = progress(poems, "writing", options["count"])
    about = {"seed": seed} | ({"cluster": cluster.number} if cluster else {})
    write_lines(printed(poems, about, options), options["output"])


def _refuse_options_before(ctx: click.Context) -> None:
    """Refuse options that stand before the command below."""
    given = [
        parameter.opts[0]
        for parameter in ctx.command.params
        if ctx.get_parameter_source(parameter.name or "") != ParameterSource.DEFAULT
    ]
    if given:
        name = ctx.invoked_subcommand
        raise click.UsageError(f"{given[0]} goes after {name}: nlg poem {name} …")


def _mode(options: dict[str, Any]) -> str:
    """Return which of `MODES` is asked for; refuse two, and options of another one."""
    asked = [f"--{mode}" for mode in MODES if options[mode] not in (None, False)]
    wished = asked_for(options)[:1]
    if len(asked + wished) > 1:
        names = " and ".join(asked + wished)
        raise click.UsageError(f"{names} exclude each other; pass one")
    mode = WRITE if wished else asked[0].removeprefix("--") if asked else "sample"
    for name, owners in BELONGS.items():
        if options[name] is not None and mode not in owners:
            raise click.UsageError(
                f"--{name.replace('_', '-')} goes with --{' or --'.join(owners)}, "
                f"not with {(wished or [f'--{mode}'])[0]}"
            )
    if options["map_folder"] and options["cluster"] is None:
        raise click.UsageError("--map goes with --cluster")
    return mode


def _cluster(
    poet: "Poet", options: dict[str, Any]
) -> "tuple[Cluster, LatentSampler] | tuple[None, None]":
    """Return the cluster that --cluster names, and what brings latents into it."""
    if options["cluster"] is None:
        return None, None
    from nlg.poem.vae.clusters import LatentMap

    folder = default_checkpoint(options["map_folder"], "poem/map")
    latent_map = LatentMap.load(folder, poet)
    cluster = latent_map.find(as_typed(options["cluster"]))
    return cluster, latent_map.place(cluster)


def _poems(
    poet: "Poet",
    mode: str,
    seed: int,
    place: "LatentSampler | None",
    options: dict[str, Any],
) -> Iterator["WrittenPoem"]:
    """Yield what the options ask for."""
    faithful = {"temperature": 0.0} if mode in FAITHFUL else {}
    write = write_options(options, **faithful)
    if mode == "sample":
        form = options["form"] or DEFAULT_FORM
        return poet.write(form, options["count"] or 1, seed, write, place)
    if mode == "z":
        form, latents = _latents_of_file(poet, options)
    else:
        form, latents = _latents_of_poems(poet, mode, seed, options)
    return poet.decode(form, latents, seed, write, one_noise=mode == "interpolate")


def write_options(options: dict[str, Any], **defaults: Any) -> "WriteOptions":
    """Return how to write: what `options` give, else `defaults`, else its own."""
    from nlg.poem.vae.poet import WriteOptions

    names = ("temperature", "latent_temperature", "candidates")
    given = {name: options[name] for name in names if options.get(name) is not None}
    return WriteOptions(**defaults | given, rules=not options["free"])


def _latents_of_poems(
    poet: "Poet", mode: str, seed: int, options: dict[str, Any]
) -> tuple[str, "np.ndarray"]:
    """Return the form and latents (B, Z) of --reconstruct, --interpolate or --near."""
    from nlg.cli.poem_latents import latents_of_poems
    from nlg.poem.vae.poet import interpolate

    texts = options[mode] if mode == "interpolate" else [options[mode]]
    form, latents = latents_of_poems(poet, texts)
    if mode == "interpolate":
        return form, interpolate(latents[0], latents[1], options["steps"] or 5)
    if mode == "near":
        radius = 0.5 if options["radius"] is None else options["radius"]
        return form, poet.near(latents[0], radius, options["count"] or 1, seed)
    return form, latents[0][None]


def _latents_of_file(poet: "Poet", options: dict[str, Any]) -> tuple[str, "np.ndarray"]:
    """Return the form and latents (B, Z) of --z."""
    from nlg.poem.vae.latents import read_latents

    form, latents = read_latents(options["z"], poet.latent_units)
    wanted = options["form"] or form or DEFAULT_FORM
    if form not in ("", wanted):
        raise click.UsageError(
            f"--form {wanted}: {options['z']} holds latents of {form}"
        )
    return wanted, latents


poem.add_command(poem_map)
