"""What a run of the retention goes by, and what it comes to."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from slipway.retention.policies import Policy

Position = tuple[Any, ...]
"""Where the next batch goes on."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is due: rows whose age counts from before `cutoff`. A legal hold that ends by `now` is over."""

    cutoff: datetime
    now: datetime
    at_once: int
    """Most rows that one transaction deletes, or looks at."""

    def smaller(self) -> Self:
        """Return the same with a quarter as much at once."""
        return replace(self, at_once=max(self.at_once // 4, 1))


@dataclass(frozen=True, slots=True)
class Deleted:
    """What one batch has deleted, and where the next one goes on; None: nowhere, that was the last."""

    rows: int
    after: Position | None
    busy: bool = False
    """Whether it was left to somebody else who is at it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look has found beyond the limit: rows that may go, rows that a hold keeps, the oldest of the former."""

    due: int
    held: int
    oldest: datetime | None
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class State:
    """How one kind of row stands, for the tenant who is worst off."""

    policy: Policy
    limit: timedelta
    succeeded_at: datetime
    oldest: datetime | None

    def overdue(self, now: datetime) -> timedelta:
        """Return how far the oldest row that was left is beyond its limit; zero if none was."""
        return _beyond(self.oldest, self.limit, now)


@dataclass(slots=True)
class Outcome:
    """What a run has done with one kind of row, and what is beyond its limit afterwards."""

    policy: Policy
    limit: timedelta
    deleted: int = 0
    due: int = 0
    held: int = 0
    oldest: datetime | None = None
    failed: int = 0
    """Tenants for whom it did not come to its end."""
    busy: int = 0
    """Tenants who were left to somebody else who was at it."""
    too_slow: bool = False
    """Whether not even one row could be dealt with in time."""
    looked: bool = False
    """Whether what is left was looked at to the end."""

    def overdue(self, now: datetime) -> timedelta:
        """Return how far the oldest row that is left is beyond its limit; zero if none is."""
        return _beyond(self.oldest, self.limit, now)

    def add(self, batch: "Deleted | Seen | Outcome") -> None:
        """Count what a batch, or the run for one tenant, has come to."""
        if isinstance(batch, Deleted):
            self.deleted += batch.rows
            self.busy += batch.busy
            return
        if isinstance(batch, Outcome):
            self.deleted += batch.deleted
            self.failed += batch.failed
            self.busy += batch.busy
        self.due += batch.due
        self.held += batch.held
        if batch.oldest is not None:
            self.oldest = min(self.oldest or batch.oldest, batch.oldest)


def _beyond(oldest: datetime | None, limit: timedelta, now: datetime) -> timedelta:
    return timedelta(0) if oldest is None else max(now - limit - oldest, timedelta(0))
