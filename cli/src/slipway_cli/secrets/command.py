"""`slipway secrets`: the secrets of a composed stack."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from slipway_cli.errors import LocalError
from slipway_cli.secrets import service
from slipway_cli.secrets.store import PASSWORDS

app = typer.Typer(add_completion=False, no_args_is_help=True)
FolderOption = Annotated[Path, typer.Option("--folder", help="Folder of the secrets, one folder a service below it.")]
_FOLDER = Path("/secrets")
_AUTHORITY = "authority"


@app.command()
def create(
    folder: FolderOption = _FOLDER,
    hosts: Annotated[
        str, typer.Option(envvar="GATEWAY_HOSTS", help="More names of the gateway, separated by spaces.")
    ] = "",
    owner: Annotated[
        list[str] | None, typer.Option(help="`PATH:UID`: gives a volume to the user that writes to it; repeat it.")
    ] = None,
) -> None:
    """Make every password, key and certificate that is missing. What is there stays; old certificates are renewed."""
    for path, _, user in (pair.rpartition(":") for pair in owner or []):
        os.chown(path, int(user), int(user))
    made = service.create(folder, hosts.split())
    told = f"made {', '.join(made.secrets)}" if made.secrets else "nothing was missing"
    typer.echo(f"Secrets: {told}; {made.files} files written.")


@app.command("list")
def list_() -> None:
    """List what `show` can show, and what it opens."""
    table = Table("Name", "Opens", box=None)
    for name, opens in PASSWORDS.items():
        table.add_row(name, opens)
    table.add_row(_AUTHORITY, "nothing: the certificate that browsers and curl may trust")
    Console().print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name from `slipway secrets list`.")], folder: FolderOption = _FOLDER
) -> None:
    """Print one password or token, or the authority's certificate, to standard output."""
    if name not in (*PASSWORDS, _AUTHORITY):
        raise LocalError(f"There is no secret {name!r}. `slipway secrets list` shows the names.")
    found = service.open_store(folder).get(name if name in PASSWORDS else f"{_AUTHORITY}-certificate")
    if found is None:
        raise LocalError(f"{folder} has no secret {name!r} yet. `slipway secrets create` makes it.")
    typer.echo(found)
