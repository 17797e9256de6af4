"""The event loop of a worker process, in a thread of its own beside Celery's.

It polls for work, renews leases, seals the audit log and answers the tasks, also while Celery has no broker.
"""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, TypeVar

from slipway.audit.checkpointer import Checkpointer
from slipway.audit.sealer import Sealer
from slipway.background import Background
from slipway.composition import Platform, open_platform
from slipway.database.readiness import SchemaGate
from slipway.erasure.backups import EVERY_SECONDS as BACKUPS_SECONDS
from slipway.erasure.backups import BackupSchedule
from slipway.erasure.executor import ErasureExecutor
from slipway.erasure.gate import TombstoneGate
from slipway.erasure.ledger import Ledger
from slipway.erasure.replay import Replay
from slipway.errors import Unavailable
from slipway.exports.exporter import Exporter
from slipway.jobs.backlog import measure_backlog
from slipway.jobs.consumer import Consumer
from slipway.jobs.sweeper import Sweeper
from slipway.keys import schedule
from slipway.keys.watched import CHECK_SECONDS
from slipway.logstore.retention import EVERY_SECONDS
from slipway.logstore.retention import Retention as LogRetention
from slipway.process import announce_ready
from slipway.retention.schedule import RetentionSchedule
from slipway.retention.service import Retention
from slipway.review.checks import Reviewed
from slipway.review.service import LOOK_SECONDS, ReviewSchedule
from slipway.settings import Settings
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.server import ProbeServer
from slipway.telemetry.tracing import Tracing
from slipway.webhooks.dispatcher import Dispatcher
from slipway.webhooks.housekeeper import Housekeeper

ResultT = TypeVar("ResultT")

_FLAGS_SECONDS = 5.0
"""How long a start waits for the flag server's first answer; afterwards the bootstrap file decides."""

log = get_logger(__name__)


