"""`slipway keys rotate` and `slipway keys versions`: the encryption keys of the tenants."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy.exc import DBAPIError

from slipway.composition import wire_rotation
from slipway.database import Database
from slipway.errors import Unavailable
from slipway.keys import repository as key_store
from slipway.keys.envelope import SealBroken
from slipway.keys.rewrapping import RotationBlocked
from slipway.keys.rotation import Rotated, Rotation
from slipway.keys.schemas import KeyVersion
from slipway.keys.service import Keyring
from slipway.settings import Settings
from slipway.tenants import repository
from slipway_cli.database import open_database
from slipway_cli.errors import LocalError
from slipway_cli.tenants import ACTOR, find_tenant, key_provider


def unheard(_name: str, _done: Rotated) -> None:
    """Tell nobody."""


async def rotate(
    settings: Settings, tenant: str | None, tell: Callable[[str, Rotated], None] = unheard
) -> dict[str, Rotated]:
    """Replace the key of a tenant, or of all, and show how far it is; return what was done by tenant.

    Args:
        settings: where the database and the key provider are.
        tenant: name of the tenant; None: all.
        tell: is told what was done for each tenant, at once.

    Raises:
        LocalError: there is no such tenant, or rotations could not go on. Those of other tenants were done, and what
            was done stays done.
    """
    done: dict[str, Rotated] = {}
    failed: list[str] = []
    async with open_database(settings) as database, _rotation(settings, database) as rotation:
        chosen = await _chosen(database, tenant)
        with _bars() as bars:
            for name in sorted(chosen):
                try:
                    done[name] = await _rotate_one(rotation, bars, name, chosen[name])
                except LocalError as error:
                    failed.append(str(error))
                else:
                    tell(name, done[name])
    if failed:
        raise LocalError("\n".join(failed))
    return done


async def versions(settings: Settings, tenant: str | None) -> dict[str, Sequence[KeyVersion]]:
    """Return the versions that each tenant's key has had.

    Raises:
        LocalError: there is no such tenant.
    """
    async with open_database(settings) as database:
        chosen = await _chosen(database, tenant)
        async with database.system_transaction() as connection:
            found = await key_store.every_version(connection)
        return {name: found.get(chosen[name], []) for name in sorted(chosen)}


@asynccontextmanager
async def _rotation(settings: Settings, database: Database) -> AsyncIterator[Rotation]:
    async with key_provider(settings) as provider:
        yield wire_rotation(database, provider, Keyring(database, provider, settings), settings)


async def _chosen(database: Database, tenant: str | None) -> dict[str, UUID]:
    if tenant is not None:
        return {tenant: await find_tenant(database, tenant)}
    async with database.system_transaction() as connection:
        return await repository.list_tenants(connection)


async def _rotate_one(rotation: Rotation, bars: Progress, name: str, tenant: UUID) -> Rotated:
    bar = bars.add_task(name, total=None)
    try:
        done = await rotation.rotate(tenant, ACTOR, lambda count, total: bars.update(bar, completed=count, total=total))
    except (RotationBlocked, LookupError) as error:
        raise LocalError(f"{name}: {error}") from error
    except (Unavailable, SealBroken, DBAPIError) as error:
        told = f"The database refused: {type(error.orig).__name__}." if isinstance(error, DBAPIError) else error
        raise LocalError(
            f"{name}: {told} What is done stays done: `slipway keys rotate --tenant {name}` goes on from there."
        ) from error
    return done


def _bars() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("keys"))
    return Progress(*columns, console=Console(stderr=True))
