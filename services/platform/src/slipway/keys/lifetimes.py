"""Until when what lies in backups can be opened: as long as the version of the tenant's key that wrapped it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.keys import repository
from slipway.keys.endings import BACKUPS
from slipway.keys.schemas import KeyVersion
from slipway.settings import KeyProviderKind, Settings


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a version of a tenant's key opens what it has wrapped."""

    version: int
    ends_at: datetime | None
    """From then on copies in backups are dead. None: not known yet, or never: they die with the backups."""
    certain: bool
    """It was destroyed, and nothing changes any more. Until then `ends_at` is when the schedule means to do it."""


async def when_backups_die(
    connection: AsyncConnection, subjects: Sequence[UUID], settings: Settings
) -> dict[UUID, Lifetime]:
    """Return, by subject, until when a backup can open what is about them, once their keys are gone from here.

    Call it in the tenant's transaction that deletes the keys, before they are deleted: it holds them. Keep the version:
    `lifetime` tells later what became of it. Subjects that have no key are left out.
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
    if found.retired_at is not None:
        # It waits for what has no date: rows that others hold, a backup of the keys.
        return Lifetime(found.version, None, certain=False)
    replaced_at = found.created_at + timedelta(days=settings.tenant_key_days)
    return Lifetime(found.version, replaced_at + BACKUPS + _kept(settings), certain=False)


def _kept(settings: Settings) -> timedelta:
    """Return for how long the key provider keeps a key that was destroyed."""
    days = settings.kms_deletion_days if settings.key_provider is KeyProviderKind.AWS_KMS else 0
    return timedelta(days=days)
