"""Until when what lies in backups can be opened: as long as the version of the tenant's key that wrapped it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.keys import repository
from slipway.keys.schemas import KeyVersion
from slipway.settings import Settings


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a version of a tenant's key opens what it has wrapped."""

    version: int
    ends_at: datetime | None
    """From then on copies in backups are dead. None: the provider cannot destroy it, and they die with the backups."""
    certain: bool
    """It was destroyed; otherwise `ends_at` is when the schedule will do it."""


async def when_backups_die(
    connection: AsyncConnection, subjects: Sequence[UUID], settings: Settings
) -> dict[UUID, Lifetime]:
    """Return, by subject, until when a backup can open what is about them, once their keys are gone from here.

    Call it in the tenant's transaction that deletes the keys, before they are deleted. Keep the version: `lifetime`
    tells later what became of it. Subjects that have no key are left out.
    """
    newest = await repository.last_wrapped_by(connection, subjects)
    versions = {found.version: found for found in await repository.read_versions(connection)}
    return {subject: _lifetime(versions[version], settings) for subject, version in newest.items()}


async def lifetime(connection: AsyncConnection, version: int, settings: Settings) -> Lifetime | None:
    """Return what became of a version of the tenant's key; None when it has had no such one."""
    found = [known for known in await repository.read_versions(connection) if known.version == version]
    return _lifetime(found[0], settings) if found else None


def _lifetime(found: KeyVersion, settings: Settings) -> Lifetime:
    if found.emptied_at is not None:
        return Lifetime(found.version, found.destroyed_at, certain=True)
    ends_at = found.retired_at or found.created_at + timedelta(days=settings.tenant_key_days)
    return Lifetime(found.version, ends_at, certain=False)
