"""`nlg couplet`: answer a line of a couplet."""

import dataclasses
import io
import json
import pathlib
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.one_line import one_line
from nlg.cli.options import (
    DEVICE,
    JSON,
    SEED,
    Number,
    as_typed,
    checkpoint_option,
    read_text,
    write_lines,
)
from nlg.cli.rows_options import RowsOptions, answer_rows, rows_options

if TYPE_CHECKING:
    from nlg.batch.work import Work
    from nlg.couplet.responder import Couplets, ReplyOptions
    from nlg.couplet.results import Reply

RULES = ("marks", "reuse", "repeat", "ends", "tones")  # those of nlg.couplet.rules
BLOCK_ROWS = 2048  # lines that are answered, and kept on the disk, together
LENGTH = 7  # characters a line of a couplet about a theme


@dataclasses.dataclass(frozen=True)
class Request:
    """The arguments of the command."""

    line: str | None
    theme: str | None
    rows: RowsOptions
    length: int | None
    without: tuple[str, ...]
    count: int
    temperature: float
    seed: int
    reverse: bool
    keep: str
    banned: str
    scroll: bool
    explain: bool
    traditional: bool
    as_json: bool
    checkpoint: pathlib.Path | None
    device: str

    def __post_init__(self) -> None:
        """Refuse options that exclude each other."""
        ways = (self.line, self.theme, self.rows.source)
        given = sum(way is not None for way in ways)
        if given > 1:
            raise click.UsageError("give LINE, --theme or --input, one of them")
        if not given and not sys.stdin.isatty():
            raise click.UsageError("give a line to answer, or - for standard input")
        if not given and self.rows.output:
            raise click.UsageError("--output goes with LINE, --theme or --input")
        if self.length and not self.theme:
            raise click.UsageError(
                "--length goes with --theme; an answer has its line's"
            )
        for name, is_given in (("reverse", self.reverse), ("keep", self.keep)):
            if self.theme and is_given:
                raise click.UsageError(f"--{name} goes with a line, not with --theme")

    def reply_options(self) -> "ReplyOptions":
        """Return how to answer."""
        from nlg.couplet.responder import ReplyOptions

        return ReplyOptions(
            count=self.count,
            temperature=self.temperature,
            seed=self.seed,
            reverse=self.reverse,
            keep=as_typed(self.keep),
            banned=as_typed(self.banned),
            rules=tuple(rule for rule in RULES if rule not in self.without),
            scroll=self.scroll,
            explain=self.explain,
        )


@click.command("couplet")
@click.argument("line", required=False)
@click.option(
    "-n",
    "--count",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    help="Answers to each line that differ, the best first, with scores.",
)
@click.option("--explain", is_flag=True, help="Tones, and what else could stand where.")
@click.option(
    "--temperature",
    type=Number(0, 10),
    default=0.0,
    help="How freely characters are drawn.  [default: 0, the most probable]",
)
@SEED
@click.option("--reverse", is_flag=True, help="LINE is a 下联; write the 上联.")
@click.option(
    "--keep", default="", help="Characters that must stand, banned or not: 春____花."
)
@click.option("--ban", "banned", default="", help="Characters that must not.")
@click.option(
    "--without",
    multiple=True,
    type=click.Choice(RULES),
    help="Leave a rule out; may be repeated.",
)
@click.option(
    "--theme",
    metavar="WORDS",
    help="Write both lines, about a word or about one in each line: '山 水'.",
)
@click.option(
    "--length",
    type=click.IntRange(1, 64),
    help="Characters a line, with --theme.  [default: 7]",
)
@click.option("--scroll", is_flag=True, help="Add a 横批 of four characters.")
@click.option("--traditional", is_flag=True, help="Print traditional characters.")
@rows_options("Lines to answer; prints JSON lines.")
@JSON
@checkpoint_option("couplet")
@DEVICE
@click.pass_context
def couplet(ctx: click.Context, **options: Any) -> None:
    """Answer LINE, the first line of a couplet (上联), with a second one (下联).

    \b
    nlg couplet 晚风摇树树还挺
    nlg couplet 海阔凭鱼跃 -n 5 --scroll
    nlg couplet 枫叶经霜霜叶红 --keep '_花_____' --explain
    nlg couplet --theme '春风 秋月' --length 5
    nlg couplet --input 上联.txt --output 对联.jsonl
    nlg couplet                      on a terminal: keeps asking

    The answer is as long as the line, has its marks where they stand, repeats
    characters where it repeats them, uses none of its characters, and ends in the
    other tone. --without marks, repeat, reuse, ends or tones lets one of these go.
    LINE may be -, standard input.
    """
    request = Request(**options)
    if request.rows.source is not None:
        models = request.checkpoint, request.device, request.traditional
        work = couplet_work(request.reply_options(), *models, request.rows.id_field)
        ctx.exit(answer_rows(request.rows, work, BLOCK_ROWS, "couplet"))
    from nlg.couplet.responder import Couplets

    reply_options = request.reply_options()
    couplets = Couplets.from_checkpoint(request.checkpoint, request.device)
    session = Session(couplets, reply_options, request)
    if request.theme is not None:
        session.write(session.about(request.theme))
    elif request.line is not None:
        session.answer(read_text(request.line))
        ctx.exit(int(session.failed > 0))
    else:
        session.keep_asking()


