"""SQL of the retention: pages of what is due, and its deletion. Nothing here waits for a lock that work holds.

Lock order: job, then items, then subjects. What others have locked is left to the next run.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.retention.schemas import Position, Window

# No job is touched before it is there: the first condition lets the index find the due ones.
_DUE_JOBS = text("""
    SELECT id, created_at FROM jobs
    WHERE created_at < :cutoff AND coalesce(finished_at, touched_at) < :cutoff
        AND (CAST(:after_at AS timestamptz) IS NULL OR (created_at, id) > (:after_at, CAST(:after_id AS uuid)))
    ORDER BY created_at, id LIMIT :jobs
""")

_LOCK_JOBS = text("""
    SELECT id FROM jobs WHERE id = ANY (CAST(:jobs AS uuid[])) AND coalesce(finished_at, touched_at) < :cutoff
    ORDER BY id FOR UPDATE SKIP LOCKED
""")

_DELETE_ITEMS = text("""
    DELETE FROM job_items WHERE (job_id, ordinal) IN (
        SELECT i.job_id, i.ordinal FROM job_items i JOIN subjects s ON s.id = i.subject_id
        WHERE i.job_id = ANY (CAST(:jobs AS uuid[])) AND coalesce(s.hold_until <= :now, true)
        LIMIT :limit
    )
""")

_DELETE_JOBS = text("""
    WITH deleted AS (
        DELETE FROM jobs j
        WHERE j.id = ANY (CAST(:jobs AS uuid[]))
            AND NOT EXISTS (SELECT FROM job_items i WHERE i.job_id = j.id)
            AND NOT EXISTS (SELECT FROM subjects s WHERE s.id = j.subject_id AND s.hold_until > :now)
        RETURNING j.subject_id
    ), unnamed AS (
        DELETE FROM subjects WHERE id IN (SELECT subject_id FROM deleted)
    )
    SELECT count(*) FROM deleted
""")

_LOOK_AT_JOBS = text("""
    WITH found AS (
        SELECT j.id, coalesce(j.finished_at, j.touched_at) AS since, coalesce(u.hold_until > :now, false) AS kept
        FROM jobs j LEFT JOIN subjects u ON u.id = j.subject_id WHERE j.id = ANY (CAST(:jobs AS uuid[]))
    ), counted AS (
        SELECT f.since, count(s.id) FILTER (WHERE coalesce(s.hold_until <= :now, true)) AS free,
            count(s.id) FILTER (WHERE s.hold_until > :now) AS held, f.kept
        FROM found f LEFT JOIN job_items i ON i.job_id = f.id LEFT JOIN subjects s ON s.id = i.subject_id
        GROUP BY f.id, f.since, f.kept
    ), judged AS (
        SELECT since, held, free, held > 0 OR kept AS stays FROM counted
    )
    SELECT coalesce(sum(free), 0) + count(*) FILTER (WHERE NOT stays) AS due,
        coalesce(sum(held), 0) + count(*) FILTER (WHERE stays) AS held,
        min(since) FILTER (WHERE free > 0 OR NOT stays) AS oldest
    FROM judged
""")

_PAGE_OF_SUBJECTS = text("""
    SELECT s.id, s.pseudonym, s.created_at, coalesce(s.hold_until > :now, false) AS held,
        s.created_at < :cutoff AND NOT EXISTS (SELECT FROM job_items i WHERE i.subject_id = s.id) AS due
    FROM subjects s
    WHERE s.pseudonym > :after ORDER BY s.pseudonym LIMIT :limit
""")

_LOCK_SUBJECTS = text("""
    SELECT id FROM subjects WHERE id = ANY (CAST(:subjects AS uuid[])) ORDER BY id FOR UPDATE SKIP LOCKED
""")

# A statement of its own, after the lock: it sees the items that came in the meantime, and deletes nobody with them.
_DELETE_SUBJECTS = text("""
    DELETE FROM subjects s
    WHERE s.id = ANY (CAST(:subjects AS uuid[])) AND coalesce(s.hold_until <= :now, true)
        AND NOT EXISTS (SELECT FROM job_items i WHERE i.subject_id = s.id)
""")

_DELETE_API_KEYS = text("""
    DELETE FROM api_keys WHERE id IN (
        SELECT id FROM api_keys WHERE least(revoked_at, expires_at) < :cutoff LIMIT :limit
    )
""")

_LOOK_AT_API_KEYS = text("""
    SELECT count(*) AS due, 0 AS held, min(least(revoked_at, expires_at)) AS oldest FROM api_keys
    WHERE least(revoked_at, expires_at) < :cutoff
""")

# A key that is taken over in the meantime is new again, and stays.
_DELETE_IDEMPOTENCY_KEYS = text("""
    DELETE FROM idempotency_keys WHERE (tenant_id, key) IN (
        SELECT tenant_id, key FROM idempotency_keys WHERE created_at < :cutoff ORDER BY created_at LIMIT :limit
    ) AND created_at < :cutoff
""")

_LOOK_AT_IDEMPOTENCY_KEYS = text("""
    SELECT count(*) AS due, 0 AS held, min(created_at) AS oldest FROM idempotency_keys WHERE created_at < :cutoff
