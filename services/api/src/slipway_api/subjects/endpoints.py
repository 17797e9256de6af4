"""`/v1/subjects`."""

from fastapi import APIRouter, Request

from slipway.errors import InvalidInput, NotFound
from slipway.subjects.rights import find_subject
from slipway.subjects.schemas import SubjectView
from slipway.tenants.schemas import Principal
from slipway_api.body import read_json
from slipway_api.documentation import AUTHENTICATED, READS_BODY, body_of, problems
from slipway_api.state import Api, ApiParts
from slipway_api.subjects.parameters import Reader, SubjectId
from slipway_api.subjects.schemas import NamedSubject

_READ = problems(*AUTHENTICATED, InvalidInput, NotFound)
_LOOKUP = problems(*AUTHENTICATED, *READS_BODY, NotFound)


def router() -> APIRouter:
    """Return the routes of the subjects."""
    routes = APIRouter(prefix="/v1/subjects", tags=["subjects"])
    _add_reading(routes)
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


async def _find(api: Api, principal: Principal, name_or_id: str) -> SubjectView:
    keyset = await api.platform.keyring.keyset(principal.tenant_id)
    async with api.platform.database.transaction(principal.tenant_id) as connection:
        return await find_subject(connection, keyset, name_or_id)
