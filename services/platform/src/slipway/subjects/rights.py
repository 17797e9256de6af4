"""What a person may ask about the data that are held of them. Each function works in the caller's transaction."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.errors import NotFound
from slipway.keys.schemas import Keyset
from slipway.subjects import repository
from slipway.subjects.schemas import HoldView, StateChange, SubjectView
from slipway.subjects.service import named_subjects

_NOBODY = "There is no such subject."


async def find_subject(connection: AsyncConnection, keyset: Keyset, name_or_id: str) -> SubjectView:
    """Return a person by the platform's id, or by the name that the tenant uses.

    A name that looks like an id is looked up as both; the platform's own ids are random, and come first.

    Raises:
        NotFound: the tenant has no such subject.
    """
    tenant = UUID(keyset.tenant)
    row = await repository.find_subject(connection, tenant, _as_id(name_or_id), keyset.hash(name_or_id))
    if row is None:
        raise NotFound(_NOBODY)
    return _view(row)


async def find_named(connection: AsyncConnection, keyset: Keyset, name: str) -> UUID | None:
    """Return the id of the person whom the tenant calls so, if there is one."""
    row = await repository.find_subject(connection, UUID(keyset.tenant), None, keyset.hash(name))
    return row and UUID(str(row.id))


async def add_subject(connection: AsyncConnection, keyset: Keyset, actor: str, name: str) -> SubjectView:
    """Return the person of a name; one who is not known yet is from now on, so that their rights can be noted."""
    try:
        return await find_subject(connection, keyset, name)
    except NotFound:
        found = (await named_subjects(connection, keyset, {name}))[name]
    await audit.record(connection, UUID(keyset.tenant), actor, Action.SUBJECT_ADDED, f"subject/{found.id}")
    return await find_subject(connection, keyset, name)


async def change_states(
    connection: AsyncConnection, keyset: Keyset, actor: str, name_or_id: str, change: StateChange
) -> SubjectView:
    """Restrict a person's processing or lift that, note an objection or its withdrawal. Twice is fine.

    What was accepted and is not answered yet obeys as well, and what is worked on at this moment; see
    `slipway.jobs.leasing` and `slipway.subjects.gate`.

    Raises:
        NotFound: the tenant has no such subject.
    """
    tenant, found = UUID(keyset.tenant), await find_subject(connection, keyset, name_or_id)
    before = await repository.lock_subject(connection, tenant, found.id)
    if before is None:
        raise NotFound(_NOBODY)
    restricted_at, objected_at = (
        _since(before.restricted_at, change.restricted),
        _since(before.objected_at, change.objected),
    )
    await repository.set_states(connection, tenant, found.id, restricted_at, objected_at)
    for action in _changes(before, restricted_at, objected_at):
        await audit.record(connection, tenant, actor, action, f"subject/{found.id}")
    return found.model_copy(update={"restricted_at": restricted_at, "objected_at": objected_at})


def _since(before: datetime | None, wanted: bool | None) -> datetime | None:  # noqa: FBT001  # three states: on, off, as it is
    if wanted is None:
        return before
    return (before or clock.now()) if wanted else None


def _changes(before: Row[Any], restricted_at: datetime | None, objected_at: datetime | None) -> Iterator[Action]:
    if (before.restricted_at is None) != (restricted_at is None):
        yield Action.SUBJECT_RESTRICTED if restricted_at else Action.SUBJECT_RESTRICTION_LIFTED
    if (before.objected_at is None) != (objected_at is None):
        yield Action.SUBJECT_OBJECTED if objected_at else Action.SUBJECT_OBJECTION_WITHDRAWN


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _view(row: Row[Any]) -> SubjectView:
    held = row.hold_until is not None and row.hold_until > clock.now()
    return SubjectView(
        id=row.id,
        named=row.named,
        created_at=row.created_at,
        restricted_at=row.restricted_at,
        objected_at=row.objected_at,
        hold=HoldView(until=row.hold_until, reason=row.hold_reason) if held else None,
    )
