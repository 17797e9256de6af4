"""SQL of the jobs, as one tenant sees them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.database import Database
from slipway.jobs.models import job_items, jobs
from slipway.jobs.schemas import ItemState, JobState, NewItem, SealedItem

_ADD_CHUNKS = text("""
    INSERT INTO job_chunks (job_id, tenant_id, workload, priority, first, last, created_at)
    SELECT j.id, j.tenant_id, j.workload, j.priority, min(i.ordinal), max(i.ordinal), j.created_at
    FROM jobs j JOIN job_items i ON i.job_id = j.id
    WHERE j.id = :job AND i.state = 'pending'
    GROUP BY j.id, i.ordinal / :size
    ORDER BY min(i.ordinal)
""")

_TOUCH: LiteralString = "UPDATE jobs SET touched_at = now() WHERE id = %(job)s AND state = 'receiving' RETURNING true"

_QUEUED = text("""
    SELECT coalesce(sum(total - succeeded - dead), 0) FROM jobs WHERE state IN ('receiving', 'queued', 'running')
""")

_LOCK_PEOPLE = text("""
    WITH locked AS MATERIALIZED (
        SELECT id FROM subjects WHERE id IN (
            SELECT subject_id FROM job_items WHERE job_id = :job UNION SELECT subject_id FROM jobs WHERE id = :job
        ) ORDER BY id FOR SHARE
    )
    SELECT count(*) FROM locked
""")

# A statement of its own, after the lock: it sees the hold that the lock has waited for.
_HELD = text("""
    SELECT EXISTS (
        SELECT FROM job_items i JOIN subjects s ON s.id = i.subject_id WHERE i.job_id = :job AND s.hold_until > :now
    ) OR EXISTS (
        SELECT FROM jobs j JOIN subjects s ON s.id = j.subject_id WHERE j.id = :job AND s.hold_until > :now
    )
""")

_ITEMS = text("""
    SELECT i.ordinal, i.subject_id, k.wrapped AS wrapped_key, CASE WHEN s.id IS NULL THEN i.output END AS output,
        CASE WHEN s.id IS NOT NULL THEN 'restricted'
            WHEN i.state = 'pending' AND j.state = 'cancelled' THEN j.state ELSE i.state END AS state
    FROM job_items i
    JOIN jobs j ON j.id = i.job_id
    JOIN LATERAL (
        SELECT wrapped FROM subject_keys WHERE subject_id = i.subject_id ORDER BY version DESC LIMIT 1
    ) k ON true
    LEFT JOIN subjects s ON s.tenant_id = i.tenant_id AND s.id = i.subject_id AND s.restricted_at IS NOT NULL
    WHERE i.job_id = :job AND i.ordinal >= :first
    ORDER BY i.ordinal LIMIT :limit
""")

_ITEM = text("""
    SELECT i.ordinal, i.subject_id, k.wrapped, i.state FROM job_items i
    JOIN LATERAL (
        SELECT wrapped FROM subject_keys WHERE subject_id = i.subject_id ORDER BY version DESC LIMIT 1
    ) k ON true
    WHERE i.job_id = :job AND i.ordinal = :ordinal
""")

# Also one that waits: a claim of it may be on its way, which this waits for, and then takes back.
_RECALL = text("""
    UPDATE job_chunks
    SET state = 'waiting', token = token + 1, lease_until = NULL, available_at = now(),
        attempts = greatest(attempts - CASE state WHEN 'running' THEN 1 ELSE 0 END, 0)
    WHERE job_id = :job AND :ordinal BETWEEN first AND last
""")

_ADD_CHUNK = text("""
    INSERT INTO job_chunks (job_id, tenant_id, workload, priority, first, last, created_at)
    SELECT j.id, j.tenant_id, j.workload, j.priority, CAST(:ordinal AS integer), CAST(:ordinal AS integer), j.created_at
    FROM jobs j WHERE j.id = :job
        AND NOT EXISTS (SELECT FROM job_chunks c WHERE c.job_id = j.id AND :ordinal BETWEEN c.first AND c.last)
""")

_REVIVE = text("""
    UPDATE job_items i SET state = 'pending', output = NULL, attempts = 0
    WHERE i.job_id = :job AND i.state = 'dead' AND NOT EXISTS (
        SELECT FROM subjects s WHERE s.tenant_id = i.tenant_id AND s.id = i.subject_id
            AND (s.restricted_at IS NOT NULL OR s.objected_at IS NOT NULL)
    )
