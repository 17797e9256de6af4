"""Deletes the days of logs that are old enough, by the date in their names: no lifecycle feature is needed."""

from dataclasses import dataclass, replace

from slipway import clock
from slipway.logstore.days import expired
from slipway.logstore.errors import AWAY, LogStoreError
from slipway.logstore.store import LogStore, open_log_store
from slipway.logstore.template import index_template
from slipway.settings import Settings
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics

EVERY_SECONDS = 3600.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Expired:
    """What one run did to its end: days deleted, and steps that failed."""

    deleted: int = 0
    failed: int = 0


class Retention:
    """Any number of processes may run it: what one has deleted, the others find gone."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics

    async def run(self) -> Expired:
        """Delete what is old, and keep the template up to date. What fails is logged, counted, and tried next time."""
        if self._settings.log_store_url is None:
            return Expired()
        done = Expired()
        try:
            async with open_log_store(self._settings) as store:
                done = await self._expire(store)
                await store.put_template(index_template(self._settings.log_store_replicas))
        except LogStoreError as error:
            self._failed(error)
            return replace(done, failed=done.failed + 1)
        return done

    async def _expire(self, store: LogStore) -> Expired:
        deleted = failed = 0
        for name in expired(await store.indices(), clock.now().date(), self._settings.log_retention_days):
            try:
                await store.delete(name)
            except LogStoreError as error:
                if error.reason in AWAY:
                    raise
                self._failed(error)
                failed += 1
            else:
                self._metrics.inc(catalogue.LOG_INDICES_DELETED, outcome="deleted")
                log.info("log_index.deleted", index=name)
                deleted += 1
        return Expired(deleted, failed)

    def _failed(self, error: LogStoreError) -> None:
        self._metrics.inc(catalogue.LOG_INDICES_DELETED, outcome="failed")
        log.warning("log_store.failed", reason=error.reason)
