"""Erases a person: a tombstone that is not taken back, then every store, at last the key and the pseudonym.

It may be killed at any moment and be begun again by anybody: each step is a transaction that can be repeated, and what
was deleted is counted in the one that deletes it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.database import Database
from slipway.erasure import repository
from slipway.erasure.ledger import Entry, Ledger
from slipway.erasure.receipts import Backups
from slipway.erasure.schemas import Held, Person, Tombstone
from slipway.erasure.stores import AT_ONCE, LAST, STORES
from slipway.keys.endings import BACKUPS
from slipway.keys.repository import read_versions
from slipway.keys.schemas import KeyVersion
from slipway.settings import KeyProviderKind, Settings

_ROTATION_TAKES = timedelta(hours=1)
"""At most, until nothing needs the old version of a tenant's key, once a rotation may begin. Mostly it is a minute."""
_PASSES = 20
"""How often a person's stores are emptied again because more came in meanwhile, before the next worker's turn."""


class StillComing(Exception):  # noqa: N818  # it says what happened
    """Inputs about the person come in as fast as they are deleted. The erasure goes on a little later."""


class Eraser:
    """Erases people, each in short transactions of their tenant."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self._database = database
        self._ledger = ledger

    async def begin(self, connection: AsyncConnection, who: Person) -> Held | Tombstone:
        """Set the tombstone, unless a legal hold is in the way. From here on the erasure is not taken back."""
        now = clock.now()
        row = await repository.lock_subject(connection, who.id)
        if row is not None and row.hold_until is not None and row.hold_until > now:
            return Held(row.hold_until)
        await repository.begin(connection, who, now)
        return await repository.read_tombstone(connection, who)

    async def bury(self, tombstone: Tombstone) -> int:
        """Write the tombstone into the evidence, before anything is deleted; return its line."""
        if tombstone.line is not None:
            return tombstone.line
        line = await self._ledger.append(tombstone)
        async with self._database.transaction(tombstone.person.tenant) as connection:
            await repository.set_line(connection, tombstone.person, line.number)
        return line.number

    async def empty(self, who: Person) -> None:
        """Delete from every store what it has about the person, but for the key and the pseudonym."""
        for store in STORES:
            rows = -1
            while rows:
                async with self._database.transaction(who.tenant) as connection:
                    rows = await store.erase(connection, who.id, AT_ONCE)
                    if rows:
                        await repository.add_removed(connection, who.id, store.table, rows)

    async def end(self, connection: AsyncConnection, who: Person) -> bool:
        """Delete the key and the pseudonym in the caller's transaction; False: more has come in, empty it again."""
        row = await repository.lock_subject(connection, who.id)
        if not all([await store.is_empty(connection, who.id) for store in STORES]):
            return False
        if row is not None:
            # Now that nobody wraps it anew: a rotation may have done so since the beginning.
            await repository.note_key_versions(connection, who.id, row.created_at)
        for table, delete in LAST.items():
            await repository.add_removed(connection, who.id, table, await delete(connection, who.id))
        return True

    async def repeat(self, entry: Entry, actor: str) -> None:
        """Erase again somebody whom a restored backup has brought back. No hold of the backup's time is in the way.

        Raises:
            StillComing: inputs about them come in all the time.
        """
        who = entry.person
        for _ in range(_PASSES):
            await self.empty(who)
            async with self._database.transaction(who.tenant) as connection:
                if await self.end(connection, who):
                    await self._lay(connection, entry, actor)
                    return
        raise StillComing

    async def _lay(self, connection: AsyncConnection, entry: Entry, actor: str) -> None:
        who, line = entry.person, entry.number
        await repository.lay_tombstone(connection, who, line=line, begun_at=entry.begun_at, now=clock.now())
        await audit.record(connection, who.tenant, actor, Action.SUBJECT_ERASED_AGAIN, f"subject/{who.id}", line=line)


async def backups(
    connection: AsyncConnection, first: int | None, newest: int | None, erased_at: datetime, settings: Settings
) -> Backups:
    """Return from when nothing opens in a backup what the tenant's key has wrapped, from one version to another.

    A version that the key provider could not destroy opens older backups for as long as there are any. One that is not
    replaced yet has a date if the keys are backed up, which its destruction waits for; nobody can tell it otherwise.
    """
    if first is None or newest is None:
        return Backups(newest, None, certain=False)
    versions = await read_versions(connection)
    found = [each for each in versions if first <= each.version <= newest]
    if any(each.emptied_at is not None and each.destroyed_at is None for each in found):
        return Backups(newest, None, certain=True)
    ends = [each.destroyed_at for each in found if each.destroyed_at is not None]
    if len(ends) == len(found):
        return Backups(newest, max(ends, default=None), certain=True)
    backed_up = any(each.backed_up_at is not None for each in versions)
    return Backups(newest, _planned(versions, newest, erased_at, settings) if backed_up else None, certain=False)


def _planned(versions: Sequence[KeyVersion], newest: int, erased_at: datetime, settings: Settings) -> datetime:
    """Return when a version is destroyed, if the keys are backed up every day from now on.

    Its rotation begins when it is old enough, and those before it are destroyed.
    """
    period = timedelta(seconds=settings.erasure_rotation_seconds)
    old_enough = [each.created_at + period for each in versions if each.version == newest > 1]
    before = [each.retired_at + BACKUPS for each in versions if each.retired_at and each.ending]
    begins = max([erased_at, *old_enough, *before])
    kept = timedelta(days=settings.kms_deletion_days if settings.key_provider is KeyProviderKind.AWS_KMS else 0)
    return begins + _ROTATION_TAKES + BACKUPS + kept
