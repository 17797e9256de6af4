"""`POST /v1/subjects/{subject_id}/rectify`."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.errors import Conflict, IdempotencyMismatch, NotFound, QueueFull, RequestInProgress
from slipway.jobs.correction import Correction, correct
from slipway.jobs.schemas import JobView
from slipway.jobs.service import get_job
from slipway.keys.schemas import Keyset
from slipway.workload.loader import AnyWorkload
from slipway_api.body import read_json
from slipway_api.documentation import AUTHENTICATED, READS_BODY, body_of, problems
from slipway_api.once import Once
from slipway_api.repeats import ClientKey, tell
from slipway_api.state import ApiParts
from slipway_api.subjects.parameters import SubjectId, Writer
from slipway_api.subjects.schemas import correction_model

_RESPONSES = problems(
    *AUTHENTICATED, *READS_BODY, NotFound, Conflict, RequestInProgress, IdempotencyMismatch, QueueFull
)
_LOCATION: dict[int | str, dict[str, Any]] = {
    202: {"headers": {"Location": {"description": "The job.", "schema": {"type": "string"}}}}
}
_ABOUT = """
The stored input is replaced. What was answered to the wrong one is deleted, also in a job that was completed: the job
is queued again, and its other results stay. An answer that a worker has on its way is not written. In a cancelled job
nothing is answered any more. Answers that were fetched before have to be corrected where they went.
"""


def add_route(routes: APIRouter, workload: AnyWorkload) -> None:
    """Add the route to those of subjects."""
    correction_type: Any = correction_model(workload)

    @routes.post(
        "/{subject_id}/rectify",
        operation_id="rectifySubject",
        summary="Replace a stored input by the right one, and have it answered anew",
        description=_ABOUT,
        status_code=202,
        responses={**_LOCATION, **_RESPONSES},
        openapi_extra=body_of(correction_type),
    )
    async def rectify(
        request: Request,
        response: Response,
        api: ApiParts,
        principal: Writer,
        subject_id: SubjectId,
        idempotency_key: ClientKey = None,
    ) -> JobView:
        body = await read_json(request, api.platform.settings, correction_type)
        correction = Correction(subject_id, body.job_id, body.ordinal, body.input)

        async def make(connection: AsyncConnection, keyset: Keyset) -> tuple[UUID, JobView]:
            most = api.platform.settings.max_queued_inputs
            return body.job_id, await correct(connection, keyset, principal, correction, most)

        async def find(connection: AsyncConnection, _: Keyset, job_id: UUID) -> JobView:
            return await get_job(connection, job_id)

        route = f"POST /v1/subjects/{subject_id}/rectify"
        job, repeated = await Once(route, idempotency_key, make, find, body.model_dump_json()).run(api, principal)
        tell(response, repeated=repeated)
        if not repeated:
            await api.doorbell.ring()
        response.headers["Location"] = f"/v1/jobs/{job.id}"
        return job
