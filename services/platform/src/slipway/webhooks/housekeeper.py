"""Takes back what a killed worker was sending, and measures what waits."""

from slipway.composition import Platform
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.webhooks import queue, repository
from slipway.webhooks.schemas import Claim

_AT_ONCE = 200
"""Most that one sweep does: the next one follows in seconds."""

log = get_logger(__name__)


class Housekeeper:
    """Any number of processes may sweep: every step is decided by a token or in one statement."""

    def __init__(self, platform: Platform) -> None:
        self._database = platform.database
        self._metrics = platform.metrics

    async def sweep(self) -> None:
        """Sweep once.

        Raises:
            Unavailable: PostgreSQL does not answer.
        """
        await self._take_back()
        await self._measure()

    async def _take_back(self) -> None:
        async with self._database.system_transaction() as connection:
            expired = await queue.expired(connection, _AT_ONCE)
        taken_back = 0
        for claimed in expired:
            taken_back += await self._lost(claimed)
        if taken_back:
            self._metrics.inc(catalogue.WEBHOOK_ATTEMPTS, taken_back, outcome="lost")
            log.warning("webhooks.taken_back", count=taken_back)

    async def _lost(self, claimed: Claim) -> bool:
        async with self._database.transaction(claimed.tenant_id) as connection:
            lost = await queue.give_back(connection, claimed, 0.0)
            if lost:
                await repository.add_interruption(connection, claimed)
        return lost

    async def _measure(self) -> None:
        async with self._database.system_transaction() as connection:
            backlog = await queue.backlog(connection)
        self._metrics.set(catalogue.WEBHOOKS_PENDING, backlog.pending)
        self._metrics.set(catalogue.WEBHOOKS_OVERDUE, backlog.overdue_seconds)
        for state in ("enabled", "broken", "disabled"):
            self._metrics.set(catalogue.WEBHOOK_ENDPOINTS, getattr(backlog, state), state=state)
