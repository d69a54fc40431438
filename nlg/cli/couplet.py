"""`nlg couplet`: answer a line of a couplet."""

import io
import json
import pathlib
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.options import (
    DEVICE,
    JSON,
    OUTPUT,
    SEED,
    Number,
    as_typed,
    checkpoint_option,
    default_checkpoint,
    progress,
    random_seed,
    read_text,
    write_lines,
)

if TYPE_CHECKING:
    from nlg.couplet.responder import Reply, ReplyOptions, Responder

RULES = ("marks", "reuse", "repeat", "ends", "tones")  # those of nlg.couplet.rules


@click.command("couplet")
@click.argument("line", required=False)
@click.option(
    "-n",
    "--count",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    help="Answers to each line, the best first.",
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
@click.option(
    "--input",
    "source",
    type=click.Path(path_type=pathlib.Path, dir_okay=False, allow_dash=True),
    help="A line each to answer; - is standard input. Prints JSON lines.",
)
@OUTPUT
@JSON
@checkpoint_option("couplet")
@DEVICE
@click.pass_context
def couplet(ctx: click.Context, line: str | None, **options: Any) -> None:
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
    _refuse_mixtures(line, options)
    from nlg.couplet.responder import Responder

    reply = _reply_options(options)
    folder = default_checkpoint(options["checkpoint"], "couplet")
    responder = Responder.from_checkpoint(folder, options["device"])
    printer = Printer(responder, options | {"seed": reply.seed})
    if options["source"]:
        failed = _answer_file(responder, reply, printer, options)
        ctx.exit(int(failed > 0))
    elif options["theme"] is not None:
        write_lines(
            printer.rows(_composed(responder, reply, options)), options["output"]
        )
    elif line is not None:
        lines = _lines(read_text(line))
        if len(lines) == 1:
            rows = _answered(responder, lines[0], reply, printer)
            write_lines(rows, options["output"])
        else:
            bad: list[str] = []
            rows = _all_answered(responder, lines, reply, printer, bad)
            write_lines(rows, options["output"])
            ctx.exit(int(bool(bad)))
    else:
        _keep_asking(responder, reply, printer)


def _refuse_mixtures(line: str | None, options: dict[str, Any]) -> None:
    """Stop at options that exclude each other."""
    ways = (line, options["theme"], options["source"])
    given = sum(way is not None for way in ways)
    if given > 1:
        raise click.UsageError("give LINE, --theme or --input, one of them")
    if not given and not sys.stdin.isatty():
        raise click.UsageError("give a line to answer, or - for standard input")
    if not given and options["output"]:
        raise click.UsageError("--output goes with LINE, --theme or --input")
    if options["length"] and not options["theme"]:
        raise click.UsageError("--length goes with --theme; an answer has its line's")
    for name in ("reverse", "keep"):
        if options["theme"] and options[name]:
            raise click.UsageError(f"--{name} goes with a line, not with --theme")


def _reply_options(options: dict[str, Any]) -> "ReplyOptions":
    from nlg.couplet.responder import ReplyOptions

    seed = random_seed() if options["seed"] is None else options["seed"]
    names = ("count", "temperature", "reverse")
    return ReplyOptions(
        **{name: options[name] for name in names},
        keep=as_typed(options["keep"]),
        banned=as_typed(options["banned"]),
        rules=tuple(rule for rule in RULES if rule not in options["without"]),
        seed=seed,
    )


def _answered(
    responder: "Responder", line: str, reply: "ReplyOptions", printer: "Printer"
) -> Iterator[str]:
    """Yield the rows to print for a line."""
    _note_unknown(responder, line)
    yield from printer.rows(responder.reply(line, reply))


def _all_answered(
    responder: "Responder",
    lines: Iterable[str],
    reply: "ReplyOptions",
    printer: "Printer",
    bad: list[str],
) -> Iterator[str]:
    """Yield the rows of a few lines; say which has no answer, and put it in `bad`.

    A line that cannot be answered does not stop the others.
    """
    from nlg.errors import NlgError

    for line in lines:
        try:
            yield from _answered(responder, line, reply, printer)
        except NlgError as error:
            click.echo(f"Error: {error}", err=True)
            bad.append(line)


def _composed(
    responder: "Responder", reply: "ReplyOptions", options: dict[str, Any]
) -> "list[Reply]":
    from nlg.couplet.theme import compose

    words = tuple(read_text(options["theme"]).split())
    return compose(responder, words, options["length"] or 7, reply)


def _answer_file(
    responder: "Responder",
    reply: "ReplyOptions",
    printer: "Printer",
    options: dict[str, Any],
) -> int:
    """Write a JSON line for each answer, or for what is wrong; return the count of bad.

    A line that cannot be answered does not stop the others.
    """
    from nlg.errors import DataError, NlgError
    from nlg.files import UNREADABLE, text_of

    try:
        # Not splitlines(): it would also part at a character like U+2028 or U+000C.
        text = io.StringIO(text_of(options["source"]))
    except UNREADABLE as error:
        raise DataError(f"{options['source']} cannot be read: {error}") from None
    lines = [line.rstrip("\r\n") for line in text]
    failed = 0

    def rows() -> Iterator[str]:
        nonlocal failed
        answers = responder.reply_all(lines, reply)
        shown = progress(answers, "answering", len(lines))
        for number, (line, found) in enumerate(zip(lines, shown, strict=True), 1):
            if isinstance(found, NlgError):
                failed += 1
                facts = {"first_line": line, "second_line": "", "error": str(found)}
                yield json.dumps(facts | {"line": number}, ensure_ascii=False)
            else:
                yield from map(printer.json, found)

    write_lines(rows(), options["output"])
    if failed:
        click.echo(
            f"{failed:,} of {len(lines):,} lines could not be answered", err=True
        )
    return failed


def _keep_asking(
    responder: "Responder", reply: "ReplyOptions", printer: "Printer"
) -> None:
    """Answer what is typed until the end of input, or an empty line."""
    asked = "下联" if reply.reverse else "上联"
    while True:
        click.echo(f"{asked}: ", nl=False, err=True)
        # Bytes that are no text are of this line alone; the next may be.
        line = sys.stdin.buffer.readline().decode(sys.stdin.encoding, "replace")
        if not line.strip():
            return
        write_lines(_all_answered(responder, [line], reply, printer, []), None)


def _lines(text: str) -> list[str]:
    """Return the lines of `text` that are not blank; an empty one if all are."""
    return [line for line in io.StringIO(text) if line.strip()] or [""]


def _note_unknown(responder: "Responder", line: str) -> None:
    """Say which characters the model does not know."""
    unknown = responder.unknown(line)
    if unknown:
        click.echo(f"note: {unknown} not in the vocabulary; read as unknown", err=True)


class Printer:
    """Turn replies into rows of text or JSON, as the options ask."""

    def __init__(self, responder: "Responder", options: dict[str, Any]):
        self.responder, self.options = responder, options

    def rows(self, replies: "list[Reply]") -> Iterator[str]:
        """Yield what to print for the answers to one line."""
        for number, reply in enumerate(replies):
            if self.options["as_json"]:
                yield self.json(reply)
                continue
            if number and self.options["explain"]:
                yield ""
            yield from map(self._script, self._text(reply))

    def json(self, reply: "Reply") -> str:
        """Return one JSON line."""
        facts: dict[str, Any] = reply._asdict()
        if self.options["temperature"] or self.options["theme"]:
            facts["seed"] = self.options["seed"]
        if self.options["scroll"]:
            facts["scroll"] = self._scroll(reply)
        if self.options["explain"]:
            places = [place._asdict() for place in self._places(reply)]
            for place in places:
                place["runners_up"] = [one._asdict() for one in place["runners_up"]]
            facts["places"] = places
        return self._script(json.dumps(facts, ensure_ascii=False))

    def _text(self, reply: "Reply") -> Iterator[str]:
        if self.options["theme"]:
            yield reply.first_line
        answer = reply.first_line if self.options["reverse"] else reply.second_line
        score = f"  {reply.score:.2f}" if self.options["count"] > 1 else ""
        yield f"{answer}{score}"
        if self.options["scroll"]:
            yield f"横批  {self._scroll(reply)}"
        if self.options["explain"]:
            yield from _explained(reply, self._places(reply))

    def _script(self, text: str) -> str:
        if not self.options["traditional"]:
            return text
        from nlg.text.normalize import to_traditional

        return to_traditional(text)

    def _scroll(self, reply: "Reply") -> str:
        best = self.responder.scrolls.choose(*reply[:2], 1)
        return best[0].text if best else ""

    def _places(self, reply: "Reply") -> list[Any]:
        from nlg.couplet.explain import explain

        return explain(self.responder, reply, self.options["reverse"])


def _explained(reply: "Reply", places: list[Any]) -> Iterator[str]:
    """Yield a row for each character of an answer, under the lines and their tones."""
    from nlg.cli.verdicts import couplet_rows
    from nlg.couplet.dataset import Couplet
    from nlg.couplet.inputs import as_known
    from nlg.text.couplets import check_couplet

    couplet = Couplet(*(as_known(line, marks=False) for line in reply[:2]))
    yield from couplet_rows(couplet, check_couplet(*couplet))
    for place in places:
        others = "  ".join(
            f"{one.character} {one.probability:.0%}"
            + (f" ({'、'.join(one.breaks)})" if one.breaks else "")
            for one in place.runners_up
        )
        yield (
            f"{place.place:2} {place.given} {place.given_tone} → {place.character} "
            f"{place.tone}  {place.probability:4.0%}   {others}"
        )
