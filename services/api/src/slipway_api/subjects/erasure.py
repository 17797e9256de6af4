"""`DELETE /v1/subjects/{subject_id}`, and the requests by which rights are answered."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from slipway.erasure import tracking
from slipway.erasure.schemas import TrackedRequest
from slipway.errors import InvalidInput, NotFound
from slipway.subjects.schemas import RequestView
from slipway.tenants.schemas import Principal
from slipway_api.documentation import AUTHENTICATED, problems
from slipway_api.state import Api, ApiParts
from slipway_api.subjects.parameters import Reader, SubjectId, Writer

_PROBLEMS = problems(*AUTHENTICATED, InvalidInput, NotFound)
_LOCATION: dict[int | str, dict[str, Any]] = {
    202: {"headers": {"Location": {"description": "Where to follow it.", "schema": {"type": "string"}}}}
}


def add_routes(routes: APIRouter) -> None:
    """Add the routes of erasure."""

    @routes.delete(
        "/{subject_id}",
        operation_id="eraseSubject",
        summary="Erase a person: everything held of them, and the key that opens it in backups",
        status_code=HTTPStatus.ACCEPTED,
        responses={**_LOCATION, **_PROBLEMS},
    )
    async def erase(response: Response, api: ApiParts, principal: Writer, subject_id: SubjectId) -> RequestView:
        request = await _ask_by_id(api, principal, subject_id) or await _ask(api, principal, subject_id)
        response.headers["Location"] = f"/v1/subjects/{request.subject_id}/requests/{request.id}"
        return request

    @routes.get(
        "/{subject_id}/requests/{request_id}",
        operation_id="getSubjectRequest",
        summary="Follow a request about a person; once it is done, with its signed receipt",
        responses=_PROBLEMS,
    )
    async def get_request(api: ApiParts, principal: Reader, subject_id: UUID, request_id: UUID) -> TrackedRequest:
        async with api.platform.database.transaction(principal.tenant_id) as connection:
            return await tracking.track(connection, subject_id, request_id)


async def _ask_by_id(api: Api, principal: Principal, subject_id: str) -> RequestView | None:
    """Ask without a key, so that an outage of the key service keeps nobody from it; None: it is no id of theirs."""
    try:
        subject = UUID(subject_id)
    except ValueError:
        return None
    async with api.platform.database.transaction(principal.tenant_id) as connection:
        return await tracking.ask_by_id(connection, principal, subject)


async def _ask(api: Api, principal: Principal, subject_id: str) -> RequestView:
    keyset = await api.platform.keyring.keyset(principal.tenant_id)
    async with api.platform.database.transaction(principal.tenant_id) as connection:
        return await tracking.ask(connection, keyset, principal, subject_id)
