"""The erasures that a tenant asks for, and what has come of them. Each works in the caller's transaction."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.erasure import repository
from slipway.erasure.schemas import ReceiptView, TrackedRequest
from slipway.errors import NotFound
from slipway.keys.schemas import Keyset
from slipway.subjects import requests
from slipway.subjects.rights import find_subject
from slipway.subjects.schemas import RequestKind, RequestOrder, RequestView
from slipway.tenants.schemas import Principal

DEADLINE = timedelta(minutes=5)
"""In which an erasure is done, unless a legal hold is in its way."""


async def ask(connection: AsyncConnection, keyset: Keyset, principal: Principal, name_or_id: str) -> RequestView:
    """Ask for the erasure of a person, by the platform's id or the tenant's own name. Asked again, it is the same one.

    Raises:
        NotFound: the tenant has no such subject, and has had none erased by that id.
    """
    try:
        subject = (await find_subject(connection, keyset, name_or_id)).id
    except NotFound:
        return _view(await _erased_before(connection, _id(name_or_id)))
    # Who was there a moment ago may just have been erased.
    return await ask_by_id(connection, principal, subject) or _view(await _erased_before(connection, subject))


async def ask_by_id(connection: AsyncConnection, principal: Principal, subject: UUID) -> RequestView | None:
    """Ask for the erasure of a person by the platform's id, which takes no key; None: there is nobody of that id."""
    # Whoever asks for the same at the same moment waits here, and then finds this one.
    if await repository.lock_subject(connection, subject) is None:
        return None
    earlier = await requests.unfinished(connection, subject, RequestKind.ERASURE)
    if earlier is not None:
        return _view(earlier)
    order = RequestOrder(RequestKind.ERASURE, subject, principal.key_id, clock.now() + DEADLINE)
    made = await requests.add_request(connection, principal.tenant_id, order)
    action, resource = Action.SUBJECT_ERASURE_ASKED, f"subject/{subject}"
    await audit.record(connection, principal.tenant_id, principal.key_id, action, resource, request=str(made.id))
    return _view(made)


async def track(connection: AsyncConnection, subject: UUID, request_id: UUID) -> TrackedRequest:
    """Return a request about a subject, who may be gone, with its receipt.

    Raises:
        NotFound: there is none of that id, or it is about somebody else.
    """
    row = await requests.find_request(connection, request_id)
    if row is None or row.subject_id != subject:
        raise NotFound("There is no such request.")
    held_until = await repository.held_until(connection, subject, clock.now())
    receipt = ReceiptView.of(row.receipt, row.receipt_signature, row.key_id) if row.receipt else None
    return TrackedRequest(**_view(row).model_dump(), held_until=held_until, receipt=receipt)


async def _erased_before(connection: AsyncConnection, subject: UUID) -> Row[Any]:
    found = await requests.requests_of(connection, subject)
    erasures = [row for row in found if row.kind == RequestKind.ERASURE]
    if not erasures:
        raise NotFound("There is no such subject.")
    return erasures[-1]


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such subject.") from None


def _view(row: Row[Any]) -> RequestView:
    return RequestView.model_validate(row)
