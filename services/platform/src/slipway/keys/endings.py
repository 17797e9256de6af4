"""When a version that was replaced may be destroyed.

What it had wrapped is in no older backup any more once it is gone: what took its place has to be in a newer one. And
what another process has read before the rotation, it may still use until its memory ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from slipway import clock
from slipway.keys.schemas import KeyVersion
from slipway.settings import Settings

BACKUPS = timedelta(days=1)
"""How often the keys are to be backed up."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a version that nothing in the database needs is not destroyed yet."""

    version: int
    backup: bool
    """What took its place is in no backup of the keys."""
    until: datetime
    """Before that, some process may still have the tenant's keys of before in its memory."""


def memory(settings: Settings) -> timedelta:
    """Return for how long a process may use keys after they were replaced: it keeps them, and took time to get them."""
    return timedelta(seconds=settings.tenant_key_ttl + settings.key_provider_timeout)


def waiting(versions: Sequence[KeyVersion], settings: Settings) -> list[Wait]:
    """Return what each version waits for that is wrapped anew and must not be destroyed yet; the oldest first."""
    found = [
        Wait(version.version, not in_backup(versions, version), version.retired_at + memory(settings))
        for version in versions
        if version.ending and version.retired_at and version.rewrapped_at
    ]
    return [wait for wait in found if wait.backup or clock.now() < wait.until]


def in_backup(versions: Sequence[KeyVersion], ended: KeyVersion) -> bool:
    """Tell whether all that `ended` had wrapped is in a backup of the keys as the newest version wraps it.

    Both moments are of PostgreSQL's clock: the backup has read what was committed when the last row was wrapped anew.
    """
    backup = versions[-1].backed_up_at
    return backup is not None and ended.rewrapped_at is not None and backup > ended.rewrapped_at


def overdue_for_rotation(versions: Sequence[KeyVersion], settings: Settings) -> timedelta:
    """Return for how long the newest version should have been replaced, or one that was replaced been destroyed.

    Nothing or less: all is in time. One that waits for a backup is not counted here.
    """
    ends = [versions[-1].created_at + timedelta(days=settings.tenant_key_days)]
    for version in versions:
        if version.ending and version.retired_at and version.rewrapped_at is None:
            ends.append(version.retired_at)
        elif version.ending and version.retired_at and in_backup(versions, version):
            backup = versions[-1].backed_up_at or version.retired_at
            ends.append(max(version.retired_at + memory(settings), backup))
    return clock.now() - min(ends)


def overdue_for_backup(versions: Sequence[KeyVersion]) -> timedelta:
    """Return for how long a backup of the keys should have been made that a version waits for; nothing or less: none.

    One a day is expected.
    """
    waits = [
        version.rewrapped_at + BACKUPS
        for version in versions
        if version.ending and version.rewrapped_at and not in_backup(versions, version)
    ]
    return clock.now() - min(waits) if waits else timedelta()
