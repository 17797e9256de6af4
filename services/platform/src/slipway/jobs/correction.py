"""Rectification: a stored input is replaced by the right one, and what was answered to the wrong one is redone."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.errors import Conflict, InvalidInput, NotFound
from slipway.jobs import repository
from slipway.jobs.schemas import ItemState, JobState, JobView, SealedItem
from slipway.jobs.sealing import seal_input
from slipway.jobs.service import fit_into_queue, lock_job
from slipway.keys.schemas import Keyset
from slipway.subjects.holds import keep_unheld
from slipway.subjects.rights import find_named, find_subject
from slipway.subjects.schemas import SubjectView
from slipway.tenants.schemas import Principal
from slipway.workload.privacy import subject_of


@dataclass(frozen=True, slots=True)
class Correction:
    """What is right, and which input it replaces."""

    subject: str
    """Of whom: the platform's id, or the tenant's name."""
    job_id: UUID
    ordinal: int
    input: BaseModel


async def correct(
    connection: AsyncConnection, keyset: Keyset, principal: Principal, correction: Correction, most_queued: int
) -> JobView:
    """Replace an input, delete what was answered to it, and queue it again; return its job.

    A worker that has the wrong input in hand loses its lease: its answer is not written. In a cancelled job nothing is
    queued; an answer that was there before goes all the same.

    Raises:
        NotFound: there is no such subject, job, or input about this subject.
        Conflict: the job is still being received, or a legal hold wants the input as it is.
        InvalidInput: the corrected input is about somebody else.
        QueueFull: too many inputs of the tenant would be unfinished.
    """
    subject = await find_subject(connection, keyset, correction.subject)
    job = await lock_job(connection, correction.job_id)
    if job.state is JobState.RECEIVING:
        raise Conflict("The job is receiving: its inputs can be corrected once it is queued.")
    item = await repository.find_item(connection, correction.job_id, correction.ordinal)
    if item is None or item.subject_id != subject.id:
        raise NotFound("There is no such input about this subject.")
    await keep_unheld(connection, principal.tenant_id, subject.id)
    await _check_about(connection, keyset, correction, subject)
    changed = await _replace(connection, keyset, correction, job, item)
    await fit_into_queue(connection, principal.tenant_id, most_queued)
    place = {"job": str(job.id), "ordinal": correction.ordinal}
    resource = f"subject/{subject.id}"
    await audit.record(connection, principal.tenant_id, principal.key_id, Action.SUBJECT_RECTIFIED, resource, **place)
    return changed


async def _check_about(
    connection: AsyncConnection, keyset: Keyset, correction: Correction, subject: SubjectView
) -> None:
    name = subject_of(correction.input)
    same = not subject.named if name is None else await find_named(connection, keyset, name) == subject.id
    if not same:
        detail = "It has to be about the same person. For another one delete the job, and send the input again."
        mistake = {"pointer": "#/input", "code": "other_subject", "detail": detail}
        raise InvalidInput(f"#/input: {detail}", {"errors": [mistake]})


async def _replace(
    connection: AsyncConnection, keyset: Keyset, correction: Correction, job: JobView, item: SealedItem
) -> JobView:
    key = keyset.subject_key(str(item.subject_id), item.wrapped_key)
    sealed = seal_input(key, UUID(keyset.tenant), job.id, item.ordinal, correction.input)
    changes: dict[str, Any] = {
        "succeeded": job.succeeded - (item.state is ItemState.SUCCEEDED),
        "dead": job.dead - (item.state is ItemState.DEAD),
    }
    if job.state is JobState.COMPLETED:
        changes |= {"state": JobState.QUEUED, "finished_at": None}
    if job.state is not JobState.CANCELLED:
        await repository.queue_item(connection, job.id, item.ordinal)
    await repository.replace_input(connection, job.id, item.ordinal, sealed)
    return JobView.model_validate(await repository.change_job(connection, job.id, **changes))
