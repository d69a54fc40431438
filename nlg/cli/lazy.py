"""A group whose commands are imported when one of them is called, or all are listed."""

import importlib
from collections.abc import Mapping
from typing import ClassVar

import click


class LazyGroup(click.Group):
    """A group that knows where its commands are, beside those added to it."""

    places: ClassVar[Mapping[str, str]] = {}  # module:name by name of the command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in order."""
        return sorted({*self.commands, *self.places})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command, imported now; None if there is none of that name."""
        if name in self.places:
            module, _, attribute = self.places[name].partition(":")
            return getattr(importlib.import_module(module), attribute)
        return super().get_command(ctx, name)
