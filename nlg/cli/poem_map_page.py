"""A map of poems as one page for a browser: no script, nothing to load, light and dark.

A command imports this file when it runs.
"""

import html
import string
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nlg.poem.clusters import Cluster, LatentMap

HALF = 360  # of the side of the drawing, in its own units
TURN = 137.5  # degrees of hue between neighbours: the golden angle keeps them apart

PAGE = string.Template("""\
<!DOCTYPE html>
<html lang="zh">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Kinds of poems</title>
<style>
:root { --ink: #1f2328; --paper: #fdfcf9; --faint: #6b7075; --line: #d9d6cf;
  --light: 45%; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e2dd; --paper: #17181a; --faint: #94989d; --line: #37393d;
    --light: 62%; }
}
body { max-width: 46rem; margin: 2.5rem auto; padding: 0 1rem; color: var(--ink);
  background: var(--paper); line-height: 1.6;
  font-family: system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei",
    sans-serif; }
h1 { font-size: 1.25rem; font-weight: normal; }
svg { width: 100%; height: auto; }
circle, .swatch { fill: hsl(var(--hue) 65% var(--light)); }
text { font-size: 15px; text-anchor: middle; dominant-baseline: central;
  fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
.faint { color: var(--faint); font-size: .9rem; }
.swatch { color: hsl(var(--hue) 65% var(--light)); }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line);
  text-align: left; vertical-align: top; }
th { color: var(--faint); font-weight: normal; font-size: .9rem; }
td:not(:last-child), th { white-space: nowrap; }
</style>
</head>
<body>
<h1>Kinds of poems</h1>
$body
<p class="faint">A dot is a poem; what is alike in theme is near. Rhyme and tones are
left out. A name is the characters that are most typical of a cluster.</p>
</body>
</html>""")


def page(latent_map: "LatentMap") -> str:
    """Return the page of a map."""
    body = "\n".join([*_drawing(latent_map), *_table(latent_map)])
    return PAGE.substitute(body=body)


def _drawing(latent_map: "LatentMap") -> Iterator[str]:
    """Yield the dots, and the name of each cluster amid its own."""
    side = 2 * (HALF + 40)
    yield f'<svg viewBox="{-side / 2} {-side / 2} {side} {side}" role="img">'
    texts = latent_map.texts or [""] * len(latent_map.points)
    for (x, y), label, text in zip(
        latent_map.points, latent_map.labels.tolist(), texts, strict=True
    ):
        title = html.escape(text or latent_map.clusters[label].name)
        yield (
            f'<circle cx="{HALF * x:.1f}" cy="{-HALF * y:.1f}" r="3" '
            f'style="{_hue(label + 1)}"><title>{title}</title></circle>'
        )
    for number, (x, y) in latent_map.middles():
        name = html.escape(latent_map.clusters[number - 1].name[:3])
        yield f'<text x="{HALF * x:.1f}" y="{-HALF * y:.1f}">{number} {name}</text>'
    yield "</svg>"


def _table(latent_map: "LatentMap") -> Iterator[str]:
    yield "<table>"
    heads = ("", "name", "share", "poems")
    yield f"<tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"
    for cluster in latent_map.clusters:
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in _cells(cluster))}</tr>"
    yield "</table>"


def _cells(cluster: "Cluster") -> tuple[str, ...]:
    swatch = f'<span class="swatch" style="{_hue(cluster.number)}">●</span>'
    from nlg.poem.clusters import verse

    poems = (html.escape(verse(lines)) for lines in cluster.examples)
    return (
        f"{swatch} {cluster.number}",
        html.escape(cluster.name),
        f"{cluster.share:.1%}",
        "<br>".join(poems),
    )


def _hue(number: int) -> str:
    """Return the colour of cluster `number` as a style."""
    return f"--hue:{number * TURN % 360:.0f}"
