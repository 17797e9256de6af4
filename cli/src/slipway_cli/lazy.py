"""Commands that are imported when they are used, so that `slipway --help` is fast."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from slipway_cli.errors import LocalError


class Source(NamedTuple):
    """Where a command is, and the line that the list of commands shows for it."""

    module: str
    """A module with a typer app named `app`."""
    summary: str


class LazyCommand(TyperCommand):
    """Stands for a command, or a group of them, until it is used."""

    def __init__(self, name: str, source: Source) -> None:
        super().__init__(name, help=source.summary)
        self._module = source.module

    def load(self) -> TyperCommand | TyperGroup:
        """Import the real command.

        Raises:
            LocalError: it stands on packages that were not installed.
        """
        try:
            module = import_module(self._module)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("slipway"):
                raise
            raise LocalError(
                f"`slipway {self.name}` needs {error.name}, which is not installed here: install slipway-cli[local], "
                "or run `make setup` in a checkout."
            ) from error
        command: TyperCommand | TyperGroup = typer.main.get_command(module.app)  # type: ignore[assignment]
        command.help = command.help or self.help
        return command

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Hand over to the real command."""
        return self.load().make_context(info_name, args, parent=parent, **extra)


def lazy_group(sources: Mapping[str, Source]) -> type[TyperGroup]:
    """Return a group with these commands, which shows what is wrong on this machine without a traceback."""

    class LazyGroup(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            for name, source in sources.items():
                self.add_command(LazyCommand(name, source))

        def invoke(self, ctx: Any) -> Any:
            try:
                return super().invoke(ctx)
            except LocalError as error:
                print(f"slipway: {error}", file=sys.stderr)  # noqa: T201  # the terminal is what we talk to
                raise typer.Exit(1) from None

    return LazyGroup
