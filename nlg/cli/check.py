"""`nlg check`: what is right and wrong with a couplet or a poem."""

import importlib.util
import json
import os
import sys
from collections.abc import Iterable
from typing import Any

import click

from nlg.cli.options import JSON, Word, as_typed, read_text, write_lines
from nlg.cli.rows_options import RowsOptions, answer_rows, rows_options

COUPLETS, POEMS = 2048, 256  # that are checked, and kept on the disk, together
BOOK = click.option(
    "--book",
    type=Word(("平水韵", "中华新韵", "中华通韵")),
    default="平水韵",
    show_default=True,
    help="Rhyme book whose tones count: of Tang and Song, or of today.",
)
STRICT = click.option(
    "--strict",
    is_flag=True,
    help="Exit with 1 if a rule is broken; of --input, that is an error of the row.",
)


@click.group()
def check() -> None:
    """Say what is right and wrong with a couplet or a poem."""


@check.command("couplet")
@click.argument("lines", nargs=-1, metavar="[A B]")
@rows_options("Couplets, 上联 TAB 下联 a line, or with first_line and second_line.")
@BOOK
@click.option(
    "--allow-particles",
    is_flag=True,
    help="Let 之 and other particles stand at one place in both lines.",
)
@click.option(
    "--no-parallelism", is_flag=True, help="Leave words and their classes out: faster."
)
@STRICT
@JSON
@click.pass_context
def check_couplet_lines(
    ctx: click.Context,
    lines: tuple[str, ...],
    rows: RowsOptions,
    no_parallelism: bool,
    strict: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Check that B (下联) answers A (上联): length, marks, repeats and tones.

    \b
    nlg check couplet 晚风摇树树还挺 晨露润花花更红
    nlg check couplet 海内存知己 天涯若比邻 --book 中华新韵 --json
    nlg check couplet --input 对联.tsv --no-parallelism -o verdicts.jsonl --workers 2

    The words that face each other (对仗) are jieba's guess, and no rule. Of a poem in
    JSON, a 律诗, the couplets in the middle are checked.
    """
    if bool(lines) == (rows.source is not None) or len(lines) not in (0, 2):
        raise click.UsageError("give two lines, 上联 and 下联, or --input FILES")
    parallelism = not no_parallelism and _has_jieba()
    if rows.source is not None:
        from nlg.batch.work import Work

        settings = options | {"strict": strict, "parallelism": parallelism}
        opener, names = "nlg.batch.judging:check_couplet", ("first_line", "上联")
        work = Work(opener, settings, rows.id_field, names=names)
        ctx.exit(answer_rows(rows, work, COUPLETS))
    from nlg.cli.verdicts import couplet_rows
    from nlg.couplet.check import checked, typed_couplet

    found = checked(
        typed_couplet(*map(as_typed, lines)), **options, parallelism=parallelism
    )
    said: Iterable[str] = couplet_rows(found)
    if as_json:
        said = [json.dumps(found.to_dict(), ensure_ascii=False)]
    write_lines(said, rows.output)
    ctx.exit(int(strict and not found.clean))


def _has_jieba() -> bool:
    """Return whether the words that face each other can be found; say if not."""
    if importlib.util.find_spec("jieba") is not None:
        return True
    note = 'note: 对仗 is left out; it needs pip install "nlg[words]"'
    click.echo(note, err=True)
    return False


@check.command("poem")
@click.argument("text", metavar="[POEM]", default="-")
@rows_options("Poems to check, one a line; prints JSON lines.")
@BOOK
@click.option("--explain", is_flag=True, help="Draw the tone pattern above each line.")
@click.option("--tune", default="", metavar="NAME", help="It is a 词 to this tune.")
@click.option(
    "--variant",
    type=click.IntRange(1),
    metavar="N",
    help="Hold it to this variant of --tune, as nlg poem tunes numbers them.",
)
@click.option(
    "--strict-tones", is_flag=True, help="Count 拗救, tones made up for, as faults."
)
@click.option(
    "--odd-ends",
    is_flag=True,
    help="Remark odd lines in a row that end in one oblique tone (上尾).",
)
@STRICT
@JSON
@click.pass_context
def check_poem(
    ctx: click.Context,
    text: str,
    rows: RowsOptions,
    explain: bool,
    strict: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Check form, tones, rhyme and originality of POEM; - is standard input.

    \b
    nlg check poem 白日依山尽，黄河入海流。欲穷千里目，更上一层楼。
    nlg check poem --explain 移舟泊烟渚，日暮客愁新。野旷天低树，江清月近人。
    nlg check poem 國破山河在城春草木深感時花濺淚恨別鳥驚心 --strict --json
    nlg poem --sample | nlg check poem
    nlg check poem --tune 浣溪沙 - < 词.txt
    nlg check poem --input poems.jsonl -o verdicts.jsonl --workers 2

    Typed with or without marks, in simplified or traditional characters. Characters of
    two tones are read as poets read them, in their words. 古绝 and poems of oblique
    rhyme are named, and not bound by the rules; to --strict they are faults. A 词 is
    told by its title, or by its lines and tones; it is held to the variant of its tune
    that it breaks least. 排律 and 古风 get their rhyme checked, other verse tones and
    rhyme only.
    """
    options["tune"] = as_typed(options["tune"])
    options["variant"] = options["variant"] or 0
    if rows.source is not None:
        if text != "-" or explain:
            raise click.UsageError("POEM and --explain do not go with --input")
        from nlg.batch.work import Work

        opener, names = "nlg.batch.judging:check_poem", ("text", "lines")
        settings = options | {"strict": strict}
        work = Work(opener, settings, rows.id_field, names=names)
        ctx.exit(answer_rows(rows, work, POEMS))
    from nlg.cli.poem_verdict import poem_rows
    from nlg.poem.check import examine

    found = examine(read_text(text), **options)
    if as_json:
        facts = found.to_dict() | {"book": options["book"]}
        write_lines([json.dumps(facts, ensure_ascii=False)], rows.output)
    else:
        colour = explain and rows.output is None and shows_colour()
        write_lines(poem_rows(found, explain, colour), rows.output)
    ctx.exit(int(strict and not found.clean))


def shows_colour() -> bool:
    """Return whether output goes to a terminal that wants colours (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
