"""The frame of every HTML page: no script, no file to load, light and dark colours.

A page supplies its body and its own rules of style. A command imports this file when it
runs.
"""

import html
import string
from collections.abc import Iterable, Iterator

FRAME = string.Template("""\
<!DOCTYPE html>
<html lang="zh">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
:root { --ink: #1f2328; --paper: #fdfcf9; --faint: #6b7075; --line: #d9d6cf; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e2dd; --paper: #17181a; --faint: #94989d; --line: #37393d; }
}
body { max-width: 46rem; margin: 2.5rem auto; padding: 0 1rem; color: var(--ink);
  background: var(--paper); line-height: 1.6;
  font-family: system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei",
    sans-serif; }
h1 { font-size: 1.25rem; font-weight: normal; }
.faint { color: var(--faint); font-size: .9rem; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line);
  text-align: left; vertical-align: top; }
th { color: var(--faint); font-weight: normal; font-size: .9rem; }
td:not(:last-child), th { white-space: nowrap; }
$style
</style>
</head>
<body>
$body
</body>
</html>""")


def framed(title: str, style: str, parts: Iterable[str]) -> str:
    """Return a page with `parts`, which are HTML; `title` is plain text."""
    return FRAME.substitute(title=escaped(title), style=style, body="\n".join(parts))


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield a table; heads and cells are HTML."""
    yield "<table>"
    yield f"<tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"
    yield from (f"<tr>{''.join(f'<td>{x}</td>' for x in row)}</tr>" for row in rows)
    yield "</table>"


def escaped(text: str) -> str:
    """Return `text` as HTML; characters that cannot be printed become blanks."""
    shown = (c if c.isprintable() or c in "\n\t" else " " for c in text)
    return html.escape("".join(shown))
