"""`slipway tenants`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated
from uuid import UUID, uuid4

import typer
from sqlalchemy.exc import IntegrityError

from slipway.database import Database
from slipway.keys.files import KeyFileError
from slipway.keys.provider import KeyIndestructible, KeyProvider, KeyProviderError, KeyProviderMisconfigured
from slipway.keys.providers import open_provider
from slipway.keys.schemas import WrappedKey
from slipway.keys.service import wrap_first_key
from slipway.settings import Settings
from slipway.tenants import repository, service
from slipway_cli.database import open_database
from slipway_cli.errors import LocalError
from slipway_cli.stack.environment import local_settings

ACTOR = "cli"
"""Who the audit log says it was."""

app = typer.Typer(add_completion=False, no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the tenant, unique in this installation.")]


@app.command()
def create(name: Name) -> None:
    """Create a tenant, with an encryption key of its own."""
    typer.echo(f"Created tenant {name} ({asyncio.run(create_tenant(local_settings(), name))}).")


@app.command("list")
def list_() -> None:
    """List the tenants."""
    for name, tenant in sorted(asyncio.run(_all(local_settings())).items()):
        typer.echo(f"{tenant}  {name}")


async def create_tenant(settings: Settings, name: str) -> UUID:
    """Create a tenant, and return its id.

    Raises:
        LocalError: the name is taken, or the key provider has no key.
    """
    tenant = uuid4()
    async with key_provider(settings) as provider, open_database(settings) as database:
        first_key = await wrap_first_key(provider, tenant)
        try:
            async with database.transaction(tenant) as connection:
                await service.create_tenant(connection, tenant, name, first_key, ACTOR)
        except IntegrityError:
            await _drop(provider, tenant, first_key)
            raise LocalError(f"There is a tenant named {name} already. `slipway tenants list` shows all.") from None
    return tenant


@asynccontextmanager
async def key_provider(settings: Settings) -> AsyncIterator[KeyProvider]:
    """Open the key provider for the length of the block; its errors are told as ours."""
    try:
        provider = open_provider(settings)
    except KeyFileError as error:
        raise LocalError(f"{error} `slipway up` makes the keys of a local stack.") from None
    except KeyProviderMisconfigured as error:
        raise LocalError(str(error)) from None
    try:
        yield provider
    except KeyProviderError as error:
        raise LocalError(f"{error} `slipway doctor` looks at the key provider.") from None
    finally:
        await provider.close()


async def _drop(provider: KeyProvider, tenant: UUID, key: WrappedKey) -> None:
    """Destroy the key of a tenant that was not made: at a key management service it costs money."""
    with suppress(KeyIndestructible):
        await provider.destroy(tenant=str(tenant), version=1, wrapped=key.wrapped)


async def find_tenant(database: Database, name: str) -> UUID:
    """Return the id of a tenant.

    Raises:
        LocalError: there is none of that name.
    """
    async with database.system_transaction() as connection:
        tenants = await repository.list_tenants(connection)
    if name not in tenants:
        raise LocalError(f"There is no tenant named {name}. `slipway tenants create {name}` makes one.")
    return tenants[name]


async def _all(settings: Settings) -> dict[str, UUID]:
    async with open_database(settings) as database, database.system_transaction() as connection:
        return await repository.list_tenants(connection)
