"""What is wrapped or sealed by a tenant's key itself, and has to be given to the next version when one ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.keys import repository
from slipway.keys.envelope import SealBroken, wrap_key
from slipway.keys.schemas import Keyset, subject_aad


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a few rows."""

    last: UUID | None
    """The row after which to go on; None: there are no more."""
    rewrapped: int
    broken: int = 0
    """Rows that do not open under the key that they name. They are left as they are."""


class Holder(Protocol):
    """One kind of rows. Each step works in the caller's transaction, on rows that nobody else holds."""

    async def needs(self, connection: AsyncConnection, version: int) -> bool:
        """Tell whether any row needs this version of the tenant's key."""
        ...

    async def count(self, connection: AsyncConnection, version: int) -> int:
        """Return how many rows do."""
        ...

    async def rewrap(self, connection: AsyncConnection, keyset: Keyset, old: int, after: UUID, most: int, /) -> Batch:
        """Give at most so many rows that need version `old`, and come after one, to the newest version."""
        ...


class IndexKeys:
    """The one index key of the tenant."""

    async def needs(self, connection: AsyncConnection, version: int) -> bool:
        """Tell whether this version wraps it."""
        return await repository.wraps_index_key(connection, version)

    async def count(self, connection: AsyncConnection, version: int) -> int:
        """Return 1 while this version wraps it."""
        return int(await self.needs(connection, version))

    async def rewrap(self, connection: AsyncConnection, keyset: Keyset, old: int, _after: UUID, _most: int, /) -> Batch:
        """Wrap it with the newest version."""
        new = keyset.current
        wrapped = keyset.index.wrap(new, keyset.tenant)
        return Batch(None, int(await repository.rewrap_index_key(connection, old, new.version, wrapped)))


class SubjectKeys:
    """The keys of the subjects, which may be millions."""

    async def needs(self, connection: AsyncConnection, version: int) -> bool:
        """Tell whether this version wraps any."""
        return await repository.wraps_subject_keys(connection, version)

    async def count(self, connection: AsyncConnection, version: int) -> int:
        """Return how many this version wraps."""
        return await repository.count_subject_keys(connection, version)

    async def rewrap(self, connection: AsyncConnection, keyset: Keyset, old: int, after: UUID, most: int, /) -> Batch:
        """Wrap the next ones with the newest version. Takes about 10 microseconds each."""
        rows = await repository.lock_subject_keys(connection, wrapped_by=old, after=after, most=most)
        done = [new for row in rows if (new := _rewrapped(keyset, row)) is not None]
        await repository.rewrap_subject_keys(connection, done, wrapped_by=keyset.current.version)
        return Batch(last_of(rows, most), len(done), len(rows) - len(done))


async def needed(holders: Sequence[Holder], connection: AsyncConnection, version: int) -> bool:
    """Tell whether anything needs this version of the tenant's key."""
    for holder in holders:
        if await holder.needs(connection, version):
            return True
    return False


def last_of(rows: Sequence[Row[Any]], most: int) -> UUID | None:
    """Return the first column of the last row, unless there were fewer than could have been."""
    return rows[-1][0] if len(rows) == most else None


def _rewrapped(keyset: Keyset, row: Row[Any]) -> tuple[UUID, int, bytes] | None:
    subject = str(row.subject_id)
    try:
        key = keyset.subject_key(subject, row.wrapped)
    except SealBroken:
        return None
    return row.subject_id, row.version, wrap_key(keyset.current, key, subject_aad(keyset.tenant, subject))
