"""`nlg poem`: write, rebuild and blend poems, or write them on demand."""

import dataclasses
import itertools
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import click
from click.core import ParameterSource

from nlg.cli.options import LazyGroup, as_typed, progress, write_lines
from nlg.cli.poem_options import TEXTS, PoemOptions, poem_options
from nlg.cli.rows_options import answer_rows

if TYPE_CHECKING:
    from nlg.poem.request import PoemRequest, SampleRequest
    from nlg.poem.vae.poet import Poet, WrittenPoem
    from nlg.poem.writer.composer import ComposedPoem

    Written = WrittenPoem | ComposedPoem

BLOCK_ROWS = 16  # requests that are answered, and kept on the disk, together


class PoemGroup(LazyGroup):
    """A command that writes, with commands below it."""

    places: ClassVar = {
        "map": "nlg.cli.poem_map:poem_map",
        "tunes": "nlg.cli.poem_tunes:poem_tunes",
    }

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Return the command that is called; a poem is no command."""
        if args[0] not in self.places:
            ctx.fail(f"Got unexpected extra argument ({as_typed(args[0])})")
        return super().resolve_command(ctx, args)


@click.group(
    cls=PoemGroup,
    invoke_without_command=True,
    subcommand_metavar="[map|tunes [OPTIONS]]",
)
@poem_options
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
    nlg poem --input 题目.jsonl --form 七绝 --output 诗.jsonl

    Every poem keeps its form, rhymes in one group of 平水韵 and follows a standard tone
    pattern; --free drops rhyme and tones. The same seed gives the same poem, whatever
    -n. What a row of --input leaves out is as the options say.
    """
    if ctx.invoked_subcommand:
        return _refuse_options_before(ctx)
    from nlg.cli.poem_requests import request_of
    from nlg.poem.request import SampleRequest

    drawn = ctx.get_parameter_source("seed") == ParameterSource.DEFAULT
    asked = PoemOptions(**options, seed_given=not drawn)
    if asked.rows.source is not None:
        ctx.exit(_answer_file(asked))
    request = request_of(asked)
    if isinstance(request, SampleRequest):
        return _sample(request, asked)
    return _write(request, asked)


def _refuse_options_before(ctx: click.Context) -> None:
    """Refuse options that were typed before the command below."""
    given = [
        parameter.opts[0]
        for parameter in ctx.command.params
        if ctx.get_parameter_source(parameter.name or "") != ParameterSource.DEFAULT
    ]
    if given:
        name = ctx.invoked_subcommand
        raise click.UsageError(f"{given[0]} goes after {name}: nlg poem {name} …")


def _sample(request: "SampleRequest", options: PoemOptions) -> None:
    """Print what the VAE writes."""
    from nlg.poem.vae.poet import Poet

    poet = Poet.from_checkpoint(options.checkpoint, options.device)
    poems = poet.write(request)
    _note_unknown(poet, request.poems)
    _print(poems, request.count, options)


def _write(request: "PoemRequest", options: PoemOptions) -> None:
    """Print what the writer writes."""
    from nlg.poem.writer.composer import Composer

    composer = Composer.from_checkpoint(options.checkpoint, options.device)
    poems = (composer.stream if options.stream else composer.write)(request)
    if request.like:
        _note_unknown(composer.poet, [request.like])
    if options.stream:
        return _print_stream(poems, options)
    _print(poems, request.count * len(request.latents or [()]), options)


def _answer_file(options: PoemOptions) -> int:
    """Write the poems that the rows of files ask for; return the exit code."""
    from nlg.batch.work import Work
    from nlg.cli.poem_requests import rows_request

    settings = {
        "checkpoint": options.checkpoint and str(options.checkpoint),
        "device": options.device,
        "asked": dataclasses.asdict(rows_request(options)),
        "traditional": options.traditional,
    }
    names = ("theme", *TEXTS, "form", "text")
    work = Work("nlg.batch.writing:poem", settings, options.rows.id_field, (), names)
    return answer_rows(options.rows, work, BLOCK_ROWS, "poem/unilm")


def _note_unknown(poet: "Poet", texts: Iterable[str]) -> None:
    """Name the characters of poems that the model does not know."""
    if unknown := poet.unknown(texts):
        click.echo(f"note: {unknown} not in the vocabulary; read as unknown", err=True)


def _print(poems: "Iterable[Written]", count: int, options: PoemOptions) -> None:
    """Print poems as they come, with a blank line between them."""
    if options.rows.output:  # elsewhere the poems themselves show the progress
        poems = progress(poems, "writing", count)
    rows = (_rows(poem, options) for poem in poems)
    if not options.as_json:
        rows = (["", *lines] if n else lines for n, lines in enumerate(rows))
    write_lines(itertools.chain.from_iterable(rows), options.rows.output)


def _rows(poem: "Written", options: PoemOptions) -> list[str]:
    """Return a poem as JSON, or as rows that end with a full stop."""
    from nlg.text.forms import FORMS, verse

    poem = poem.traditional() if options.traditional else poem
    if options.as_json:
        return [json.dumps(poem.to_dict(), ensure_ascii=False)]
    text = verse(poem.lines, FORMS[poem.form].marks)
    return text.replace("。", "。\n").splitlines()


def _print_stream(stages: "Iterator[ComposedPoem]", options: PoemOptions) -> None:
    """Print each line once it is written, and with --json the poem in the end."""
    from nlg.text.forms import FORMS

    for poem in stages:
        number = len(poem.lines)
        line = (poem.traditional() if options.traditional else poem).lines[-1]
        if options.as_json:
            facts = {"form": poem.form, "rhyme": poem.rhyme}  # as far as it is written
            stage = {"line": number, "text": line, **facts}
            click.echo(json.dumps(stage, ensure_ascii=False))
        else:
            mark = FORMS[poem.form].marks[number - 1]
            click.echo(f"{line}{mark}", nl=mark == "。")
    if options.as_json:
        click.echo(_rows(poem, options)[0])
