"""What an erasure goes through: each table that holds something about a person and says that erasure deletes it.

A test compares them with the inventory. A new table costs one line here, if its rows have a `subject_id`.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.erasure import repository
from slipway.exports.models import subject_export_parts, subject_exports
from slipway.jobs import repository as jobs
from slipway.jobs.models import job_items
from slipway.jobs.schemas import JobState
from slipway.keys.models import subject_keys
from slipway.subjects.models import subjects

AT_ONCE = 1_000
"""Rows that one transaction deletes: some milliseconds of work."""
_JOBS_AT_ONCE = 50


class Store(Protocol):
    """One table."""

    table: str

    async def erase(self, connection: AsyncConnection, subject: UUID, most: int) -> int:
        """Delete about `most` rows about a subject; return how many. 0: nothing is left."""
        ...

    async def is_empty(self, connection: AsyncConnection, subject: UUID) -> bool:
        """Tell whether nothing is left, without waiting for anybody's lock."""
        ...


class Items:
    """Inputs and answers. A job stays, with lower counts; one that is still being received goes as a whole.

    Somebody's input in a job that is received is only the first part of what the upload has about them: the sender is
    told, and sends it again. An upload that a legal hold on somebody else keeps is cancelled, and loses this person.
    """

    table = job_items.name

    async def erase(self, connection: AsyncConnection, subject: UUID, most: int) -> int:
        """Delete items from the next few jobs, which nobody else changes meanwhile."""
        found = await repository.jobs_of(connection, subject, items=most, jobs=_JOBS_AT_ONCE)
        locked = await repository.lock_jobs(connection, found)
        received = [job.id for job in locked if job.state == JobState.RECEIVING]
        rows = sum([await _discard(connection, job, subject) for job in received])
        return rows + await repository.delete_items(connection, [job.id for job in locked], subject, most)

    async def is_empty(self, connection: AsyncConnection, subject: UUID) -> bool:
        """Look for an item of any job."""
        return not await repository.has_rows(connection, self.table, subject)


class Rows:
    """Rows that nothing else counts or refers to."""

    def __init__(self, table: Table) -> None:
        self.table = table.name

    async def erase(self, connection: AsyncConnection, subject: UUID, most: int) -> int:
        """Delete the next rows."""
        return await repository.delete_rows(connection, self.table, subject, most)

    async def is_empty(self, connection: AsyncConnection, subject: UUID) -> bool:
        """Look for a row."""
        return not await repository.has_rows(connection, self.table, subject)


STORES: tuple[Store, ...] = (Items(), Rows(subject_export_parts), Rows(subject_exports))
"""Emptied first, in short transactions."""

LAST: dict[str, Callable[[AsyncConnection, UUID], Awaitable[int]]] = {
    subject_keys.name: repository.delete_keys,
    subjects.name: repository.delete_subject,
}
"""Emptied at last, in one transaction: the key and the pseudonym. Whatever was overlooked cannot be opened any more."""


async def _discard(connection: AsyncConnection, job: UUID, subject: UUID) -> int:
    """Delete an upload unless a legal hold keeps it; return how many rows about the subject have gone."""
    rows = await repository.count_in(connection, job, subject)
    await jobs.discard_upload(connection, job, clock.now())
    return rows - await repository.count_in(connection, job, subject)
