"""Delivers: claim (commit), send with no transaction open, settle (commit).

Whatever is killed between any two lines loses nothing: the lease runs out, and the same event is sent again under the
same id. Receivers drop what they have seen; they may see an event twice, never not at all.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Row

from slipway.composition import Platform
from slipway.errors import Unavailable
from slipway.flags import Flag
from slipway.keys.schemas import Keyset
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.webhooks import queue, repository
from slipway.webhooks.schemas import Claim, Message, Outcome
from slipway.webhooks.sealing import EndpointSealer
from slipway.webhooks.sending import Sender
from slipway.webhooks.settlement import Fate, settle
from slipway.webhooks.targets import Targets

_MARGIN_SECONDS = 20.0
"""What a lease is longer than the time limit of sending: to read, to settle, and to outlast a short outage."""

_TRANSACTIONS = 2
"""Connections to PostgreSQL that all webhooks together take: jobs come first."""

_GATHER_SECONDS = 0.02
"""Pause before the next claim, for which more may have come to their end: a claim costs as much as a delivery."""

_POSTPONED_SECONDS = 10.0
_RETRY_SECONDS = 1.0

log = get_logger(__name__)


class Dispatcher:
    """Sends due webhooks on the event loop it was made on, a bounded number at a time."""

    def __init__(self, platform: Platform, targets: Targets | None = None) -> None:
        self._flags = platform.flags
        self._database = platform.database
        self._keyring = platform.keyring
        self._settings = platform.settings
        self._metrics = platform.metrics
        self._sender = Sender(platform.settings, targets or Targets(platform.settings))
        self._lease = platform.settings.webhook_timeout + _MARGIN_SECONDS
        self._tasks: set[asyncio.Task[None]] = set()
        self._left: dict[UUID, Claim] = {}
        self._turns = asyncio.Semaphore(_TRANSACTIONS)
        self._ends: float | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ends = self.drain()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=max(ends - time.monotonic(), 0.0))
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        # Without a database the leases run out, and another worker goes on.
        with suppress(Unavailable):
            await self._give_back(delay=0.0)
        await self._sender.close()

    def drain(self) -> float:
        """Start nothing new. Return until when (monotonic) what is under way may go on."""
        if self._ends is None:
            self._ends = time.monotonic() + self._settings.drain_seconds
        return self._ends

    async def dispatch(self) -> None:
        """Send until nothing is due, or sending is switched off, and nothing is under way.

        Raises:
            Unavailable: PostgreSQL does not answer. What is under way goes on.
        """
        while self._ends is None:
            await self._give_back()
            for claimed in await self._claim():
                self._start(claimed)
            if not self._tasks:
                return
            full = len(self._tasks) >= self._settings.webhook_concurrency
            patience = None if full else self._settings.webhook_poll_seconds
            await asyncio.wait(self._tasks, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(_GATHER_SECONDS)

    async def _claim(self) -> Sequence[Claim]:
        room = self._settings.webhook_concurrency - len(self._tasks)
        if room <= 0 or not self._flags.is_enabled(Flag.WEBHOOK_DELIVERY):
            return []
        async with self._database.system_transaction() as connection:
            return await queue.claim(
                connection, room, an_endpoint=self._settings.webhook_endpoint_concurrency, lease=self._lease
            )

    def _start(self, claimed: Claim) -> None:
        task = asyncio.create_task(self._deliver(claimed), name="webhook")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, claimed: Claim) -> None:
        done = False
        try:
            await self._attempt(claimed)
            done = True
        except Exception as error:  # an outage or a broken key is ours, not the receiver's
            self._metrics.inc(catalogue.WEBHOOK_ATTEMPTS, outcome="postponed")
            known = isinstance(error, Unavailable)
            log.warning(
                "webhook.postponed",
                delivery_id=str(claimed.id),
                tenant=str(claimed.tenant_id),
                reason=type(error).__name__,
                exc_info=None if known else error,
            )
        finally:
            if not done:
                self._left[claimed.id] = claimed

    async def _attempt(self, claimed: Claim) -> None:
        message = await self._keyring.read(claimed.tenant_id, partial(self._read, claimed))
        if message is None:
            return
        outcome = await self._sender.send(message)
        self._tell(claimed, outcome, await self._settle(claimed, outcome))

    async def _read(self, claimed: Claim, keyset: Keyset) -> Message | None:
        async with self._turns, self._database.transaction(claimed.tenant_id) as connection:
            row = await repository.read_message(connection, claimed)
        return None if row is None else _message(row, EndpointSealer(keyset, claimed.endpoint_id))

    async def _settle(self, claimed: Claim, outcome: Outcome) -> Fate:
        """Write the outcome, through a short outage: what is not written is sent again."""
        end = time.monotonic() + _MARGIN_SECONDS / 2
        while True:
            try:
                async with self._turns, self._database.transaction(claimed.tenant_id) as connection:
                    return await settle(connection, claimed, outcome, self._settings)
            except Unavailable:
                if time.monotonic() > end:
                    raise
            await asyncio.sleep(_RETRY_SECONDS)

    async def _give_back(self, delay: float = _POSTPONED_SECONDS) -> None:
        """Let wait again what was begun and not settled; those attempts do not count."""
        for claimed in list(self._left.values()):
            async with self._turns, self._database.transaction(claimed.tenant_id) as connection:
                await queue.give_back(connection, claimed, delay)
            self._left.pop(claimed.id, None)

    def _tell(self, claimed: Claim, outcome: Outcome, fate: Fate) -> None:
        self._metrics.inc(catalogue.WEBHOOK_ATTEMPTS, outcome=fate)
        self._metrics.observe(catalogue.WEBHOOK_DURATION, outcome.duration_ms / 1000)
        say = log.info if fate is Fate.DELIVERED else log.warning
        say(
            f"webhook.{fate}",
            tenant=str(claimed.tenant_id),
            webhook_id=str(claimed.endpoint_id),
            delivery_id=str(claimed.id),
            attempt=claimed.attempts,
            status=outcome.status,
            reason=outcome.reason,
        )


def _message(row: Row[Any], sealer: EndpointSealer) -> Message:
    secrets = [sealer.open("secret", row.secret)]
    if row.overlaps:
        secrets.append(sealer.open("previous_secret", row.previous_secret))
    return Message(row.id, row.payload.encode(), sealer.open("url", row.url), tuple(secrets))
