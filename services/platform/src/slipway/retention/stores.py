"""What the retention walks through: for each kind of row, how a batch of it is deleted and how one is looked at."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.retention import policies, repository
from slipway.retention.policies import Policy
from slipway.retention.schemas import Deleted, Position, Seen, Window

_JOBS_AT_ONCE = 50
_FIRST = (b"",)
_AGAIN: Position = ()
"""More of the same: what was there is gone."""


class Store(Protocol):
    """One kind of row. `after` is None for the first batch, then what the one before has returned."""

    policy: Policy
    of_a_tenant: bool
    """Whether each tenant's rows are deleted as that tenant; otherwise the system role deletes all of them."""

    async def delete(self, connection: AsyncConnection, window: Window, after: Position | None) -> Deleted:
        """Delete a batch."""
        ...

    async def look(self, connection: AsyncConnection, window: Window, after: Position | None) -> Seen:
        """Count a batch."""
        ...


class Jobs:
    """Jobs that ended long ago, with inputs, answers and the keys of who is not named in them."""

    policy = policies.JOBS
    of_a_tenant = True

    async def delete(self, connection: AsyncConnection, window: Window, after: Position | None) -> Deleted:
        """Delete items of some jobs, and once no item is left the jobs themselves."""
        page = await repository.due_jobs(connection, window, after, _JOBS_AT_ONCE)
        if not page:
            return Deleted(0, None)
        jobs = await repository.lock_jobs(connection, [job.id for job in page], window.cutoff)
        items = await repository.delete_items(connection, jobs, window)
        if items == window.at_once:
            # The same page again: some of it may be left.
            return Deleted(items, after or _AGAIN)
        return Deleted(items + await repository.delete_jobs(connection, jobs, window), _place(page))

    async def look(self, connection: AsyncConnection, window: Window, after: Position | None) -> Seen:
        """Count jobs and their items."""
        page = await repository.due_jobs(connection, window, after, _JOBS_AT_ONCE)
        found = await repository.look_at_jobs(connection, [job.id for job in page], window)
        return _seen(found, _place(page) if page else None)


class Subjects:
    """Pseudonyms and keys of people about whom nothing is stored any more."""

    policy = policies.SUBJECTS
    of_a_tenant = True

    async def delete(self, connection: AsyncConnection, window: Window, after: Position | None) -> Deleted:
        """Go through a page of the tenant's subjects, and delete who is left without anything."""
        page = await repository.page_of_subjects(connection, window, *(after or _FIRST))
        due = [subject.id for subject in page if subject.due and not subject.held]
        rows = await repository.delete_subjects(connection, due, window.now) if due else 0
        return Deleted(rows, (page[-1].pseudonym,) if page else None)

    async def look(self, connection: AsyncConnection, window: Window, after: Position | None) -> Seen:
        """Count in a page of the tenant's subjects."""
        page = await repository.page_of_subjects(connection, window, *(after or _FIRST))
        due = [subject.created_at for subject in page if subject.due and not subject.held]
        held = sum(subject.due and subject.held for subject in page)
        return Seen(len(due), held, min(due, default=None), (page[-1].pseudonym,) if page else None)


class Rows:
    """Rows that no hold concerns: the oldest first, as many at once as is allowed."""

    def __init__(
        self,
        policy: Policy,
        delete: Callable[[AsyncConnection, Window], Awaitable[int]],
        look: Callable[[AsyncConnection, Window], Awaitable[Row[Any]]],
        *,
        of_a_tenant: bool,
    ) -> None:
        self.policy = policy
        self.of_a_tenant = of_a_tenant
        self._delete = delete
        self._look = look

    async def delete(self, connection: AsyncConnection, window: Window, after: Position | None) -> Deleted:  # noqa: ARG002  # the rows before it are gone
        """Delete a batch."""
        rows = await self._delete(connection, window)
        return Deleted(rows, _AGAIN if rows == window.at_once else None)

    async def look(self, connection: AsyncConnection, window: Window, after: Position | None) -> Seen:  # noqa: ARG002  # it counts all in one statement
        """Count all of them."""
        return _seen(await self._look(connection, window), None)


STORES: tuple[Store, ...] = (
    Jobs(),
    Subjects(),
    Rows(policies.API_KEYS, repository.delete_api_keys, repository.look_at_api_keys, of_a_tenant=True),
    Rows(
        policies.IDEMPOTENCY_KEYS,
        repository.delete_idempotency_keys,
        repository.look_at_idempotency_keys,
        of_a_tenant=False,
    ),
    Rows(
        policies.WEBHOOK_EVENTS, repository.delete_webhook_events, repository.look_at_webhook_events, of_a_tenant=False
    ),
)
"""Jobs come before subjects: who is left without anything goes in the same run."""


def _place(page: Any) -> Position:
    return page[-1].created_at, page[-1].id


def _seen(found: Row[Any], after: Position | None) -> Seen:
    return Seen(int(found.due), int(found.held), found.oldest, after)
