"""SQL of the retention of jobs and subjects: pages of what is due, and its deletion, as one tenant.

Lock order: job, then chunks, then subjects, then items. What others have locked is left to the next run. Who is under
a legal hold is decided after the lock on the subject, in a statement of its own: a hold that comes in between is seen,
and one that comes later waits, and finds what is left.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.retention.schemas import Position, Window

# No job is touched before it is there: the first condition lets the index find the due ones.
_DUE_JOBS = text("""
    SELECT j.id, j.created_at FROM jobs j
    WHERE j.created_at < :cutoff AND coalesce(j.finished_at, j.touched_at) < :cutoff
        AND (CAST(:after_at AS timestamptz) IS NULL OR (j.created_at, j.id) > (:after_at, CAST(:after_id AS uuid)))
        AND NOT EXISTS (
            SELECT FROM job_chunks c WHERE c.job_id = j.id AND c.state = 'running' AND c.lease_until >= now()
        )
    ORDER BY j.created_at, j.id LIMIT :jobs
""")

_LOCK_JOBS = text("""
    SELECT id FROM jobs WHERE id = ANY (CAST(:jobs AS uuid[])) AND coalesce(finished_at, touched_at) < :cutoff
    ORDER BY id FOR UPDATE SKIP LOCKED
""")

# Whoever claims a chunk passes over locked ones, and holds the lock on one for no longer than a statement takes.
_LEASED = text("""
    WITH locked AS MATERIALIZED (
        SELECT job_id, state, lease_until FROM job_chunks WHERE job_id = ANY (CAST(:jobs AS uuid[])) FOR UPDATE
    )
    SELECT DISTINCT job_id FROM locked WHERE state = 'running' AND lease_until >= now()
""")

_LOCK_PEOPLE = text("""
    SELECT s.id FROM job_items i JOIN subjects s ON s.id = i.subject_id
    WHERE i.job_id = ANY (CAST(:jobs AS uuid[])) AND coalesce(s.hold_until <= :now, true)
    LIMIT :limit FOR SHARE OF s SKIP LOCKED
""")

_DELETE_ITEMS = text("""
    DELETE FROM job_items WHERE (job_id, ordinal) IN (
        SELECT i.job_id, i.ordinal FROM job_items i JOIN subjects s ON s.id = i.subject_id
        WHERE i.job_id = ANY (CAST(:jobs AS uuid[])) AND s.id = ANY (CAST(:people AS uuid[]))
            AND coalesce(s.hold_until <= :now, true)
        LIMIT :limit
    )
""")

_LOCK_UNNAMED = text("""
    SELECT s.id FROM subjects s JOIN jobs j ON j.subject_id = s.id
    WHERE j.id = ANY (CAST(:jobs AS uuid[])) FOR UPDATE OF s SKIP LOCKED
""")

_DELETE_JOBS = text("""
    WITH deleted AS (
        DELETE FROM jobs j
        WHERE j.id = ANY (CAST(:jobs AS uuid[]))
            AND NOT EXISTS (SELECT FROM job_items i WHERE i.job_id = j.id)
            AND NOT EXISTS (
                SELECT FROM subjects s WHERE s.id = j.subject_id
                    AND (s.hold_until > :now OR s.id <> ALL (CAST(:unnamed AS uuid[])))
            )
        RETURNING j.subject_id
    ), unnamed AS (
        DELETE FROM subjects s WHERE s.id IN (SELECT subject_id FROM deleted)
            AND NOT EXISTS (SELECT FROM subject_exports e WHERE e.subject_id = s.id)
    )
    SELECT count(*) FROM deleted
""")

_LOOK_AT_JOBS = text("""
    SELECT j.id, coalesce(j.finished_at, j.touched_at) AS since, coalesce(u.hold_until > :now, false) AS kept,
        i.free, i.held,
        EXISTS (SELECT FROM job_items i WHERE i.job_id = j.id AND i.ordinal >= :first + :width) AS more
    FROM jobs j LEFT JOIN subjects u ON u.id = j.subject_id
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE coalesce(s.hold_until <= :now, true)) AS free,
            count(*) FILTER (WHERE s.hold_until > :now) AS held
        FROM job_items i JOIN subjects s ON s.id = i.subject_id
        WHERE i.job_id = j.id AND i.ordinal >= :first AND i.ordinal < :first + :width
    ) i
    WHERE j.id = ANY (CAST(:jobs AS uuid[]))
""")

_PAGE_OF_SUBJECTS = text("""
    SELECT s.id, s.pseudonym, s.created_at, coalesce(s.hold_until > :now, false) AS held,
        s.created_at < :cutoff AND s.restricted_at IS NULL AND s.objected_at IS NULL
            AND NOT EXISTS (SELECT FROM job_items i WHERE i.subject_id = s.id)
            AND NOT EXISTS (SELECT FROM subject_exports e WHERE e.subject_id = s.id) AS due
    FROM subjects s
    WHERE s.pseudonym > :after ORDER BY s.pseudonym LIMIT :limit
