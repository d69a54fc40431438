"""Write docs/cli.md from what the commands say of themselves.

python docs/make_cli.py          writes it
python docs/make_cli.py --check  exits 1 if it is not what the commands say
"""

import pathlib
import sys

import click

from nlg.cli.main import main

PAGE = pathlib.Path(__file__).with_name("cli.md")
HEAD = "# Commands\n\nMade by `python docs/make_cli.py`; do not edit.\n"


def pages(command, context):
    """Yield the help of `command` and of every command below it."""
    context.max_content_width = 88
    yield f"\n## {context.command_path}\n\n```\n{command.get_help(context)}\n```\n"
    names = command.list_commands(context) if hasattr(command, "list_commands") else []
    for name in names:
        below = command.get_command(context, name)
        yield from pages(below, click.Context(below, info_name=name, parent=context))


def text():
    return HEAD + "".join(pages(main, click.Context(main, info_name="nlg")))


if __name__ == "__main__":
    if "--check" in sys.argv:
        if PAGE.read_text("utf-8") != text():
            sys.exit(f"{PAGE.name} is stale: run python docs/make_cli.py")
        print(f"{PAGE.name} is what the commands say")
    else:
        PAGE.write_text(text(), "utf-8")
