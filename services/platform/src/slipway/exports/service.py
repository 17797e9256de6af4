"""Rules of the exports. Each function works in the transaction that the caller has opened for the tenant."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.errors import Conflict, NotFound
from slipway.exports import repository
from slipway.exports.schemas import ExportState, ExportView
from slipway.exports.sealing import ExportSealer, NoKeyError
from slipway.keys.schemas import Keyset
from slipway.subjects import requests
from slipway.subjects.schemas import RequestKind, RequestOrder, RequestState
from slipway.tenants.schemas import Principal

DEADLINE = timedelta(hours=1)
"""An export is made within seconds. The law grants a month (GDPR Art. 12(3)); an operator wants to know earlier."""

MOST_KEPT = 10
"""Exports of one person that are kept at once: each is a copy of all that is held of them."""

_STATES = {
    RequestState.RECEIVED: ExportState.WAITING,
    RequestState.HELD: ExportState.WAITING,
    RequestState.RUNNING: ExportState.RUNNING,
    RequestState.DONE: ExportState.READY,
    RequestState.FAILED: ExportState.FAILED,
}
_SOON = {"Retry-After": "2"}


@dataclass(frozen=True, slots=True)
class Package:
    """A package that may be fetched: parts from 0 on."""

    id: UUID
    subject_id: UUID
    parts: int


async def request_export(
    connection: AsyncConnection, principal: Principal, keyset: Keyset, subject: UUID, recipient: X25519PublicKey
) -> UUID:
    """Have an export made of all that is held about a subject of the tenant's; return its id.

    Raises:
        NotFound: they were erased just now.
        Conflict: there are many of the person's already, or nothing of what is held can be read.
    """
    kept = await repository.count_exports(connection, subject)
    if kept is None:
        raise NotFound("There is no such subject.")
    if kept >= MOST_KEPT:
        raise Conflict(f"{MOST_KEPT} exports of this person are kept, and no more may be: fetch one of them.")
    order = RequestOrder(RequestKind.EXPORT, subject, principal.key_id, clock.now() + DEADLINE)
    request = await requests.add_request(connection, principal.tenant_id, order)
    try:
        keys = await repository.wrapped_keys(connection, subject)
        sealer = ExportSealer.of(keyset, subject, request.id, keys)
    except NoKeyError:
        raise Conflict("The person's key is not there: nothing that is held about them can be read.") from None
    await repository.add_export(connection, principal.tenant_id, request.id, subject, sealer.seal_recipient(recipient))
    await _record(connection, principal, Action.EXPORT_REQUESTED, subject, request.id)
    return UUID(str(request.id))


async def get_export(connection: AsyncConnection, subject: UUID, export_id: UUID, keep: timedelta) -> ExportView:
    """Return an export, which is kept for so long.

    Raises:
        NotFound: the subject has none of that id, or it has expired.
    """
    return _view(await repository.find_export(connection, subject, export_id), keep)


async def fetch_export(
    connection: AsyncConnection, principal: Principal, subject: UUID, export_id: UUID, keep: timedelta
) -> Package:
    """Begin to fetch a package, and note that in the audit log.

    Raises:
        NotFound: as `get_export`.
        Conflict: it is not ready, or has failed.
    """
    row = await repository.find_export(connection, subject, export_id)
    view = _view(row, keep)
    if view.state is ExportState.FAILED:
        raise Conflict("The export has failed: ask for a new one.")
    if row is None or view.state is not ExportState.READY:
        raise Conflict("The export is not ready yet: come back in a moment.", headers=_SOON)
    await _record(connection, principal, Action.EXPORT_FETCHED, subject, export_id)
    return Package(export_id, subject, row.parts)


async def read_part(connection: AsyncConnection, keyset: Keyset, package: Package, number: int) -> bytes:
    """Return a part of a package, encrypted to its requester.

    Raises:
        NotFound: it has expired, or the person was erased, since its fetching began.
        KeysOutdated: see `Keyring.read`.
    """
    sealed = await repository.read_part(connection, package.id, number)
    keys = await repository.wrapped_keys(connection, package.subject_id)
    if sealed is None or not keys:
        raise NotFound("The export is not kept any more.")
    return ExportSealer.of(keyset, package.subject_id, package.id, keys).open_part(number, sealed)


def _view(row: Row[Any] | None, keep: timedelta) -> ExportView:
    expires_at = None if row is None or row.finished_at is None else row.finished_at + keep
    if row is None or (expires_at is not None and expires_at <= clock.now()):
        raise NotFound("There is no such export, or not any more.")
    state = _STATES[RequestState(row.state)]
    ready = state is ExportState.READY
    return ExportView(
        id=row.id,
        subject_id=row.subject_id,
        state=state,
        created_at=row.created_at,
        deadline=row.deadline,
        finished_at=row.finished_at,
        expires_at=expires_at,
        records=row.records if ready else None,
    )


async def _record(
    connection: AsyncConnection, principal: Principal, action: Action, subject: UUID, export_id: UUID
) -> None:
    await audit.record(
        connection, principal.tenant_id, principal.key_id, action, f"subject/{subject}", export=str(export_id)
    )
