"""Deletes what is older than its limit, in bounded batches, and notes what is beyond it."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.database import Database
from slipway.database.engine import timed_out
from slipway.errors import Unavailable
from slipway.retention import runs
from slipway.retention.schemas import Deleted, Outcome, Position, Seen, State, Window
from slipway.retention.stores import STORES, Store
from slipway.settings import Settings
from slipway.telemetry.logs import get_logger
from slipway.tenants import repository as tenants

AT_ONCE = 1_000
"""Rows that one transaction deletes or looks at. A quarter as many, again and again, where that takes long."""
CLOCKS_DIFFER = timedelta(minutes=5)
"""Most that this machine's clock and the database's may be apart."""
_MOST_TOO_SLOW = 3
"""Kinds of rows in a row that may take too long. More is no matter of those rows: the server has enough to do."""
_ACTOR = "system"

Step = Callable[[AsyncConnection, Window, Position], Awaitable[Deleted | Seen]]

log = get_logger(__name__)


class ClockError(Exception):
    """The clocks of this machine and of the database differ: one would delete what is too young, so nothing is."""

    def __init__(self, difference: timedelta) -> None:
        ahead = "ahead of" if difference > timedelta(0) else "behind"
        super().__init__(
            f"This machine's clock is {abs(difference)} {ahead} the database's. Set both right: until then nothing is "
            "deleted, since one of them would have rows deleted before their time."
        )


class Retention:
    """Any number of processes may run it: what one is at, the others pass over."""

    def __init__(
        self, database: Database, settings: Settings, *, stores: Iterable[Store] = STORES, at_once: int = AT_ONCE
    ) -> None:
        self._database = database
        self._settings = settings
        self._stores = tuple(stores)
        self._at_once = at_once

    async def run(self, *, unless_within: timedelta = timedelta(0)) -> list[Outcome]:
        """Delete what is due, then look at what is left of it, and note that.

        What fails for one tenant and kind of row is logged and counted, and the rest is done.

        Args:
            unless_within: what came to its end so short a time ago, in whichever process, is not done again.

        Raises:
            ClockError: this machine's clock is not the database's.
            Unavailable: PostgreSQL does not answer.
        """
        return await self._each(unless_within=unless_within, dry_run=False)

    async def look(self) -> list[Outcome]:
        """Count what a run would delete now, and what a legal hold would keep from it. Nothing is changed.

        Raises:
            ClockError: this machine's clock is not the database's.
            Unavailable: PostgreSQL does not answer.
        """
        return await self._each(unless_within=timedelta(0), dry_run=True)

    async def states(self) -> list[State]:
        """Return how each kind of row stands, as the latest runs of all processes have noted it.

        Raises:
            Unavailable: PostgreSQL does not answer.
        """
        policies = {store.policy.store: store.policy for store in self._stores}
        async with self._database.system_transaction() as connection:
            found = await runs.states(connection, policies)
        return [
            State(policies[row.store], policies[row.store].limit(self._settings), row.succeeded_at, row.oldest)
            for row in found
        ]

    async def _each(self, *, unless_within: timedelta, dry_run: bool) -> list[Outcome]:
        now = clock.now()
        async with self._database.system_transaction() as connection:
            _compare(now, await runs.database_time(connection))
            known = list((await tenants.list_tenants(connection)).values())
            done = await runs.done_since(connection, now - unless_within) if unless_within else set()
        outcomes, too_slow = [], 0
        for store in self._stores:
            outcome = Outcome(store.policy, store.policy.limit(self._settings))
            for tenant in known:
                if (tenant, store.policy.store) not in done:
                    part = await self._one(store, tenant, now, dry_run=dry_run)
                    too_slow = too_slow + 1 if part.too_slow else 0
                    if too_slow == _MOST_TOO_SLOW:
                        raise Unavailable("The database is too slow to delete anything. Run the retention again later.")
                    outcome.add(part)
            outcomes.append(outcome)
        return outcomes

    async def _one(self, store: Store, tenant: UUID, now: datetime, *, dry_run: bool) -> Outcome:
        outcome = Outcome(store.policy, store.policy.limit(self._settings))
        window = Window(now - outcome.limit, now, self._at_once)
        if not dry_run:
            with _apart(outcome, tenant):
                await self._walk(tenant, window, _deleting(store, tenant), outcome)
        if outcome.busy:
            return outcome
        with _apart(outcome, tenant):
            await self._walk(tenant, window, store.look, outcome)
            outcome.looked = True
        if not dry_run:
            with _apart(outcome, tenant):
                async with self._database.transaction(tenant) as connection:
                    await runs.note(connection, tenant, outcome, now)
        return outcome

    async def _walk(self, tenant: UUID, window: Window, step: Step, outcome: Outcome) -> None:
        """Take step after step, each in a transaction of its own. One that takes too long is made shorter."""
        after: Position | None = ()
        while after is not None:
            try:
                async with self._database.transaction(tenant) as connection:
                    batch = await step(connection, window, after)
            except Unavailable as error:
                if not timed_out(error):
                    raise
                if window.at_once == 1:
                    outcome.too_slow = True
                    raise TimeoutError("not even one row at a time") from error
                window = window.smaller()
                continue
            outcome.add(batch)
            after = batch.after


def _deleting(store: Store, tenant: UUID) -> Step:
    policy = store.policy

    async def delete(connection: AsyncConnection, window: Window, after: Position) -> Deleted:
        if not await runs.take_turn(connection, tenant, policy.store):
            return Deleted(0, None, busy=True)
        batch = await store.delete(connection, window, after)
        if batch.rows:
            told = {"rows": batch.rows, "older_than": window.cutoff.isoformat()}
            await audit.record(connection, tenant, _ACTOR, Action.DATA_EXPIRED, f"retention/{policy.store}", **told)
        return batch

    return delete


def _compare(now: datetime, database: datetime) -> None:
    if clock.is_the_machines() and abs(now - database) > CLOCKS_DIFFER:
        raise ClockError(now - database)


@contextmanager
def _apart(outcome: Outcome, tenant: UUID) -> Iterator[None]:
    """Note a failure, so that it does not hold up the others; an outage ends the run."""
    try:
        yield
    except Unavailable:
        raise
    except Exception:
        log.exception("retention.failed", task=f"retention.{outcome.policy.store}", tenant=str(tenant))
        outcome.failed = 1