""")

# What could still be delivered stays for a while, and then goes all the same: attempts end after days by themselves.
_DELETE_WEBHOOK_EVENTS = text("""
    DELETE FROM webhook_events WHERE id IN (
        SELECT v.id FROM webhook_events v
        WHERE v.created_at < :cutoff AND (v.created_at < :cutoff - interval '12 hours' OR NOT EXISTS (
            SELECT FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
            WHERE d.event_id = v.id AND (d.state = 'sending' OR (d.state = 'pending' AND e.enabled))
        ))
        ORDER BY v.created_at LIMIT :limit
    )
""")

_LOOK_AT_WEBHOOK_EVENTS = text("""
    SELECT count(*) AS due, 0 AS held, min(v.created_at) AS oldest FROM webhook_events v
    WHERE v.created_at < :cutoff AND (v.created_at < :cutoff - interval '12 hours' OR NOT EXISTS (
        SELECT FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
        WHERE d.event_id = v.id AND (d.state = 'sending' OR (d.state = 'pending' AND e.enabled))
    ))
""")


async def due_jobs(
    connection: AsyncConnection, window: Window, after: Position | None, most: int
) -> Sequence[Row[Any]]:
    """Return (id, created_at) of up to `most` jobs beyond the limit, the oldest first, also those that a hold keeps."""
    after_at, after_id = after or (None, None)
    parameters = {"cutoff": window.cutoff, "after_at": after_at, "after_id": after_id, "jobs": most}
    return (await connection.execute(_DUE_JOBS, parameters)).all()


async def lock_jobs(connection: AsyncConnection, jobs: Collection[UUID], cutoff: datetime) -> list[UUID]:
    """Lock those of the jobs that are still due and that nobody else works on; return their ids."""
    return list((await connection.execute(_LOCK_JOBS, {"jobs": list(jobs), "cutoff": cutoff})).scalars())


async def delete_items(connection: AsyncConnection, jobs: Collection[UUID], window: Window) -> int:
    """Delete up to `at_once` items of the jobs, but none that a hold keeps; return how many."""
    parameters = {"jobs": list(jobs), "now": window.now, "limit": window.at_once}
    return (await connection.execute(_DELETE_ITEMS, parameters)).rowcount


async def delete_jobs(connection: AsyncConnection, jobs: Collection[UUID], window: Window) -> int:
    """Delete those of the jobs that have no item left, with their unnamed subjects and keys; return how many."""
    found = await connection.execute(_DELETE_JOBS, {"jobs": list(jobs), "now": window.now})
    return int(found.scalar_one())


async def look_at_jobs(connection: AsyncConnection, jobs: Collection[UUID], window: Window) -> Row[Any]:
    """Return (due, held, oldest) of the jobs, their items included."""
    return (await connection.execute(_LOOK_AT_JOBS, {"jobs": list(jobs), "now": window.now})).one()


async def page_of_subjects(connection: AsyncConnection, window: Window, after: bytes) -> Sequence[Row[Any]]:
    """Return (id, pseudonym, created_at, held, due) of the named subjects that come after a pseudonym."""
    parameters = {"cutoff": window.cutoff, "now": window.now, "after": after, "limit": window.at_once}
    return (await connection.execute(_PAGE_OF_SUBJECTS, parameters)).all()


async def delete_subjects(connection: AsyncConnection, subjects: Collection[UUID], now: datetime) -> int:
    """Delete those of the subjects that nothing is stored about and nobody uses, with their keys; return how many."""
    locked = list((await connection.execute(_LOCK_SUBJECTS, {"subjects": sorted(subjects)})).scalars())
    return (await connection.execute(_DELETE_SUBJECTS, {"subjects": locked, "now": now})).rowcount


async def delete_api_keys(connection: AsyncConnection, window: Window) -> int:
    """Delete up to `at_once` keys that are long revoked or expired; return how many."""
    return await _delete(connection, _DELETE_API_KEYS, window)


async def look_at_api_keys(connection: AsyncConnection, window: Window) -> Row[Any]:
    """Return (due, held, oldest) of the keys that are long revoked or expired."""
    return await _look(connection, _LOOK_AT_API_KEYS, window)


async def delete_idempotency_keys(connection: AsyncConnection, window: Window) -> int:
    """Delete up to `at_once` old idempotency keys of all tenants; return how many. As the system role."""
    return await _delete(connection, _DELETE_IDEMPOTENCY_KEYS, window)


async def look_at_idempotency_keys(connection: AsyncConnection, window: Window) -> Row[Any]:
    """Return (due, held, oldest) of all tenants' idempotency keys. As the system role."""
    return await _look(connection, _LOOK_AT_IDEMPOTENCY_KEYS, window)


async def delete_webhook_events(connection: AsyncConnection, window: Window) -> int:
    """Delete up to `at_once` old events of all tenants with their deliveries; return how many. As the system role."""
    return await _delete(connection, _DELETE_WEBHOOK_EVENTS, window)


async def look_at_webhook_events(connection: AsyncConnection, window: Window) -> Row[Any]:
    """Return (due, held, oldest) of all tenants' events. As the system role."""
    return await _look(connection, _LOOK_AT_WEBHOOK_EVENTS, window)


async def _delete(connection: AsyncConnection, statement: TextClause, window: Window) -> int:
    return (await connection.execute(statement, {"cutoff": window.cutoff, "limit": window.at_once})).rowcount


async def _look(connection: AsyncConnection, statement: TextClause, window: Window) -> Row[Any]:
    return (await connection.execute(statement, {"cutoff": window.cutoff})).one()
