"""Latents that the options of `nlg poem` name, by a poem or by a file.

A command imports this file when it runs.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
import numpy as np

from nlg.cli.options import as_typed, read_text
from nlg.errors import CheckpointError
from nlg.poem.vae.latents import read_latents
from nlg.poem.vae.poet import Poet, parse_poem
from nlg.runtime.checkpoint import WEIGHTS, digest

if TYPE_CHECKING:
    from nlg.poem.writer.composer import Composer

FILE = "@"  # what follows is the name of a file, not a poem


def latents_of_poems(poet: Poet, texts: Sequence[str]) -> tuple[str, list[np.ndarray]]:
    """Return the form and the latents (Z,) of poems as they are typed; `-` is stdin."""
    poems = [parse_poem(read_text(text)) for text in texts]
    forms = list(dict.fromkeys(form.name for form, _ in poems))
    if len(forms) > 1:
        raise click.UsageError(
            f"--interpolate: one poem is {forms[0]}, the other {forms[1]}; "
            "give two of one form"
        )
    for _, lines in poems:
        _note_unknown(poet, "".join(lines))
    return forms[0], [poet.encode(lines) for _, lines in poems]


def latents_to_be_like(poet: Poet, text: str) -> tuple[str, list[np.ndarray]]:
    """Return the form, "" if none is named, and the latents (Z,) of --like."""
    if text.startswith(FILE):
        name = as_typed(text.removeprefix(FILE))
        form, latents = read_latents(name, poet.latent_units)
        return form, list(latents)
    return latents_of_poems(poet, [text])


def vae_of(composer: "Composer", poet: Poet) -> Poet:
    """Return `poet` if its latents are those that `composer` was trained with.

    Raises:
        CheckpointError: they are another model's.
    """
    if composer.config.vae != digest(poet.checkpoint.path(WEIGHTS)):
        raise CheckpointError(
            f"{composer.checkpoint.folder} was trained with the latents of another "
            f"model than {poet.checkpoint.folder}; train it again to use --like"
        )
    return poet


def _note_unknown(poet: Poet, text: str) -> None:
    """Say which characters the model does not know."""
    unknown = "".join(dict.fromkeys(c for c in text if c not in poet.vocabulary))
    if unknown:
        click.echo(f"note: {unknown} not in the vocabulary; read as unknown", err=True)
