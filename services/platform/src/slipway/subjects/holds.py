"""Legal holds: while one is on a subject, nothing about them is deleted for its age."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.errors import Conflict, InvalidInput, NotFound
from slipway.subjects import repository


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold on one subject."""

    subject: UUID
    until: datetime
    reason: str
    """A reference, such as a case number, that says whom to ask. Nothing personal: it is stored as it is."""


async def hold(connection: AsyncConnection, tenant: UUID, order: Hold, actor: str) -> None:
    """Put a hold on a subject, or change the one that is there.

    Raises:
        NotFound: the tenant has no such subject.
        InvalidInput: the hold would be over already.
        Conflict: the subject is being erased, which nothing takes back.
    """
    if order.until <= clock.now():
        raise InvalidInput("A hold ends in the future: give a later date.")
    if not await repository.set_hold(connection, tenant, order.subject, order.until, order.reason):
        raise NotFound("The tenant has no such subject.")
    if await repository.is_being_erased(connection, order.subject):
        raise Conflict("The subject is being erased: it is too late for a hold.")
    resource = f"subject/{order.subject}"
    await audit.record(connection, tenant, actor, Action.SUBJECT_HELD, resource, until=order.until.isoformat())


async def release(connection: AsyncConnection, tenant: UUID, subject: UUID, actor: str) -> None:
    """Take a hold away. What is over its limit goes with the next run of the retention.

    Raises:
        NotFound: the tenant has no such subject.
    """
    if not await repository.set_hold(connection, tenant, subject, None, None):
        raise NotFound("The tenant has no such subject.")
    await audit.record(connection, tenant, actor, Action.SUBJECT_RELEASED, f"subject/{subject}")


async def keep_unheld(connection: AsyncConnection, tenant: UUID, subject: UUID) -> None:
    """Let nobody put a hold on a subject before the transaction ends, so that its data may be changed.

    Call it with the jobs locked whose items are to change: subjects come last.

    Raises:
        Conflict: a hold is on it.
    """
    if not await repository.keep_unheld(connection, tenant, subject, clock.now()):
        raise Conflict("A legal hold is on data of this person: they can be changed once the hold has ended.")


async def list_holds(connection: AsyncConnection, tenant: UUID) -> Sequence[Hold]:
    """Return the holds that are in force, the first to end first."""
    rows = await repository.held_subjects(connection, tenant, clock.now())
    return [Hold(row.id, row.hold_until, row.hold_reason) for row in rows]
