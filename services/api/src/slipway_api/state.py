"""The parts of the API's process, opened and closed with it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request

from slipway.audit.buffer import AuditBuffer
from slipway.background import Background
from slipway.composition import Platform, open_platform
from slipway.database.readiness import SchemaGate
from slipway.erasure.gate import TombstoneGate
from slipway.erasure.ledger import Ledger
from slipway.errors import Unavailable
from slipway.flags import Flag
from slipway.jobs.announcements import REPEAT_SECONDS, Announcements
from slipway.jobs.backlog import measure_backlog
from slipway.jobs.doorbell import Doorbell
from slipway.serving.batcher import Batcher
from slipway.settings import Settings
from slipway.subjects.gate import REFRESH_SECONDS, SubjectGate
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.server import ProbeServer
from slipway.telemetry.tracing import Tracing
from slipway.tenants.authenticator import Authenticator
from slipway.webhooks.targets import Targets
from slipway_api.doorbell import CeleryDoorbell
from slipway_api.rates import RateLimiter

_FLUSH_SECONDS = 1.0
_SWITCH_SECONDS = 1.0
"""Pause between two looks whether streams that are open were switched off."""

log = get_logger(__name__)


@dataclass(frozen=True)
class Api:
    """What the endpoints work with."""

    platform: Platform
    batcher: Batcher
    authenticator: Authenticator
    rates: RateLimiter
    doorbell: Doorbell
    audit: AuditBuffer
    announcements: Announcements
    targets: Targets
    gate: SubjectGate
    tombstones: TombstoneGate
    running_keys: set[tuple[UUID, bytes]] = field(default_factory=set)
    """Tenants and hashes of the Idempotency-Keys that requests of this process are running under."""
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the process shall stop: what would go on without end, ends."""
    warm: threading.Event = field(default_factory=threading.Event)
    """Set once the process has started, as its probes say: nothing is left that only the first request would do."""


@asynccontextmanager
async def open_api(settings: Settings, tracing: Tracing) -> AsyncIterator[Api]:
    """Open the parts, load the model, and start what runs in the background."""
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(open_platform(settings, tracing))
        metrics, workload = platform.metrics, platform.workload
        warm, draining, schema = threading.Event(), asyncio.Event(), SchemaGate(platform.database)
        tombstones = TombstoneGate(platform.database, Ledger(platform.evidence))
        probes = ProbeServer(
            settings.metrics_host,
            settings.metrics_port,
            metrics.registry,
            started=warm.is_set,
            ready=lambda: warm.is_set() and not draining.is_set() and (schema.trouble or tombstones.trouble or True),
        )
        probes.start()
        stack.callback(probes.stop)
        doorbell = CeleryDoorbell(settings, workload.name, metrics, tracing)
        stack.callback(doorbell.close)
        await asyncio.gather(platform.load(), doorbell.open(), tombstones.look())
        api = Api(
            platform,
            Batcher(platform.predictor, settings, metrics, tracing),
            Authenticator(platform.database, settings),
            await stack.enter_async_context(RateLimiter(settings, metrics, tracing)),
            doorbell,
            AuditBuffer(platform.database, workload.name),
            Announcements(platform.database, settings),
            Targets(settings),
            SubjectGate(platform.database, platform.keyring),
            tombstones,
            draining=draining,
            warm=warm,
        )
        metrics.follow(catalogue.JOB_WATCHERS, api.announcements.count)
        # At the end after the background tasks: one that is stopped in the middle of a flush puts back what it held.
        stack.push_async_callback(partial(_flush, api))
        background = await stack.enter_async_context(Background())
        background.run("batcher", api.batcher.run())
        background.every(_FLUSH_SECONDS, "audit", api.audit.flush)
        background.every(_FLUSH_SECONDS, "last_used", api.authenticator.flush_last_used)
        background.every(REFRESH_SECONDS, "subjects", api.gate.follow)
        background.every(REPEAT_SECONDS, "announcements", api.announcements.follow)
        background.run("schema", _measure(platform, background, schema))
        background.run("tombstones", tombstones.wait())
        background.run("event_streams", _end_streams(api))
        background.every(_SWITCH_SECONDS, "event_streams.switch", partial(_end_switched_off, api))
        yield api


async def _measure(platform: Platform, background: Background, schema: SchemaGate) -> None:
    """Measure what is in the database, once it is there."""
    await schema.wait()
    background.every(platform.settings.poll_seconds, "backlog", partial(measure_backlog, platform))


async def _end_streams(api: Api) -> None:
    await api.draining.wait()
    api.announcements.end()


async def _end_switched_off(api: Api) -> None:
    flags = api.platform.flags
    api.announcements.end_unless(lambda tenant: flags.is_enabled(Flag.EVENT_STREAMS, tenant=str(tenant)))


async def _flush(api: Api) -> None:
    """Write what is left; what cannot be written in time is lost, as in a crash, and does not hold up the end."""
    for name, write in (("audit", api.audit.flush), ("last_used", api.authenticator.flush_last_used)):
        try:
            async with asyncio.timeout(api.platform.settings.database_timeout):
                await write()
        except (Unavailable, TimeoutError):
            log.warning("flush.lost", task=name, reason="unavailable")


def api_of(request: Request) -> Api:
    """Return the parts."""
    return cast("Api", request.app.state.api)


async def get_api(request: Request) -> Api:
    """Return the parts, for an endpoint. A coroutine, as FastAPI runs plain functions in threads."""
    return api_of(request)


ApiParts = Annotated[Api, Depends(get_api)]