""")


async def add_job(connection: AsyncConnection, **columns: Any) -> None:
    """Insert a job."""
    await connection.execute(insert(jobs).values(**columns))


async def find_job(connection: AsyncConnection, job_id: UUID) -> Row[Any] | None:
    """Return the job, or None if this tenant has none of that id."""
    return (await connection.execute(select(jobs).where(jobs.c.id == job_id))).one_or_none()


async def find_jobs(connection: AsyncConnection, ids: Collection[UUID]) -> Sequence[Row[Any]]:
    """Return those of the jobs that this tenant has."""
    return (await connection.execute(select(jobs).where(jobs.c.id.in_(ids)))).all()


async def lock_job(connection: AsyncConnection, job_id: UUID) -> Row[Any] | None:
    """Return the job and hold it. Whoever changes chunks of a job holds the job first: that order has no deadlock."""
    return (await connection.execute(select(jobs).where(jobs.c.id == job_id).with_for_update())).one_or_none()


async def list_jobs(
    connection: AsyncConnection, *, state: JobState | None, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """Return jobs, the newest first, that come after the position `before` in that order."""
    query = select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit)
    if state is not None:
        query = query.where(jobs.c.state == state)
    if before is not None:
        query = query.where(tuple_(jobs.c.created_at, jobs.c.id) < tuple_(*before))
    return (await connection.execute(query)).all()


async def change_job(connection: AsyncConnection, job_id: UUID, **columns: Any) -> Row[Any]:
    """Set columns, raise the revision, and return the job."""
    values = {"revision": jobs.c.revision + 1, "touched_at": func.now(), **columns}
    changed = await connection.execute(update(jobs).where(jobs.c.id == job_id).values(values).returning(*jobs.c))
    return changed.one()


async def is_held(connection: AsyncConnection, job_id: UUID, now: datetime) -> bool:
    """Tell whether a legal hold is on anybody whom the job is about. Until the transaction ends none is put on them."""
    await connection.execute(_LOCK_PEOPLE, {"job": job_id})
    return bool((await connection.execute(_HELD, {"job": job_id, "now": now})).scalar_one())


async def delete_job(connection: AsyncConnection, job_id: UUID) -> bool:
    """Delete the job with its items, its chunks and its unnamed subject's key; return whether it was there."""
    found = await connection.execute(delete(jobs).where(jobs.c.id == job_id).returning(jobs.c.subject_id))
    deleted = found.one_or_none()
    if deleted is not None:
        await connection.execute(text("DELETE FROM subjects WHERE id = :id"), {"id": deleted.subject_id})
    return deleted is not None


async def touch_upload(database: Database, tenant: UUID, job_id: UUID) -> None:
    """Note that a job is still being received, in a transaction of its own."""
    await database.run(tenant, _TOUCH, {"job": job_id})


async def discard_upload(connection: AsyncConnection, job_id: UUID, now: datetime) -> bool:
    """Delete the job if it is still being received; return whether it was. What a legal hold keeps is cancelled."""
    job = await lock_job(connection, job_id)
    if job is None or job.state != JobState.RECEIVING:
        return False
    if await is_held(connection, job_id, now):
        total = select(func.count()).where(job_items.c.job_id == job_id).scalar_subquery()
        await change_job(connection, job_id, state=JobState.CANCELLED, total=total, finished_at=func.now())
        return True
    return await delete_job(connection, job_id)


async def add_items(connection: AsyncConnection, tenant: UUID, job_id: UUID, items: Sequence[NewItem]) -> None:
    """Insert sealed inputs in bulk."""
    rows = [
        {"job_id": job_id, "tenant_id": tenant, "ordinal": i.ordinal, "subject_id": i.subject_id, "input": i.input}
        for i in items
    ]
    await connection.execute(insert(job_items), rows)


async def add_chunks(connection: AsyncConnection, job_id: UUID, size: int) -> None:
    """Cut the pending items of a job into chunks of at most `size` that workers may claim."""
    await connection.execute(_ADD_CHUNKS, {"job": job_id, "size": size})


async def queued_inputs(connection: AsyncConnection) -> int:
    """Return how many inputs of the tenant are unfinished."""
    return int((await connection.execute(_QUEUED)).scalar_one())


async def hold_queue(connection: AsyncConnection, tenant: UUID) -> None:
    """Let nobody else add to the tenant's queue before this transaction ends."""
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    await connection.execute(lock, {"name": f"slipway.queue/{tenant}"})


async def drop_chunks(connection: AsyncConnection, job_id: UUID) -> None:
    """Take back all chunks of a job: workers that hold one can no longer write."""
    await connection.execute(text("DELETE FROM job_chunks WHERE job_id = :job"), {"job": job_id})


async def read_items(connection: AsyncConnection, job_id: UUID, first: int, limit: int) -> list[SealedItem]:
    """Return what became of the next items from ordinal `first` on, with their subjects' wrapped keys, without inputs.

    There may be gaps between them, of any length: items of a person are gone with the person.
    """
    rows = (await connection.execute(_ITEMS, {"job": job_id, "first": first, "limit": limit})).all()
    return [
        SealedItem(row.ordinal, row.subject_id, row.wrapped_key, state=ItemState(row.state), output=row.output)
        for row in rows
    ]


async def find_item(connection: AsyncConnection, job_id: UUID, ordinal: int) -> SealedItem | None:
    """Return the state of an item and its subject's wrapped key, or None if the job has none there."""
    row = (await connection.execute(_ITEM, {"job": job_id, "ordinal": ordinal})).one_or_none()
    if row is None:
        return None
    return SealedItem(row.ordinal, row.subject_id, row.wrapped, state=ItemState(row.state))


async def replace_input(connection: AsyncConnection, job_id: UUID, ordinal: int, sealed: bytes) -> None:
    """Store another input in the place of an item's, which is pending then; what was answered is deleted."""
    values = {"input": sealed, "output": None, "state": ItemState.PENDING, "attempts": 0}
    place = (job_items.c.job_id == job_id, job_items.c.ordinal == ordinal)
    await connection.execute(update(job_items).where(*place).values(values))


async def queue_item(connection: AsyncConnection, job_id: UUID, ordinal: int) -> None:
    """Let a pending item be worked on, from now on: whoever has its chunk in hand loses the lease.

    Hold the job, and call it before the item is changed.
    """
    parameters = {"job": job_id, "ordinal": ordinal}
    await connection.execute(_RECALL, parameters)
    await connection.execute(_ADD_CHUNK, parameters)


async def revive_dead_items(connection: AsyncConnection, job_id: UUID) -> int:
    """Set the dead items of a job back to pending, but none of a person who is to be let alone; return how many."""
    return (await connection.execute(_REVIVE, {"job": job_id})).rowcount