def couplet_work(
    options: "ReplyOptions",
    checkpoint: pathlib.Path | None,
    device: str,
    traditional: bool = False,
    id_field: str = "id",
) -> "Work":
    """Return what the batch engine does to first lines."""
    from nlg.batch.work import Work

    if not options.temperature:  # a seed that nothing asks for makes no other answers
        options = dataclasses.replace(options, seed=0)
    settings = {
        "checkpoint": checkpoint and str(checkpoint),
        "device": device,
        "options": dataclasses.asdict(options),
        "traditional": traditional,
    }
    blank = ("first_line", "second_line")
    return Work("nlg.batch.tasks:couplet", settings, id_field, blank)


class Session:
    """Answer what a request asks, and print it; count the lines without an answer."""

    def __init__(self, couplets: "Couplets", options: "ReplyOptions", request: Request):
        self.couplets, self.options, self.request = couplets, options, request
        self.failed = 0

    def write(self, rows: Iterable[str]) -> None:
        """Print rows, or write them to the output."""
        write_lines(rows, self.request.rows.output)

    def about(self, theme: str) -> Iterator[str]:
        """Yield the rows of couplets about a theme."""
        from nlg.couplet.theme import compose

        words = tuple(read_text(theme).split())
        length = self.request.length or LENGTH
        yield from self._rows(compose(self.couplets, words, length, self.options))

    def answer(self, text: str) -> None:
        """Answer the lines of `text` that are not blank.

        If there is one line, what is wrong with it is raised; else reported.
        """
        lines = [line for line in io.StringIO(text) if line.strip()] or [""]
        if len(lines) == 1:
            self.write(self._answered(lines[0]))
        else:
            self.write(self._all_answered(lines))

    def keep_asking(self) -> None:
        """Answer what is typed until the end of input, or an empty line."""
        asked = "下联" if self.options.reverse else "上联"
        while True:
            click.echo(f"{asked}: ", nl=False, err=True)
            # Bytes that are no text are of this line alone; the next may be.
            line = sys.stdin.buffer.readline().decode(sys.stdin.encoding, "replace")
            if not line.strip():
                return
            self.write(self._all_answered([line]))

    def _all_answered(self, lines: Iterable[str]) -> Iterator[str]:
        """Yield the rows of some lines; report those without an answer, and go on."""
        from nlg.errors import NlgError

        for line in lines:
            try:
                yield from self._answered(line)
            except NlgError as error:
                click.echo(f"Error: {one_line(str(error))}", err=True)
                self.failed += 1

    def _answered(self, line: str) -> Iterator[str]:
        """Yield the rows of a line, and say which characters the model lacks."""
        unknown = self.couplets.unknown(line)
        if unknown:
            note = f"note: {unknown} not in the vocabulary; read as unknown"
            click.echo(note, err=True)
        yield from self._rows(self.couplets.reply(line, self.options))

    def _rows(self, replies: "list[Reply]") -> Iterator[str]:
        """Yield what to print for the answers to one line."""
        for number, reply in enumerate(replies):
            if self.request.as_json:
                yield self._json(reply)
                continue
            if number and reply.places is not None:
                yield ""
            yield from map(self._script, self._text(reply))

    def _json(self, reply: "Reply") -> str:
        return self._script(json.dumps(reply.to_dict(), ensure_ascii=False))

    def _text(self, reply: "Reply") -> Iterator[str]:
        if self.request.theme:
            yield reply.first_line
        answer = reply.first_line if self.options.reverse else reply.second_line
        score = f"  {reply.score:.2f}" if self.options.count > 1 else ""
        yield f"{answer}{score}"
        if reply.scroll:
            yield f"横批  {reply.scroll}"
        elif reply.scroll is not None:
            click.echo("note: no 横批 goes with these lines", err=True)
        if reply.places is not None:
            yield from _explained(reply)

    def _script(self, text: str) -> str:
        if not self.request.traditional:
            return text
        from nlg.text.traditional import to_traditional

        return to_traditional(text)


def _explained(reply: "Reply") -> Iterator[str]:
    """Yield a row for each character of an answer, under the lines and their tones."""
    from nlg.cli.verdicts import couplet_rows
    from nlg.couplet.check import checked
    from nlg.couplet.inputs import as_known
    from nlg.text.couplets import Couplet

    couplet = Couplet(*(as_known(line, marks=False) for line in reply[:2]))
    yield from couplet_rows(checked(couplet))
    for place in reply.places or ():
        others = "  ".join(
            f"{one.character} {one.probability:.0%}"
            + (f" ({'、'.join(one.breaks)})" if one.breaks else "")
            for one in place.runners_up
        )
        yield (
            f"{place.place:2} {place.given} {place.given_tone} → {place.character} "
            f"{place.tone}  {place.probability:4.0%}   {others}"
        )
