"""Rules of the jobs. Each function works in the transaction that the caller has opened for the tenant."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.errors import Conflict, NotFound, QueueFull
from slipway.jobs import repository
from slipway.jobs.schemas import JobState, JobView, SealedItem
from slipway.tenants.schemas import Principal


async def get_job(connection: AsyncConnection, job_id: UUID) -> JobView:
    """Return a job.

    Raises:
        NotFound: there is none of that id, or it is another tenant's.
    """
    return _view(await repository.find_job(connection, job_id))


async def find_jobs(connection: AsyncConnection, ids: Collection[UUID]) -> list[JobView]:
    """Return those of the jobs that there are, in no order."""
    return [_view(row) for row in await repository.find_jobs(connection, ids)]


async def lock_job(connection: AsyncConnection, job_id: UUID) -> JobView:
    """Return a job, and let nobody else change it before the transaction ends.

    Raises:
        NotFound: as `get_job`.
    """
    return _view(await repository.lock_job(connection, job_id))


async def list_jobs(
    connection: AsyncConnection, *, state: JobState | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[JobView]:
    """Return a page of jobs, the newest first."""
    rows = await repository.list_jobs(connection, state=state, before=before, limit=limit)
    return [_view(row) for row in rows]


async def cancel_job(connection: AsyncConnection, principal: Principal, job_id: UUID) -> JobView:
    """Cancel a job: no chunk of it starts any more, and none that runs is written. Cancelling twice is fine.

    Raises:
        NotFound: no such job.
        Conflict: it is already completed, or still being received.
    """
    job = await lock_job(connection, job_id)
    if job.state is JobState.CANCELLED:
        return job
    if job.state in (JobState.COMPLETED, JobState.RECEIVING):
        raise Conflict(f"The job is {job.state}: only a queued or running job can be cancelled.")
    changed = await repository.change_job(connection, job_id, state=JobState.CANCELLED, finished_at=func.now())
    await repository.drop_chunks(connection, job_id)
    await _record(connection, principal, Action.JOB_CANCELLED, job_id)
    return _view(changed)


async def check_queue(connection: AsyncConnection, most: int) -> None:
    """Look, before any work is done, whether the tenant's queue is full.

    Raises:
        QueueFull: `most` inputs of the tenant are unfinished.
    """
    queued = await repository.queued_inputs(connection)
    if queued >= most:
        raise _queue_full(queued, most)


async def fit_into_queue(connection: AsyncConnection, tenant: UUID, most: int) -> None:
    """Look, after inputs were queued and before the commit, whether they still fit. Those of one tenant take turns.

    Raises:
        QueueFull: more than `most` inputs would be unfinished.
    """
    await repository.hold_queue(connection, tenant)
    queued = await repository.queued_inputs(connection)
    if queued > most:
        raise _queue_full(queued, most)


async def retry_dead(
    connection: AsyncConnection, principal: Principal, job_id: UUID, chunk_inputs: int, most_queued: int
) -> JobView:
    """Queue the dead inputs of a completed job again.

    Raises:
        NotFound: no such job.
        Conflict: it is not completed, or has no dead inputs.
        QueueFull: too many inputs of the tenant would be unfinished.
    """
    job = await lock_job(connection, job_id)
    if job.state is not JobState.COMPLETED:
        raise Conflict(f"The job is {job.state}: dead inputs are retried once it is completed.")
    revived = await repository.revive_dead_items(connection, job_id)
    if not revived:
        raise Conflict("The job has no dead inputs, or none that may be processed.")
    changed = await repository.change_job(
        connection, job_id, state=JobState.QUEUED, dead=job.dead - revived, finished_at=None
    )
    await repository.add_chunks(connection, job_id, chunk_inputs)
    await fit_into_queue(connection, principal.tenant_id, most_queued)
    await _record(connection, principal, Action.JOB_RETRIED, job_id, inputs=revived)
    return _view(changed)


async def delete_job(connection: AsyncConnection, principal: Principal, job_id: UUID) -> None:
    """Delete a job with its inputs and outputs, whatever its state.

    Raises:
        NotFound: no such job.
        Conflict: a legal hold is on somebody whom it is about.
    """
    await lock_job(connection, job_id)
    if await repository.is_held(connection, job_id, clock.now()):
        raise Conflict("A legal hold is on data of this job: it can be deleted once the hold has ended.")
    await repository.delete_job(connection, job_id)
    await _record(connection, principal, Action.JOB_DELETED, job_id)


async def read_results(
    connection: AsyncConnection, principal: Principal, job_id: UUID, first: int, limit: int, *, continued: bool = False
) -> Sequence[SealedItem]:
    """Return the next sealed items, `limit` at most, from ordinal `first` on, without their inputs.

    Each read is audited, but one that is `continued`: its download has an entry since its first read.

    Raises:
        NotFound: no such job.
    """
    await get_job(connection, job_id)
    if not continued:
        await _record(connection, principal, Action.RESULTS_READ, job_id)
    return await repository.read_items(connection, job_id, first, limit)


def _queue_full(queued: int, most: int) -> QueueFull:
    detail = f"At most {most:,} inputs of your jobs may be unfinished. Wait for some, or cancel a job."
    return QueueFull(detail, {"queued_inputs": queued, "limit_inputs": most}, {"Retry-After": "10"})


def _view(row: Row[Any] | None) -> JobView:
    if row is None:
        raise NotFound("There is no such job.")
    return JobView.model_validate(row)


async def _record(
    connection: AsyncConnection, principal: Principal, action: Action, job_id: UUID, **detail: Any
) -> None:
    await audit.record(connection, principal.tenant_id, principal.key_id, action, f"job/{job_id}", **detail)
