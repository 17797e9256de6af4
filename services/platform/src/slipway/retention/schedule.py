"""What a worker does of the retention again and again."""

from datetime import timedelta
from time import monotonic

from slipway import clock
from slipway.retention.schemas import Outcome
from slipway.retention.service import ClockError, Retention
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics

_PART = 2
"""What another worker has done within such a part of the time between two runs is not done again."""

log = get_logger(__name__)


class RetentionSchedule:
    """A run, and the metrics of what all workers' runs have come to."""

    def __init__(self, retention: Retention, metrics: Metrics, every: float) -> None:
        """Expect to be run every so many seconds."""
        self._retention = retention
        self._metrics = metrics
        self._fresh = timedelta(seconds=every / _PART)
        self._age, self._measured = 0.0, monotonic()

    async def run(self) -> None:
        """Run once, but for what another worker has just done, and tell how it went.

        Raises:
            Unavailable: PostgreSQL does not answer.
        """
        try:
            outcomes = await self._retention.run(unless_within=self._fresh)
        except ClockError:
            self._metrics.inc(catalogue.RETENTION_RUNS, outcome="refused")
            log.exception("retention.refused", reason="clock")
            return
        except Exception:
            self._metrics.inc(catalogue.RETENTION_RUNS, outcome="failed")
            raise
        self._tell(outcomes)
        await self._measure(outcomes)

    def _tell(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            store = outcome.policy.store
            self._metrics.inc(catalogue.RETENTION_DELETED, outcome.deleted, store=store)
            if outcome.deleted:
                log.info("retention.deleted", task=f"retention.{store}", count=outcome.deleted)
        failed = any(outcome.failed for outcome in outcomes)
        self._metrics.inc(catalogue.RETENTION_RUNS, outcome="failed" if failed else "succeeded")

    async def _measure(self, outcomes: list[Outcome]) -> None:
        states = await self._retention.states()
        now = clock.now()
        # Before there is a tenant nobody has noted anything, and nothing is overdue.
        overdue = {outcome.policy.store: 0.0 for outcome in outcomes}
        overdue |= {state.policy.store: state.overdue(now).total_seconds() for state in states}
        for store, seconds in overdue.items():
            self._metrics.set(catalogue.RETENTION_OVERDUE, seconds, store=store)
        ages = [(now - state.succeeded_at).total_seconds() for state in states]
        self._age, self._measured = max([0.0, *ages]), monotonic()
        self._metrics.follow(catalogue.RETENTION_AGE, lambda: self._age + monotonic() - self._measured)
