"""`nlg serve`: an HTTP API and a page."""

import dataclasses
import pathlib
from typing import Any

import click

from nlg.cli.options import as_typed


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen at."
)
@click.option("--port", type=click.IntRange(0, 65_535), default=8000, show_default=True)
@click.option(
    "--models",
    metavar="A,B",
    help="What to serve, of poem, couplet, qa, write, classify.  [default: all]",
)
@click.option(
    "--classifier",
    type=click.Path(path_type=pathlib.Path, file_okay=False, exists=True),
    help="Folder of your own classifier; none is shipped.",
)
@click.option(
    "--preload", is_flag=True, help="Open the models before the first request."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes; each opens its own models, and maps the same weights.",
)
@click.option(
    "--tokens",
    type=click.Path(path_type=pathlib.Path, dir_okay=False, exists=True),
    help="File of bearer tokens, one a line; the API then asks for one.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 3600),
    default=30.0,
    show_default=True,
    help="Seconds that a request may take.",
)
@click.option(
    "--queue",
    type=click.IntRange(1, 100_000),
    default=256,
    show_default=True,
    help="Requests that may wait for a model; more get 503.",
)
@click.option(
    "--batch",
    type=click.IntRange(1, 128),
    default=64,
    show_default=True,
    help="Requests that are answered together; 1 answers each by itself.",
)
def serve(models: str | None, **options: Any) -> None:
    """Serve the page and the HTTP API of poems, couplets, answers and checks.

    \b
    pip install "nlg[web]"
    nlg serve                                  the page is at http://127.0.0.1:8000
    nlg serve --models poem,couplet --preload
    nlg serve --host 0.0.0.0 --tokens tokens.txt --workers 2
    curl 127.0.0.1:8000/v1/couplet --json '{"line": "海阔凭鱼跃"}'

    Bodies and answers are the requests and results of the Python API. SIGTERM stops it
    when what is in flight is answered.
    """
    names = tuple(
        one.strip() for one in as_typed(models or "").split(",") if one.strip()
    )
    for name in ("classifier", "tokens"):
        options[name] = str(options[name] or "")
    from nlg.web.server import serve as run
    from nlg.web.settings import ServeSettings

    known = {field.name for field in dataclasses.fields(ServeSettings)}
    given = {name: value for name, value in options.items() if name in known}
    run(ServeSettings(models=names, **given))
