"""Commands that are imported when they are called: `--help` and completion need their names alone."""

from __future__ import annotations

import importlib
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group


class LazyGroup(TyperGroup):
    """A group whose commands were registered by `add_lazy`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, in place of the one that stands for it."""
        name, command, rest = super().resolve_command(ctx, args)
        place = getattr(getattr(command, "callback", None), "place", None)
        if name is not None and isinstance(place, str):
            command = load(name, place)
        return name, command, rest


def add_lazy(app: typer.Typer, name: str, place: str, help: str) -> None:
    """Register the command (or the group of commands) at `place`, as `module:attribute`."""

    def stand_in() -> None:
        """Never called."""

    stand_in.place = place  # type: ignore[attr-defined]
    app.command(name, help=help)(stand_in)


def load(name: str, place: str) -> Any:
    """The command itself."""
    module, _, attribute = place.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if isinstance(found, typer.Typer):
        group = get_group(found)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return get_command(alone)
