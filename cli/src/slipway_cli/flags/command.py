"""`slipway flags`."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from slipway.flags import Flag, Flags
from slipway.settings import Settings
from slipway.telemetry.metrics import Metrics
from slipway_cli.errors import LocalError
from slipway_cli.flags.server import Known, unleash_server
from slipway_cli.stack.environment import local_settings

_ANSWER_SECONDS = 5.0

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.command()
def sync(
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the server to answer.")] = 120.0,
) -> None:
    """Declare every flag in the Unleash server of the settings. One that is there stays as it is, however it is set."""
    settings = local_settings()
    with unleash_server(settings) as server:
        known = server.known(wait, typer.echo)
        missing = [flag for flag in Flag if flag.flag not in known.flags]
        warnings = server.declare(missing, known) if missing else []
    for flag in Flag:
        typer.echo(f"{flag.flag}: {_became(flag, known, warnings)}")
    for warning in warnings:
        typer.echo(f"Unleash says: {warning}", err=True)


@app.command("list")
def list_() -> None:
    """List the flags as the services here see them, without a tenant."""
    settings = local_settings()
    table = Table("Flag", "State", "Default", "What it switches", box=None)
    try:
        with Flags(settings, Metrics()) as flags:
            flags.settle(_ANSWER_SECONDS)
            for flag in Flag:
                table.add_row(flag.flag, _word(flags.is_enabled(flag)), _word(flag.default), flag.description)
            origin = _origin(settings, heard=flags.age is not None)
    except ValueError as error:
        raise LocalError(str(error)) from None
    console = Console()
    console.print(table)
    console.print(origin, highlight=False)


def _became(flag: Flag, known: Known, warnings: Sequence[str]) -> str:
    if flag.flag in known.flags:
        return f"was there, {_word(known.flags[flag.flag])}"
    if any(flag.flag in warning for warning in warnings):
        return "left as it is, see below"
    return f"declared, {_word(flag.default)}"


def _origin(settings: Settings, *, heard: bool) -> str:
    instead = f"the file {settings.flags_file}" if settings.flags_file else "the declared defaults"
    if settings.unleash_url is None:
        return f"There is no flag server: this is what holds by {instead}."
    if heard:
        return f"This is what {settings.unleash_url} says."
    return f"{settings.unleash_url} does not answer: this is what holds by {instead}."


def _word(state: bool) -> str:  # noqa: FBT001  # the word for it
    return "on" if state else "off"
