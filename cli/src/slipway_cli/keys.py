"""`slipway keys`: API keys, and the encryption keys of the tenants."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Row

from slipway import clock
from slipway.keys.rotation import Rotated
from slipway.settings import Settings
from slipway.tenants import repository, service
from slipway.tenants.schemas import IssuedKey, KeyOrder, Scope
from slipway_cli import keybackup, rotation
from slipway_cli.database import open_database
from slipway_cli.errors import LocalError
from slipway_cli.stack.environment import local_settings
from slipway_cli.tenants import ACTOR, create_tenant, find_tenant

app = typer.Typer(add_completion=False, no_args_is_help=True)
TenantOption = Annotated[str, typer.Option("--tenant", help="Name of the tenant.")]
BackupFile = Annotated[Path, typer.Argument(help="File of the backup.")]
_HOUR = 3600
OneTenant = Annotated[str | None, typer.Option("--tenant", help="Name of a tenant. Default: all.")]


@app.command()
def create(
    tenant: TenantOption,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "default",
    scope: Annotated[list[Scope] | None, typer.Option(help="What it may do; repeat it. Default: everything.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires. Default: never.")] = None,
) -> None:
    """Issue an API key. It is printed once, and only its hash is stored."""
    try:
        expires_at = clock.now() + timedelta(days=days) if days else None
    except OverflowError:
        raise LocalError(
            f"No calendar reaches {days:,} days from now. Leave --days out: then it never expires."
        ) from None
    issued = asyncio.run(issue_key(local_settings(), tenant, KeyOrder(name, frozenset(scope or Scope), expires_at)))
    typer.echo(f"Key {issued.id} of {tenant}. Keep it now: it is not shown again.", err=True)
    typer.echo(issued.token.get_secret_value())


@app.command("list")
def list_(tenant: TenantOption) -> None:
    """List a tenant's keys."""
    table = Table("Key", "Name", "Scopes", "Expires", "Revoked", "Last used", box=None)
    for key in asyncio.run(_keys(local_settings(), tenant)):
        dates = (key.expires_at, key.revoked_at, key.last_used_at)
        table.add_row(key.id, key.name, " ".join(key.scopes), *(f"{at:%Y-%m-%d %H:%M}" if at else "-" for at in dates))
    Console().print(table)


@app.command()
def revoke(tenant: TenantOption, key: Annotated[str, typer.Argument(help="The key's id, not the key.")]) -> None:
    """Revoke a key. Within five seconds no process accepts it."""
    if not asyncio.run(_revoke(local_settings(), tenant, key)):
        raise LocalError(f"{tenant} has no key {key} in force. `slipway keys list --tenant {tenant}` shows all.")
    typer.echo(f"Revoked {key}.")


@app.command()
def rotate(tenant: OneTenant = None) -> None:
    """Replace tenants' encryption keys while everything goes on; once the new ones are backed up, destroy the old."""
    asyncio.run(rotation.rotate(local_settings(), tenant, _tell_rotated))


@app.command()
def versions(tenant: OneTenant = None) -> None:
    """List the versions of tenants' encryption keys, and what became of them."""
    table = Table("Tenant", "Version", "Made", "Retired", "Backed up", "Deleted here", "Dead everywhere", box=None)
    for name, found in asyncio.run(rotation.versions(local_settings(), tenant)).items():
        for key in found:
            dates = (key.created_at, key.retired_at, key.backed_up_at, key.emptied_at, key.destroyed_at)
            table.add_row(name, str(key.version), *(f"{at:%Y-%m-%d %H:%M}" if at else "-" for at in dates))
    Console().print(table)


@app.command()
def backup(
    file: BackupFile,
    every: Annotated[int | None, typer.Option(min=1, help="Hours until the next one, for ever. Default: one.")] = None,
) -> None:
    """Write the wrapped encryption keys into a file, in place of an older one. Keep it apart from the data."""
    while True:
        tenants, subjects = asyncio.run(keybackup.back_up(local_settings(), file))
        typer.echo(
            f"{file}: keys of {tenants:,} tenants, {subjects:,} subjects. Keep the newest alone, apart from the data."
        )
        if every is None:
            return
        time.sleep(every * _HOUR)


@app.command()
def restore(file: BackupFile) -> None:
    """Lay the keys of the newest backup over those of a restored database, before anything else is started."""
    tenants, changed = asyncio.run(keybackup.restore(local_settings(), file))
    typer.echo(f"Keys of {tenants:,} tenants are as in {file}; {changed:,} subjects' keys were new or wrapped anew.")


def _tell_rotated(name: str, done: Rotated) -> None:
    gone = ", ".join(str(version) for version in done.destroyed) or "none"
    how = "went on with" if done.resumed else "made"
    typer.echo(f"{name}: {how} version {done.version}; {done.rewrapped:,} keys wrapped anew; destroyed: {gone}.")
    for version in done.indestructible:
        typer.echo(
            f"{name}: the key provider cannot destroy version {version} alone. Older backups open until deleted."
        )
    for wait in done.waits:
        what = (
            "a backup of the keys (run: slipway keys backup FILE)" if wait.backup else "processes that may still use it"
        )
        typer.echo(
            f"{name}: version {wait.version} is kept, for it waits for {what}. A worker destroys it then, not before "
            f"{wait.until:%Y-%m-%d %H:%M:%S} UTC, or this command, run again."
        )


async def new_token(settings: Settings, tenant_name: str, *scopes: Scope) -> str:
    """Create a tenant with a key, which may do everything unless scopes are given, and return the key.

    Raises:
        LocalError: the name of the tenant is taken, or the key provider has no key.
    """
    await create_tenant(settings, tenant_name)
    issued = await issue_key(settings, tenant_name, KeyOrder("default", frozenset(scopes or Scope)))
    return issued.token.get_secret_value()


async def issue_key(settings: Settings, tenant_name: str, order: KeyOrder) -> IssuedKey:
    """Issue a key for a tenant.

    Raises:
        LocalError: there is no such tenant.
    """
    async with open_database(settings) as database:
        tenant = await find_tenant(database, tenant_name)
        async with database.transaction(tenant) as connection:
            return await service.issue_key(connection, tenant, order, ACTOR)


async def _keys(settings: Settings, tenant_name: str) -> Sequence[Row[Any]]:
    async with open_database(settings) as database:
        tenant = await find_tenant(database, tenant_name)
        async with database.transaction(tenant) as connection:
            return await repository.list_keys(connection)


async def _revoke(settings: Settings, tenant_name: str, key_id: str) -> bool:
    async with open_database(settings) as database:
        tenant = await find_tenant(database, tenant_name)
        async with database.transaction(tenant) as connection:
            return await service.revoke_key(connection, tenant, key_id, ACTOR)