""")

# An unnamed subject comes with its job, and no other job ever gets it: there is nothing left to restrict or object to.
_PAGE_OF_UNNAMED = text("""
    SELECT s.id, s.created_at, coalesce(s.hold_until > :now, false) AS held, true AS due FROM subjects s
    WHERE s.pseudonym IS NULL AND s.created_at < :cutoff AND s.id > :after
        AND NOT EXISTS (SELECT FROM jobs j WHERE j.subject_id = s.id)
        AND NOT EXISTS (SELECT FROM job_items i WHERE i.subject_id = s.id)
        AND NOT EXISTS (SELECT FROM subject_exports e WHERE e.subject_id = s.id)
    ORDER BY s.id LIMIT :limit
""")

_LOCK_SUBJECTS = text("""
    SELECT id FROM subjects WHERE id = ANY (CAST(:subjects AS uuid[])) ORDER BY id FOR UPDATE SKIP LOCKED
""")

# A statement of its own, after the lock: it sees the items that came in the meantime, and deletes nobody with them.
_DELETE_SUBJECTS = text("""
    DELETE FROM subjects s
    WHERE s.id = ANY (CAST(:subjects AS uuid[])) AND coalesce(s.hold_until <= :now, true)
        AND (s.pseudonym IS NULL OR s.restricted_at IS NULL AND s.objected_at IS NULL)
        AND NOT EXISTS (SELECT FROM job_items i WHERE i.subject_id = s.id)
        AND NOT EXISTS (SELECT FROM subject_exports e WHERE e.subject_id = s.id)
""")


async def due_jobs(
    connection: AsyncConnection, window: Window, after: Position | None, most: int
) -> Sequence[Row[Any]]:
    """Return (id, created_at) of up to `most` jobs beyond the limit, the oldest first, also those that a hold keeps.

    What is worked on right now is not among them.
    """
    after_at, after_id = after or (None, None)
    parameters = {"cutoff": window.cutoff, "after_at": after_at, "after_id": after_id, "jobs": most}
    return (await connection.execute(_DUE_JOBS, parameters)).all()


async def lock_jobs(connection: AsyncConnection, jobs: Collection[UUID], cutoff: datetime) -> list[UUID]:
    """Lock those of the jobs that are still due and that nobody works on, with their chunks; return their ids."""
    locked = (await connection.execute(_LOCK_JOBS, {"jobs": list(jobs), "cutoff": cutoff})).scalars().all()
    leased = set((await connection.execute(_LEASED, {"jobs": list(locked)})).scalars())
    return [job for job in locked if job not in leased]


async def lock_people(connection: AsyncConnection, jobs: Collection[UUID], window: Window) -> list[UUID]:
    """Keep legal holds off the people behind up to `at_once` items of the jobs; return whom, once for each item.

    Who is held already, or is being held at this moment, is not among them.
    """
    parameters = {"jobs": list(jobs), "now": window.now, "limit": window.at_once}
    return list((await connection.execute(_LOCK_PEOPLE, parameters)).scalars())


async def delete_items(
    connection: AsyncConnection, jobs: Collection[UUID], people: Collection[UUID], window: Window
) -> int:
    """Delete up to `at_once` items of the jobs that are about these people, whom no hold keeps; return how many."""
    parameters = {"jobs": list(jobs), "people": list(set(people)), "now": window.now, "limit": window.at_once}
    return (await connection.execute(_DELETE_ITEMS, parameters)).rowcount


async def delete_jobs(connection: AsyncConnection, jobs: Collection[UUID], window: Window) -> int:
    """Delete those of the jobs that have no item left, with their unnamed subjects and keys; return how many."""
    unnamed = list((await connection.execute(_LOCK_UNNAMED, {"jobs": list(jobs)})).scalars())
    parameters = {"jobs": list(jobs), "now": window.now, "unnamed": unnamed}
    return int((await connection.execute(_DELETE_JOBS, parameters)).scalar_one())


async def look_at_jobs(
    connection: AsyncConnection, jobs: Collection[UUID], window: Window, first: int
) -> Sequence[Row[Any]]:
    """Return (id, since, kept, free, held, more) of each job: its items from ordinal `first` on, `at_once` of them.

    `kept` is whether a hold is on its unnamed subject, `more` whether it has items beyond those.
    """
    parameters = {"jobs": list(jobs), "now": window.now, "first": first, "width": window.at_once}
    return (await connection.execute(_LOOK_AT_JOBS, parameters)).all()


async def page_of_subjects(connection: AsyncConnection, window: Window, after: bytes) -> Sequence[Row[Any]]:
    """Return (id, pseudonym, created_at, held, due) of the named subjects that come after a pseudonym."""
    parameters = {"cutoff": window.cutoff, "now": window.now, "after": after, "limit": window.at_once}
    return (await connection.execute(_PAGE_OF_SUBJECTS, parameters)).all()


async def page_of_unnamed(connection: AsyncConnection, window: Window, after: UUID) -> Sequence[Row[Any]]:
    """Return (id, created_at, held, due) of the unnamed subjects without a job that come after an id."""
    parameters = {"cutoff": window.cutoff, "now": window.now, "after": after, "limit": window.at_once}
    return (await connection.execute(_PAGE_OF_UNNAMED, parameters)).all()


async def delete_subjects(connection: AsyncConnection, subjects: Collection[UUID], now: datetime) -> int:
    """Delete those of the subjects that nothing is stored about and nobody uses, with their keys; return how many."""
    locked = list((await connection.execute(_LOCK_SUBJECTS, {"subjects": sorted(subjects)})).scalars())
    return (await connection.execute(_DELETE_SUBJECTS, {"subjects": locked, "now": now})).rowcount