class Runtime:
    """Bridges Celery's thread into the loop. `start`, then tasks, then `stop`."""

    def __init__(self, settings: Settings, tracing: Tracing) -> None:
        self._settings = settings
        self._tracing = tracing
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="runtime")
        self._parts = AsyncExitStack()
        self._turns: set[asyncio.Task[bool]] = set()
        self._loaded, self._ready, self._stopping = threading.Event(), threading.Event(), threading.Event()
        self._drained: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Open the parts, load the model, wait for the schema, and begin to look for work. Raises what went wrong.

        After `drain` it returns as soon as the model is loaded, and nothing is begun.
        """
        self._thread.start()
        self._call(self._open())

    def turn(self) -> bool:
        """Work for a turn; return whether there may be more to do, for this process. Called by a task."""
        try:
            return self._call(self._turn())
        except CancelledError:  # by the drain, which gives its chunks back
            return False

    def sweep(self) -> None:
        """Take back what was left behind. Called by a task."""
        self._call(self._sweep())

    def expire_logs(self) -> None:
        """Delete the days of logs that are old enough. Called by a task."""
        self._call(self._expire_logs())

    def drain(self) -> None:
        """Start nothing new. Chunks not done in time are given back. Returns at once; repeated, it does nothing."""
        self._stopping.set()
        if self._ready.is_set():
            self._ready.clear()
            self._loop.call_soon_threadsafe(self._drain)

    def stop(self) -> None:
        """Drain, close the parts, and end the thread."""
        try:
            self._call(self._close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _call(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        future: Future[ResultT] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result()

    async def _open(self) -> None:
        platform = await self._parts.enter_async_context(open_platform(self._settings, self._tracing))
        schema, ledger = SchemaGate(platform.database), Ledger(platform.evidence)
        replay = Replay(platform.database, ledger, "worker")
        tombstones = TombstoneGate(platform.database, ledger, replay.run)
        self._serve_probes(platform, schema, tombstones)
        await platform.load()
        self._loaded.set()
        # What was switched off because it harms must not begin again with each restart.
        await asyncio.to_thread(platform.flags.settle, _FLAGS_SECONDS)
        await schema.wait(self._stopping.is_set)
        await tombstones.wait(self._stopping.is_set)
        if self._stopping.is_set():
            return
        self._dispatcher = await self._parts.enter_async_context(Dispatcher(platform))
        self._assemble(platform)
        beside = await self._parts.enter_async_context(Background())
        beside.every(self._settings.poll_seconds, "poll", self._poll)
        beside.every(self._settings.poll_seconds, "backlog", partial(measure_backlog, platform))
        beside.every(self._settings.seal_seconds, "seal", self._seal)
        beside.every(self._settings.checkpoint_seconds, "checkpoint", self._checkpoint)
        # The scheduler sweeps more often; this one also works while Redis or the scheduler is down.
        beside.every(self._settings.lease_seconds, "sweep", self._sweep)
        beside.every(self._settings.webhook_poll_seconds, "webhooks", self._dispatcher.dispatch)
        beside.every(self._settings.sweep_seconds, "webhooks.sweep", Housekeeper(platform).sweep)
        beside.every(EVERY_SECONDS, "logs.expire", self._expire_logs)
        beside.every(CHECK_SECONDS, "keys.check", platform.key_provider.check)
        beside.every(schedule.EVERY_SECONDS, "keys.rotate", self._rotate_keys)
        beside.every(self._settings.retention_every_seconds, "retention", self._retention.run)
        beside.every(LOOK_SECONDS, "privacy.review", self._review.run)
        beside.every(self._settings.poll_seconds, "erasure", self._erasures.run)
        beside.every(self._settings.poll_seconds, "erasure.measure", self._erasures.measure)
        beside.every(BACKUPS_SECONDS, "erasure.backups", self._backups.run)
        # Also where the database was exchanged for a restored one under processes that run.
        beside.every(BACKUPS_SECONDS, "erasure.replay", replay.run)
        beside.every(self._settings.poll_seconds, "exports", Exporter(platform).work)
        self._ready.set()
        announce_ready(self._settings)

    def _serve_probes(self, platform: Platform, schema: SchemaGate, tombstones: TombstoneGate) -> None:
        probes = ProbeServer(
            self._settings.metrics_host,
            self._settings.metrics_port,
            platform.metrics.registry,
            started=self._loaded.is_set,
            ready=lambda: self._ready.is_set() or schema.trouble or tombstones.trouble or False,
        )
        probes.start()
        self._parts.callback(probes.stop)

    def _assemble(self, platform: Platform) -> None:
        self._platform = platform
        self._consumer = Consumer(platform)
        self._sweeper = Sweeper(platform.database, platform.settings, platform.metrics)
        self._sealer = Sealer(platform.database, platform.signer, platform.evidence)
        self._checkpointer = Checkpointer(platform.database, platform.evidence, self._settings.checkpoint_seconds)
        platform.metrics.set(catalogue.AUDIT_CHECKPOINT_TIME, 0)
        self._keys = schedule.KeySchedule(platform.database, platform.rotation, platform.settings, platform.metrics)
        retention = Retention(platform.database, platform.settings)
        self._retention = RetentionSchedule(retention, platform.metrics, self._settings.retention_every_seconds)
        self._log_retention = LogRetention(platform.settings, platform.metrics)
        reviewed = Reviewed(platform.database, platform.settings, platform.workload)
        self._review = ReviewSchedule(reviewed, platform.evidence, platform.metrics)
        of_all = (platform.database, platform.evidence, platform.signer, platform.settings, platform.metrics)
        self._erasures = ErasureExecutor(*of_all)
        self._backups = BackupSchedule(platform.database, platform.rotation, platform.signer, platform.settings)
        log.info("worker.ready", workload=platform.workload.name, model=platform.workload.version)

    async def _close(self) -> None:
        try:
            if hasattr(self, "_consumer"):
                await self._drain()
        except Unavailable:
            # The leases run out, and whoever sweeps next hands the chunks back.
            log.warning("drain.incomplete", reason="unavailable")
        finally:
            await self._parts.aclose()

    def _drain(self) -> asyncio.Task[None]:
        """Begin to drain, unless that was done before; return the one task that does it."""
        if self._drained is None:
            self._consumer.drain()
            self._dispatcher.drain()
            self._drained = asyncio.create_task(self._cut_short(), name="drain")
        return self._drained

    async def _turn(self) -> bool:
        # A task of its own: the one that polls never ends, and a drain waits for turns.
        turn = asyncio.create_task(self._consumer.turn(), name="turn")
        self._turns.add(turn)
        turn.add_done_callback(self._turns.discard)
        try:
            return await turn
        except Unavailable:
            log.warning("turn.postponed", reason="unavailable")
            return False

    async def _cut_short(self) -> None:
        """Wait for the turns that run; cancel them when the time is over, and give their chunks back."""
        if self._turns:
            _, late = await asyncio.wait(self._turns, timeout=self._settings.drain_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._consumer.give_back()

    async def _poll(self) -> None:
        while await self._turn():
            pass

    async def _seal(self) -> None:
        try:
            sealed = await self._sealer.seal()
        except Exception:
            self._platform.metrics.inc(catalogue.AUDIT_SEALS, outcome="failed")
            raise
        self._platform.metrics.inc(catalogue.AUDIT_SEALS, outcome="failed" if sealed.failed else "succeeded")
        self._platform.metrics.inc(catalogue.AUDIT_ENTRIES, sealed.entries)
        self._platform.metrics.set(catalogue.AUDIT_UNSEALED_AGE, sealed.oldest_seconds)

    async def _checkpoint(self) -> None:
        try:
            newest = await self._checkpointer.checkpoint()
        except Exception:
            self._platform.metrics.inc(catalogue.AUDIT_CHECKPOINTS, outcome="failed")
            raise
        lacks = "lacks" in newest.body
        self._platform.metrics.inc(catalogue.AUDIT_CHECKPOINTS, outcome="failed" if lacks else "succeeded")
        if not lacks:
            self._platform.metrics.set(catalogue.AUDIT_CHECKPOINT_TIME, newest.at.timestamp())

    async def _sweep(self) -> None:
        try:
            await self._sweeper.sweep()
        except Exception as error:
            self._platform.metrics.inc(catalogue.SWEEPS, outcome="failed")
            if not isinstance(error, Unavailable):
                raise
            log.warning("sweep.postponed", reason="unavailable")

    async def _expire_logs(self) -> None:
        await self._log_retention.run()

    async def _rotate_keys(self) -> None:
        await self._keys.run()
