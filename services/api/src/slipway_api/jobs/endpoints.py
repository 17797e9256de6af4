"""`/v1/jobs`."""

import json
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from slipway.errors import Conflict, IdempotencyMismatch, InvalidInput, NotFound, QueueFull, RequestInProgress
from slipway.jobs import service
from slipway.jobs.schemas import JobView
from slipway.settings import Settings
from slipway.tenants.schemas import Principal, Scope
from slipway.workload.loader import AnyWorkload
from slipway_api.auth import caller
from slipway_api.body import JSON, NDJSON
from slipway_api.documentation import AUTHENTICATED, READS_BODY, body_of, problems
from slipway_api.jobs.changes import Change
from slipway_api.jobs.events import add_events
from slipway_api.jobs.results import as_json, first_lines, read_page
from slipway_api.jobs.schemas import (
    JobPage,
    ListQuery,
    ResultsQuery,
    SubmitQuery,
    read_cursor,
    result_model,
    results_page_model,
    write_cursor,
)
from slipway_api.jobs.submission import Submission
from slipway_api.predictions.schemas import request_model
from slipway_api.repeats import ClientKey, tell
from slipway_api.state import ApiParts

_Reader = Annotated[Principal, Depends(caller(Scope.JOBS_READ))]
_Writer = Annotated[Principal, Depends(caller(Scope.JOBS_WRITE))]
_LIST = problems(*AUTHENTICATED, InvalidInput)
_READ = problems(*AUTHENTICATED, InvalidInput, NotFound)
_CHANGE = problems(*AUTHENTICATED, InvalidInput, NotFound, Conflict)
_RETRY = problems(*AUTHENTICATED, InvalidInput, NotFound, Conflict, QueueFull)
_SUBMIT = problems(*AUTHENTICATED, *READS_BODY, NotFound, RequestInProgress, IdempotencyMismatch, QueueFull)


def router(workload: AnyWorkload, settings: Settings) -> APIRouter:
    """Return the routes of the jobs of a workload."""
    routes = APIRouter(prefix="/v1/jobs", tags=["jobs"])
    _add_submission(routes, workload, settings)
    _add_reading(routes)
    add_events(routes)
    _add_results(routes, workload)
    _add_changes(routes)
    return routes


def _add_submission(routes: APIRouter, workload: AnyWorkload, settings: Settings) -> None:
    request_type = request_model(workload, settings.max_json_inputs)

    @routes.post(
        "",
        operation_id="submitJob",
        summary=f"Send up to {settings.max_json_inputs:,} inputs as JSON, up to {settings.max_job_inputs:,} as NDJSON",
        status_code=202,
        responses={
            202: {"headers": {"Location": {"description": "The job.", "schema": {"type": "string"}}}},
            **_SUBMIT,
        },
        openapi_extra=body_of(request_type, lines=True),
    )
    async def submit(
        request: Request,
        response: Response,
        api: ApiParts,
        principal: _Writer,
        query: Annotated[SubmitQuery, Query()],
        idempotency_key: ClientKey = None,
    ) -> JobView:
        submission = Submission(api, principal, request, request_type, query.priority)
        job, repeated = await submission.accept(idempotency_key)
        tell(response, repeated=repeated)
        if not repeated:
            await api.doorbell.ring()
        response.headers["Location"] = f"/v1/jobs/{job.id}"
        return job


def _add_reading(routes: APIRouter) -> None:
    @routes.get("", operation_id="listJobs", summary="List jobs, the newest first", responses=_LIST)
    async def list_jobs(api: ApiParts, principal: _Reader, query: Annotated[ListQuery, Query()]) -> JobPage:
        before = read_cursor(query.cursor) if query.cursor is not None else None
        async with api.platform.database.transaction(principal.tenant_id) as connection:
            found = await service.list_jobs(connection, state=query.state, before=before, limit=query.limit + 1)
        page = found[: query.limit]
        return JobPage(jobs=page, next=write_cursor(page[-1]) if len(found) > len(page) else None)

    @routes.get("/{job_id}", operation_id="getJob", summary="See how far a job is", responses=_READ)
    async def get_job(api: ApiParts, principal: _Reader, job_id: UUID) -> JobView:
        async with api.platform.database.transaction(principal.tenant_id) as connection:
            return await service.get_job(connection, job_id)


def _add_results(routes: APIRouter, workload: AnyWorkload) -> None:
    result_type = result_model(workload)
    page_type = results_page_model(result_type)

    @routes.get(
        "/{job_id}/results",
        operation_id="getResults",
        summary="Read the results, in the order of the inputs; all at once with `Accept: application/x-ndjson`",
        response_model=page_type,
        responses={200: {"content": {NDJSON: {"schema": {"type": "string"}}}}, **_READ},
    )
    async def results(
        request: Request, api: ApiParts, principal: _Reader, job_id: UUID, query: Annotated[ResultsQuery, Query()]
    ) -> Response:
        if NDJSON in request.headers.get("accept", ""):
            return StreamingResponse(await first_lines(api, principal, job_id), media_type=NDJSON)
        found = await read_page(api, principal, job_id, query.first, query.limit + 1)
        page = found[: query.limit]
        following = found[-1].ordinal if len(found) > len(page) else None
        return Response(
            json.dumps({"results": [as_json(result) for result in page], "next": following}), media_type=JSON
        )


def _add_changes(routes: APIRouter) -> None:
    @routes.post("/{job_id}/cancel", operation_id="cancelJob", summary="Cancel a job", responses=_CHANGE)
    async def cancel(
        response: Response, api: ApiParts, principal: _Writer, job_id: UUID, idempotency_key: ClientKey = None
    ) -> JobView:
        apply = partial(service.cancel_job, principal=principal, job_id=job_id)
        job, repeated = await Change("cancel", job_id, idempotency_key, apply).once(api, principal)
        tell(response, repeated=repeated)
        return job

    @routes.post(
        "/{job_id}/retry",
        operation_id="retryJob",
        summary="Try the dead inputs again",
        status_code=202,
        responses=_RETRY,
    )
    async def retry(
        response: Response, api: ApiParts, principal: _Writer, job_id: UUID, idempotency_key: ClientKey = None
    ) -> JobView:
        size, most = api.platform.settings.chunk_inputs, api.platform.settings.max_queued_inputs
        apply = partial(service.retry_dead, principal=principal, job_id=job_id, chunk_inputs=size, most_queued=most)
        job, repeated = await Change("retry", job_id, idempotency_key, apply).once(api, principal)
        tell(response, repeated=repeated)
        if not repeated:
            await api.doorbell.ring()
        return job

    @routes.delete(
        "/{job_id}",
        operation_id="deleteJob",
        summary="Delete a job and all its data",
        status_code=204,
        responses=_CHANGE,
    )
    async def delete(api: ApiParts, principal: _Writer, job_id: UUID) -> None:
        async with api.platform.database.transaction(principal.tenant_id) as connection:
            await service.delete_job(connection, principal, job_id)
