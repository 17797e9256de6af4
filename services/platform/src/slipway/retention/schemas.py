"""What a run of the retention goes by, and what it comes to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Deleted:
    """What one batch has deleted, and where the next one goes on; None: nowhere, that was the last."""

    rows: int
    after: Position | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look has found beyond the limit: rows that may go, rows that a hold keeps, the oldest of the former."""

    due: int
    held: int
    oldest: datetime | None
    after: Position | None = None


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

    def add(self, seen: Seen) -> None:
        """Count what a look has found."""
        self.due += seen.due
        self.held += seen.held
        if seen.oldest is not None:
            self.oldest = min(self.oldest or seen.oldest, seen.oldest)

    def overdue(self, now: datetime) -> timedelta:
        """Return how far the oldest row is beyond its limit; zero if none is."""
        return timedelta(0) if self.oldest is None else max(now - self.limit - self.oldest, timedelta(0))
