"""`/v1/subjects/{id}/export`, and the exports that it makes."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.errors import Conflict, IdempotencyMismatch, InvalidInput, NotFound, RequestInProgress
from slipway.exports import service
from slipway.exports.package import head
from slipway.exports.recipient import RecipientRefused, parse_recipient
from slipway.exports.schemas import ExportView
from slipway.exports.service import Package
from slipway.keys.schemas import Keyset
from slipway.subjects.rights import find_subject
from slipway.tenants.schemas import Principal
from slipway_api.body import read_json
from slipway_api.documentation import AUTHENTICATED, READS_BODY, body_of, problems
from slipway_api.once import Once
from slipway_api.repeats import ClientKey, tell
from slipway_api.state import Api, ApiParts
from slipway_api.subjects.parameters import Reader, SubjectId, Writer
from slipway_api.subjects.schemas import NewExport

_PACKAGE = "application/octet-stream"
_BINARY = {"type": "string", "format": "binary"}
_REQUEST = problems(*AUTHENTICATED, *READS_BODY, NotFound, Conflict, RequestInProgress, IdempotencyMismatch)
_READ = problems(*AUTHENTICATED, InvalidInput, NotFound)
_FETCH = problems(*AUTHENTICATED, InvalidInput, NotFound, Conflict)
_LOCATION = {"headers": {"Location": {"description": "The export.", "schema": {"type": "string"}}}}


def add_routes(routes: APIRouter) -> None:
    """Add the routes of exports to those of subjects."""
    _add_request(routes)
    _add_reading(routes)
    _add_fetching(routes)


def _add_request(routes: APIRouter) -> None:
    @routes.post(
        "/{subject_id}/export",
        operation_id="exportSubject",
        summary="Have all that is held about a person made into a package that only you can open",
        status_code=202,
        responses={202: _LOCATION, **_REQUEST},
        openapi_extra=body_of(NewExport),
    )
    async def export(
        request: Request,
        response: Response,
        api: ApiParts,
        principal: Writer,
        subject_id: SubjectId,
        idempotency_key: ClientKey = None,
    ) -> ExportView:
        body = await read_json(request, api.platform.settings, NewExport)
        recipient, keep = _recipient(body.public_key), _keep(api)

        async def make(connection: AsyncConnection, keyset: Keyset) -> tuple[UUID, ExportView]:
            subject = await find_subject(connection, keyset, subject_id)
            made = await service.request_export(connection, principal, keyset, subject.id, recipient)
            return made, await service.get_export(connection, subject.id, made, keep)

        async def find(connection: AsyncConnection, keyset: Keyset, made: UUID) -> ExportView:
            subject = await find_subject(connection, keyset, subject_id)
            return await service.get_export(connection, subject.id, made, keep)

        once = Once(f"POST /v1/subjects/{subject_id}/export", idempotency_key, make, find, body.model_dump_json())
        made, repeated = await once.run(api, principal)
        tell(response, repeated=repeated)
        response.headers["Location"] = f"/v1/subjects/{made.subject_id}/exports/{made.id}"
        return made


def _add_reading(routes: APIRouter) -> None:
    @routes.get(
        "/{subject_id}/exports/{export_id}",
        operation_id="getExport",
        summary="See whether an export is ready, and until when it is kept",
        responses=_READ,
    )
    async def get_export(api: ApiParts, principal: Reader, subject_id: SubjectId, export_id: UUID) -> ExportView:
        keyset = await api.platform.keyring.keyset(principal.tenant_id)
        async with api.platform.database.transaction(principal.tenant_id) as connection:
            subject = await find_subject(connection, keyset, subject_id)
            return await service.get_export(connection, subject.id, export_id, _keep(api))


def _add_fetching(routes: APIRouter) -> None:
    @routes.get(
        "/{subject_id}/exports/{export_id}/package",
        operation_id="fetchExport",
        summary="Fetch the package; `slipway privacy open-export` opens it with your private key",
        response_class=StreamingResponse,
        responses={200: {"content": {_PACKAGE: {"schema": _BINARY}}}, **_FETCH},
    )
    async def fetch(api: ApiParts, principal: Reader, subject_id: SubjectId, export_id: UUID) -> StreamingResponse:
        keyset = await api.platform.keyring.keyset(principal.tenant_id)
        async with api.platform.database.transaction(principal.tenant_id) as connection:
            subject = await find_subject(connection, keyset, subject_id)
            package = await service.fetch_export(connection, principal, subject.id, export_id, _keep(api))
        first = await _part(api, principal, package, 0)
        named = {"Content-Disposition": f'attachment; filename="export-{export_id}.slipway"'}
        return StreamingResponse(_contents(api, principal, package, first), media_type=_PACKAGE, headers=named)


async def _contents(api: Api, principal: Principal, package: Package, first: bytes) -> AsyncIterator[bytes]:
    """Yield the whole package; the first part was read before the answer began, so that errors come before it."""
    yield head(package.id) + first
    for number in range(1, package.parts):
        yield await _part(api, principal, package, number)


async def _part(api: Api, principal: Principal, package: Package, number: int) -> bytes:
    async def read(keyset: Keyset) -> bytes:
        async with api.platform.database.transaction(principal.tenant_id) as connection:
            return await service.read_part(connection, keyset, package, number)

    return await api.platform.keyring.read(principal.tenant_id, read)


def _recipient(public_key: str) -> X25519PublicKey:
    try:
        return parse_recipient(public_key)
    except RecipientRefused as refused:
        mistake = {"pointer": "#/public_key", "code": "public_key", "detail": str(refused)}
        raise InvalidInput(f"#/public_key: {refused}", {"errors": [mistake]}) from None


def _keep(api: Api) -> timedelta:
    return timedelta(days=api.platform.settings.export_retention_days)
