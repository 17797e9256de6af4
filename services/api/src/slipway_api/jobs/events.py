"""`GET /v1/jobs/{id}/events`: a job's progress as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel

from slipway.errors import InvalidInput, NotFound, Overloaded, Unauthenticated, Unavailable
from slipway.flags import Flag
from slipway.jobs.schemas import JobState
from slipway.jobs.watch import JobDeletion, Watch
from slipway.telemetry import catalogue
from slipway.tenants.schemas import Principal, Scope
from slipway_api.auth import Credentials, caller
from slipway_api.documentation import AUTHENTICATED, problems
from slipway_api.state import Api, ApiParts
from slipway_api.switches import require

EVENTS = "text/event-stream"
_RETRY_MILLISECONDS = 2_000
_BEAT_SECONDS = 15.0
_PACE_SECONDS = 0.2
"""A client gets at most one event in this time: many small chunks make many changes."""
_UNBUFFERED = {"X-Accel-Buffering": "no"}
_FINAL = (JobState.COMPLETED, JobState.CANCELLED)
_BEAT = format_sse_event(comment="")
_EXAMPLE = 'event: progress\ndata: {"id": ..., "state": "running", "revision": 7, ...}\nid: 7\nretry: 2000\n\n'
_RESPONSES = {
    200: {"content": {EVENTS: {"example": _EXAMPLE}}},
    **problems(*AUTHENTICATED, InvalidInput, NotFound, Overloaded),
}
_ABOUT = """
Each `progress` event has the job as its data, and the job's revision as its id. The first says how the job is now, also
after a reconnect, so that nothing has to be kept in between: `Last-Event-ID` may be sent and changes nothing. Further
ones follow when the job changes, at most five a second, never an older after a newer one. The stream ends behind the
first event with a job that is `completed` or `cancelled`, or with a `deleted` event.
"""


async def _watch(
    api: ApiParts, principal: Annotated[Principal, Depends(caller(Scope.JOBS_READ))], job_id: UUID
) -> AsyncIterator[Watch]:
    """Watch to the end of the answer, however it comes."""
    require(api, Flag.EVENT_STREAMS, principal, "Event streams are switched off at the moment. Poll the job instead.")
    try:
        async with api.announcements.watch(principal.tenant_id, job_id) as watch:
            yield watch
    except Overloaded:
        api.platform.metrics.inc(catalogue.REJECTED, reason="overloaded")
        raise


def add_events(routes: APIRouter) -> None:
    """Add the route."""

    @routes.get(
        "/{job_id}/events",
        operation_id="watchJob",
        summary="Watch how far a job is",
        description=_ABOUT,
        response_class=StreamingResponse,
        responses=_RESPONSES,
    )
    async def events(
        api: ApiParts, credentials: Credentials, watch: Annotated[Watch, Depends(_watch)]
    ) -> StreamingResponse:
        token = credentials.credentials if credentials else ""
        frames = _frames(watch, partial(_may_go_on, api, token))
        return StreamingResponse(frames, media_type=EVENTS, headers=_UNBUFFERED)


async def _frames(watch: Watch, may_go_on: Callable[[], Awaitable[bool]]) -> AsyncIterator[bytes]:
    beat = time.monotonic() + _BEAT_SECONDS
    while True:
        if await watch.changed(beat - time.monotonic()):
            job = watch.see()
            if watch.deleted:
                yield _event("deleted", None, JobDeletion(id=watch.job_id))
                return
            if job is not None:
                yield _event("progress", str(job.revision), job)
            if watch.ended or (job is not None and job.state in _FINAL):
                return
            await asyncio.sleep(_PACE_SECONDS)
        if time.monotonic() >= beat:
            if not await may_go_on():
                return
            yield _BEAT
            beat = time.monotonic() + _BEAT_SECONDS


def _event(name: str, number: str | None, data: BaseModel) -> bytes:
    return format_sse_event(event=name, id=number, data_str=data.model_dump_json(), retry=_RETRY_MILLISECONDS)


async def _may_go_on(api: Api, token: str) -> bool:
    """Tell whether the key is still good for it; one that cannot be looked up now is."""
    try:
        principal = await api.authenticator.authenticate(token)
    except Unauthenticated:
        return False
    except Unavailable:
        return True
    return Scope.JOBS_READ in principal.scopes
