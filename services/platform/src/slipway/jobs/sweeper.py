"""Takes back what was left behind: expired leases and abandoned uploads."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from slipway import clock
from slipway.database import Database
from slipway.errors import Unavailable
from slipway.jobs import queue, repository
from slipway.jobs.losses import Fate, lose
from slipway.settings import Settings
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics

_AT_ONCE = 500
"""Most that one sweep takes back: the next one follows in seconds."""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep found."""

    chunks: int
    uploads: int
    failed: int


class Sweeper:
    """Any number of processes may sweep: every step is decided by a lock or a token in the database."""

    def __init__(self, database: Database, settings: Settings, metrics: Metrics) -> None:
        self._database = database
        self._settings = settings
        self._metrics = metrics

    async def sweep(self) -> Swept:
        """Sweep once. What fails for one job is logged and counted, and the rest is swept."""
        failed: list[UUID] = []
        chunks, uploads = await self._leases(failed), await self._uploads(failed)
        self._metrics.inc(catalogue.SWEEPS, outcome="failed" if failed else "succeeded")
        return Swept(chunks, uploads, len(failed))

    async def _leases(self, failed: list[UUID]) -> int:
        expired = await queue.expired(self._database, _AT_ONCE)
        fates: Counter[Fate] = Counter()
        for lost in expired:
            with _apart(lost.job_id, lost.tenant_id, failed):
                fate = await lose(self._database, lost, self._settings.max_attempts)
                fates[fate] += 1
                if fate is Fate.DEAD:
                    self._metrics.observe(catalogue.CHUNK_ATTEMPTS, lost.attempts)
        taken_back = fates.total() - fates[Fate.GONE]
        self._metrics.inc(catalogue.CHUNKS_HANDLED, taken_back, outcome="lost")
        self._metrics.inc(catalogue.ITEMS_FINISHED, fates[Fate.DEAD], outcome="dead")
        if taken_back:
            log.warning("leases.expired", count=taken_back)
        return taken_back

    async def _uploads(self, failed: list[UUID]) -> int:
        silent = await queue.abandoned(self._database, self._settings.receiving_seconds, _AT_ONCE)
        removed = 0
        for job_id, tenant in silent:
            with _apart(job_id, tenant, failed):
                async with self._database.transaction(tenant) as connection:
                    removed += await repository.discard_upload(connection, job_id, clock.now())
        return removed


@contextmanager
def _apart(job_id: UUID, tenant: UUID, failed: list[UUID]) -> Iterator[None]:
    """Note a failure, so that it does not hold up the other jobs; an outage ends the sweep."""
    try:
        yield
    except Unavailable:
        raise
    except Exception:
        log.exception("sweep.failed", job_id=str(job_id), tenant=str(tenant))
        failed.append(job_id)
