"""Backup of the wrapped keys apart from the data.

When a version of a tenant's key is destroyed, all that it had wrapped in older backups is dead: also the keys of those
who are still there. Their keys of today, which the newest version wraps, bring such a backup to life again, but nobody
who was erased since. So the newest backup of the keys is kept, and no other.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from slipway.database import Database
from slipway.keys import copy_repository
from slipway.keys.copies import BackupBlocked, Copies, Line, Own, SealedRows, StoredVersion, sealed_by, shown
from slipway.keys.keyfiles import KeyFiles

PAGE = 5_000
"""Keys in one line of a backup."""

_NOBODY = UUID(int=0)


@dataclass
class TenantDump:
    """The wrapped keys of one tenant, as they are at one moment or became while they were read.

    What a rotation does meanwhile does no harm: each key is in here as one version or the next has wrapped it, and both
    versions are. Of a retired one that nothing in here needs there is no key file: a backup keeps nothing alive. What
    nothing opens any more, as it names a version that had ended before, is left out.
    """

    database: Database
    tenant: UUID
    sealed: Sequence[SealedRows]
    files: KeyFiles
    subjects: int = 0
    """Keys of subjects that were read."""
    _needed: set[int] = field(default_factory=set)
    _ended: set[int] = field(default_factory=set)

    async def lines(self) -> AsyncIterator[Line]:
        """Yield the keys of the subjects, then the tenant's own, which open them: `own` is the last line.

        Raises:
            BackupBlocked: a version ended meanwhile that opens what was yielded, so that it is of no use. Try again.
        """
        async with self.database.transaction(self.tenant) as connection:
            taken_at = await copy_repository.server_time(connection)
            self._ended = _ended(await copy_repository.read_stored(connection))
        async for rows in self._pages():
            self.subjects += len(rows)
            yield {
                "tenant": str(self.tenant),
                "subjects": [[str(row.subject_id), row.version, shown(row.wrapped)] for row in rows],
            }
        self.own = await self._own(taken_at)
        yield self.own.line()

    async def _pages(self) -> AsyncIterator[Sequence[Row[Any]]]:
        after = _NOBODY
        while True:
            async with self.database.transaction(self.tenant) as connection:
                rows = await copy_repository.read_subject_keys(connection, after, PAGE)
            if living := [row for row in rows if self._lives(row.wrapped)]:
                yield living
            if len(rows) < PAGE:
                return
            after = rows[-1].subject_id

    async def _own(self, taken_at: datetime) -> Own:
        async with self.database.transaction(self.tenant) as connection:
            index = await copy_repository.read_index_key(connection)
            sealed = {rows.name: await rows.dump(connection) for rows in self.sealed}
            # Last, so that each version is among them that anything before was wrapped with.
            versions = await copy_repository.read_stored(connection)
        for value in _values(index, sealed):
            self._lives(value)
        self._needed.update(stored.version for stored in versions if not stored.retired_at)
        if self._needed & _ended(versions):
            raise BackupBlocked(f"A version of the key of tenant {self.tenant} ended while its keys were read.")
        files = await self.files.read(self.tenant, self._needed)
        return Own(self.tenant, taken_at, tuple(versions), frozenset(self._needed), index, sealed, files)

    def _lives(self, sealed: bytes) -> bool:
        """Tell whether something may open an envelope, and remember which version that takes."""
        version = sealed_by(sealed)
        if version is None or version in self._ended:
            return False
        self._needed.add(version)
        return True


async def note_backup(database: Database, own: Own) -> None:
    """Note that a tenant's keys are in a backup, whose file is whole and cannot be lost by a crash any more."""
    async with database.transaction(own.tenant) as connection:
        await copy_repository.note_backup(connection, sorted(own.needed), own.taken_at)


def _ended(versions: Sequence[StoredVersion]) -> set[int]:
    return {stored.version for stored in versions if stored.emptied_at}


def _values(index: bytes | None, sealed: Mapping[str, Copies]) -> list[bytes]:
    columns = [value for copies in sealed.values() for row in copies.values() for value in row.values()]
    return [*columns, index] if index else columns
