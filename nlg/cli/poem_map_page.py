"""A map of poems as one page for a browser.

A command imports this file when it runs.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nlg.cli.page import escaped, framed, table
from nlg.text.forms import verse

if TYPE_CHECKING:
    from nlg.poem.vae.clusters import Cluster, LatentMap

HALF = 360  # of the side of the drawing, in its own units
TURN = 137.5  # degrees of hue between neighbours: the golden angle keeps them apart

STYLE = """\
:root { --light: 45%; }
@media (prefers-color-scheme: dark) { :root { --light: 62%; } }
svg { width: 100%; height: auto; }
circle, .swatch { fill: hsl(var(--hue) 65% var(--light)); }
text { font-size: 15px; text-anchor: middle; dominant-baseline: central;
  fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
.swatch { color: hsl(var(--hue) 65% var(--light)); }"""
TITLE = "Kinds of poems"
HEADS = "", "name", "share", "poems"
LEGEND = """\
<p class="faint">A dot is a poem; what is alike in theme is near. Rhyme and tones are
left out. A name is the characters that are most typical of a cluster.</p>"""


def page(latent_map: "LatentMap") -> str:
    """Return the page of a map."""
    rows = map(_cells, latent_map.clusters)
    parts = [f"<h1>{TITLE}</h1>", *_drawing(latent_map), *table(HEADS, rows), LEGEND]
    return framed(TITLE, STYLE, parts)


def _drawing(latent_map: "LatentMap") -> Iterator[str]:
    """Yield the dots, and the name of each cluster amid its own."""
    side = 2 * (HALF + 40)
    yield f'<svg viewBox="{-side / 2} {-side / 2} {side} {side}" role="img">'
    texts = latent_map.texts or [""] * len(latent_map.points)
    for (x, y), label, text in zip(
        latent_map.points, latent_map.labels.tolist(), texts, strict=True
    ):
        title = escaped(text or latent_map.clusters[label].name)
        yield (
            f'<circle cx="{HALF * x:.1f}" cy="{-HALF * y:.1f}" r="3" '
            f'style="{_hue(label + 1)}"><title>{title}</title></circle>'
        )
    for number, (x, y) in latent_map.medians():
        name = escaped(latent_map.clusters[number - 1].name[:3])
        yield f'<text x="{HALF * x:.1f}" y="{-HALF * y:.1f}">{number} {name}</text>'
    yield "</svg>"


def _cells(cluster: "Cluster") -> tuple[str, ...]:
    swatch = f'<span class="swatch" style="{_hue(cluster.number)}">●</span>'
    poems = (escaped(verse(lines)) for lines in cluster.examples)
    return (
        f"{swatch} {cluster.number}",
        escaped(cluster.name),
        f"{cluster.share:.1%}",
        "<br>".join(poems),
    )


def _hue(number: int) -> str:
    """Return the colour of cluster `number` as a style."""
    return f"--hue:{number * TURN % 360:.0f}"
