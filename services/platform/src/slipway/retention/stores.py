"""What the retention walks through: for each kind of row, how a batch of it is deleted and how one is looked at."""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.retention import policies, repository, rows
from slipway.retention.exports import Exports
from slipway.retention.policies import Policy
from slipway.retention.rows import Expiry
from slipway.retention.schemas import Deleted, Position, Seen, Window

_JOBS_AT_ONCE = 50
_ROWS_A_JOB = 20
"""A page has no more jobs than a transaction may take such numbers of rows."""
_AGAIN: Position = ()
"""More of the same: what was there is gone."""


class Store(Protocol):
    """One kind of row, of one tenant. `after` is empty for the first batch, then what the one before has returned."""

    policy: Policy

    async def delete(self, connection: AsyncConnection, window: Window, after: Position) -> Deleted:
        """Delete a batch."""
        ...

    async def look(self, connection: AsyncConnection, window: Window, after: Position) -> Seen:
        """Count a batch."""
        ...


class Jobs:
    """Jobs that ended long ago, with inputs, answers and the keys of who is not named in them."""

    policy = policies.JOBS

    async def delete(self, connection: AsyncConnection, window: Window, after: Position) -> Deleted:
        """Delete items of some jobs, and once no item is left the jobs themselves."""
        page = await repository.due_jobs(connection, window, after, _jobs(window))
        if not page:
            return Deleted(0, None)
        jobs = await repository.lock_jobs(connection, [job.id for job in page], window.cutoff)
        people = await repository.lock_people(connection, jobs, window)
        items = await repository.delete_items(connection, jobs, people, window)
        if len(people) == window.at_once:
            # The same page again: some of it may be left.
            return Deleted(items, after)
        return Deleted(items + await repository.delete_jobs(connection, jobs, window), _place(page))

    async def look(self, connection: AsyncConnection, window: Window, after: Position) -> Seen:
        """Count some items of each of some jobs; and a job itself once all its items were seen, unless it stays."""
        place, first, staying = after or (_AGAIN, 0, frozenset())
        page = await repository.due_jobs(connection, window, place, _jobs(window))
        found = await repository.look_at_jobs(connection, [job.id for job in page], window, first)
        staying |= {job.id for job in found if job.held or job.kept}
        ended = [] if any(job.more for job in found) else found
        going = [job for job in ended if job.id not in staying]
        oldest = min([job.since for job in going] + [job.since for job in found if job.free], default=None)
        due = sum(job.free for job in found) + len(going)
        held = sum(job.held for job in found) + len(ended) - len(going)
        if len(ended) < len(found):
            return Seen(due, held, oldest, (place, first + window.at_once, staying))
        return Seen(due, held, oldest, (_place(page), 0, frozenset()) if page else None)


class Subjects:
    """Pseudonyms and keys of people about whom nothing is stored any more; unnamed ones whose job is gone, last."""

    policy = policies.SUBJECTS

    async def delete(self, connection: AsyncConnection, window: Window, after: Position) -> Deleted:
        """Go through a page of the tenant's subjects, and delete who is left without anything."""
        page, place = await self._page(connection, window, after)
        due = [subject.id for subject in page if subject.due and not subject.held]
        deleted = await repository.delete_subjects(connection, due, window.now) if due else 0
        return Deleted(deleted, place)

    async def look(self, connection: AsyncConnection, window: Window, after: Position) -> Seen:
        """Count in a page of the tenant's subjects."""
        page, place = await self._page(connection, window, after)
        due = [subject.created_at for subject in page if subject.due and not subject.held]
        held = sum(subject.due and subject.held for subject in page)
        return Seen(len(due), held, min(due, default=None), place)

    async def _page(
        self, connection: AsyncConnection, window: Window, after: Position
    ) -> tuple[Sequence[Row[Any]], Position | None]:
        pseudonym, unnamed = after or (b"", UUID(int=0))
        if pseudonym is not None:
            page = await repository.page_of_subjects(connection, window, pseudonym)
            return page, (page[-1].pseudonym if page else None, unnamed)
        page = await repository.page_of_unnamed(connection, window, unnamed)
        return page, (None, page[-1].id) if page else None


class Rows:
    """Rows that no hold concerns: the oldest first, as many at once as is allowed."""

    def __init__(self, policy: Policy, expiry: Expiry) -> None:
        self.policy = policy
        self._expiry = expiry

    async def delete(self, connection: AsyncConnection, window: Window, after: Position) -> Deleted:  # noqa: ARG002  # the rows before it are gone
        """Delete a batch."""
        deleted = await self._expiry.delete(connection, window)
        return Deleted(deleted, _AGAIN if deleted == window.at_once else None)

    async def look(self, connection: AsyncConnection, window: Window, after: Position) -> Seen:
        """Count a page of them."""
        page = await self._expiry.look(connection, window, after)
        place = (page[-1].since, page[-1].id) if len(page) == window.at_once else None
        return Seen(len(page), 0, page[0].since if page else None, place)


STORES: tuple[Store, ...] = (
    Jobs(),
    Exports(),
    Subjects(),
    Rows(policies.API_KEYS, rows.API_KEYS),
    Rows(policies.IDEMPOTENCY_KEYS, rows.IDEMPOTENCY_KEYS),
    Rows(policies.WEBHOOK_EVENTS, rows.WEBHOOK_EVENTS),
)
"""Jobs and exports come before subjects: who is left without anything goes in the same run."""


def _jobs(window: Window) -> int:
    return max(min(_JOBS_AT_ONCE, window.at_once // _ROWS_A_JOB), 1)


def _place(page: Sequence[Row[Any]]) -> Position:
    return page[-1].created_at, page[-1].id
