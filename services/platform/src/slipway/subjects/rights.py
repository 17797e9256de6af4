"""What a person may ask about the data that are held of them. Each function works in the caller's transaction."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.errors import NotFound
from slipway.keys.schemas import Keyset
from slipway.subjects import repository
from slipway.subjects.schemas import HoldView, SubjectView


async def find_subject(connection: AsyncConnection, keyset: Keyset, name_or_id: str) -> SubjectView:
    """Return a person by the platform's id, or by the name that the tenant uses.

    A name that looks like an id is looked up as both; the platform's own ids are random, and come first.

    Raises:
        NotFound: the tenant has no such subject.
    """
    tenant = UUID(keyset.tenant)
    row = await repository.find_subject(connection, tenant, _as_id(name_or_id), keyset.hash(name_or_id))
    if row is None:
        raise NotFound("There is no such subject.")
    return _view(row)


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _view(row: Row[Any]) -> SubjectView:
    held = row.hold_until is not None and row.hold_until > clock.now()
    return SubjectView(
        id=row.id,
        created_at=row.created_at,
        restricted_at=row.restricted_at,
        objected_at=row.objected_at,
        hold=HoldView(until=row.hold_until, reason=row.hold_reason) if held else None,
    )
