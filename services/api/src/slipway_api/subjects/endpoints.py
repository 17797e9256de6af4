"""`/v1/subjects`."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.errors import IdempotencyMismatch, InvalidInput, NotFound, RequestInProgress
from slipway.keys.schemas import Keyset
from slipway.subjects import rights
from slipway.subjects.schemas import StateChange, SubjectView
from slipway.tenants.schemas import Principal
from slipway.workload.loader import AnyWorkload
from slipway_api.body import read_json
from slipway_api.documentation import AUTHENTICATED, READS_BODY, body_of, problems
from slipway_api.once import Once
from slipway_api.repeats import ClientKey, tell
from slipway_api.state import Api, ApiParts
from slipway_api.subjects import erasure, exports, rectification
from slipway_api.subjects.parameters import Reader, SubjectId, Writer
from slipway_api.subjects.schemas import NamedSubject, SubjectChange

_READ = problems(*AUTHENTICATED, InvalidInput, NotFound)
_LOOKUP = problems(*AUTHENTICATED, *READS_BODY, NotFound)
_ADD = problems(*AUTHENTICATED, *READS_BODY, NotFound, RequestInProgress, IdempotencyMismatch)
_ABOUT_CHANGE = """
Whatever is processed about the person obeys within five seconds: requests, inputs that wait, and inputs that a worker
has in hand. Inputs about them are answered with an error, `processing_restricted` or `processing_objected`; in a job
they are `dead`, and a retry brings them back once nothing stands against it. While a restriction is in force, results
about the person are not shown either.
"""


def router(workload: AnyWorkload) -> APIRouter:
    """Return the routes of the subjects."""
    routes = APIRouter(prefix="/v1/subjects", tags=["subjects"])
    _add_reading(routes)
    _add_naming(routes)
    _add_changes(routes)
    rectification.add_route(routes, workload)
    erasure.add_routes(routes)
    exports.add_routes(routes)
    return routes


def _add_reading(routes: APIRouter) -> None:
    @routes.post(
        "/lookup",
        operation_id="lookUpSubject",
        summary="Find a person by name, so that the name is in no URL",
        responses=_LOOKUP,
        openapi_extra=body_of(NamedSubject),
    )
    async def look_up(request: Request, api: ApiParts, principal: Reader) -> SubjectView:
        body = await read_json(request, api.platform.settings, NamedSubject)
        return await _find(api, principal, body.subject)

    @routes.get("/{subject_id}", operation_id="getSubject", summary="See what applies to a person", responses=_READ)
    async def get_subject(api: ApiParts, principal: Reader, subject_id: SubjectId) -> SubjectView:
        return await _find(api, principal, subject_id)


def _add_naming(routes: APIRouter) -> None:
    @routes.post(
        "",
        operation_id="addSubject",
        summary="Make a person known of whom nothing is stored yet, so that their rights can be noted",
        responses=_ADD,
        openapi_extra=body_of(NamedSubject),
    )
    async def add_subject(
        request: Request, response: Response, api: ApiParts, principal: Writer, idempotency_key: ClientKey = None
    ) -> SubjectView:
        body = await read_json(request, api.platform.settings, NamedSubject)

        async def make(connection: AsyncConnection, keyset: Keyset) -> tuple[UUID, SubjectView]:
            added = await rights.add_subject(connection, keyset, principal.key_id, body.subject)
            return added.id, added

        async def find(connection: AsyncConnection, keyset: Keyset, made: UUID) -> SubjectView:
            return await rights.find_subject(connection, keyset, str(made))

        once = Once("POST /v1/subjects", idempotency_key, make, find, body.model_dump_json())
        subject, repeated = await once.run(api, principal)
        tell(response, repeated=repeated)
        return subject


def _add_changes(routes: APIRouter) -> None:
    @routes.patch(
        "/{subject_id}",
        operation_id="changeSubject",
        summary="Restrict the processing of a person's data, note an objection, or take it back",
        description=_ABOUT_CHANGE,
        responses=_LOOKUP,
        openapi_extra=body_of(SubjectChange),
    )
    async def change(request: Request, api: ApiParts, principal: Writer, subject_id: SubjectId) -> SubjectView:
        body = await read_json(request, api.platform.settings, SubjectChange)
        keyset = await api.platform.keyring.keyset(principal.tenant_id)
        wanted = StateChange(body.restricted, body.objected)
        async with api.platform.database.transaction(principal.tenant_id) as connection:
            return await rights.change_states(connection, keyset, principal.key_id, subject_id, wanted)


async def _find(api: Api, principal: Principal, name_or_id: str) -> SubjectView:
    keyset = await api.platform.keyring.keyset(principal.tenant_id)
    async with api.platform.database.transaction(principal.tenant_id) as connection:
        return await rights.find_subject(connection, keyset, name_or_id)
