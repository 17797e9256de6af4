"""SQL of the erasure. Lock order, as everywhere: jobs by their ids, then chunks, then items, then the subject."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.erasure.schemas import Person, Tombstone
from slipway.subjects.schemas import Receipt

_LOCK_SUBJECT = text("SELECT hold_until, created_at FROM subjects WHERE id = :subject FOR UPDATE")

_HELD_UNTIL = text("SELECT hold_until FROM subjects WHERE id = :subject AND hold_until > :now")

_BEGIN = text("""
    INSERT INTO tombstones (tenant_id, subject_id, begun_at, first_version, key_version)
    SELECT :tenant, :subject, :now, min(version), max(version) FROM tenant_keys
    ON CONFLICT DO NOTHING
""")

_READ = text("SELECT begun_at, line FROM tombstones WHERE subject_id = :subject")

_SET_LINE = text("UPDATE tombstones SET line = :line WHERE subject_id = :subject")

_ADD_REMOVED = text("""
    UPDATE tombstones SET removed = removed || jsonb_build_object(
        CAST(:store AS text), coalesce((removed ->> :store)::bigint, 0) + :rows
    )
    WHERE subject_id = :subject
""")

_LOCK_KEYS = text("SELECT wrapped_by FROM subject_keys WHERE subject_id = :subject FOR UPDATE")

_SET_VERSIONS = text("""
    UPDATE tombstones SET key_version = :newest, first_version = (
        SELECT min(version) FROM tenant_keys
        WHERE retired_at IS NULL OR retired_at > CAST(:since AS timestamptz) - interval '1 minute'
    )
    WHERE subject_id = :subject
""")

_END = text("""
    UPDATE tombstones SET erased_at = :now WHERE subject_id = :subject RETURNING removed, first_version, key_version
""")

_LAY = text("""
    INSERT INTO tombstones (tenant_id, subject_id, begun_at, line, removed, erased_at, first_version, key_version)
    SELECT :tenant, :subject, :begun_at, :line, :removed, :now, min(version), max(version) FROM tenant_keys
    ON CONFLICT (tenant_id, subject_id) DO UPDATE SET line = excluded.line, erased_at = excluded.erased_at
""").bindparams(bindparam("removed", type_=JSONB))

_JOBS_OF = text("""
    SELECT DISTINCT job_id FROM (
        SELECT job_id FROM job_items WHERE subject_id = :subject LIMIT :items
    ) next ORDER BY job_id LIMIT :jobs
""")

_LOCK_JOBS = text("""
    SELECT id, state FROM jobs WHERE id = ANY (CAST(:jobs AS uuid[])) ORDER BY id FOR UPDATE
""")

_COUNT_IN = text("SELECT count(*) FROM job_items WHERE job_id = :job AND subject_id = :subject")

# What is pending is neither in `succeeded` nor in `dead`: a job whose last pending items go is complete.
_DELETE_ITEMS = text("""
    WITH gone AS (
        DELETE FROM job_items WHERE (job_id, ordinal) IN (
            SELECT job_id, ordinal FROM job_items
            WHERE job_id = ANY (CAST(:jobs AS uuid[])) AND subject_id = :subject LIMIT :most
        )
        RETURNING job_id, state
    ), counted AS (
        SELECT job_id, count(*) AS items, count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
            count(*) FILTER (WHERE state = 'dead') AS dead
        FROM gone GROUP BY job_id
    ), changed AS (
        UPDATE jobs j
        SET total = j.total - c.items, succeeded = j.succeeded - c.succeeded, dead = j.dead - c.dead,
            revision = j.revision + 1,
            state = CASE WHEN j.state IN ('queued', 'running')
                AND j.succeeded - c.succeeded + j.dead - c.dead >= j.total - c.items THEN 'completed'
                ELSE j.state END,
            finished_at = CASE WHEN j.state IN ('queued', 'running')
                AND j.succeeded - c.succeeded + j.dead - c.dead >= j.total - c.items THEN now()
                ELSE j.finished_at END
        FROM counted c WHERE j.id = c.job_id RETURNING j.id, j.state
    ), unused AS (
        DELETE FROM job_chunks WHERE job_id IN (SELECT id FROM changed WHERE state = 'completed')
    )
    SELECT coalesce(sum(items), 0) FROM counted
""")

_DELETE_KEYS = text("DELETE FROM subject_keys WHERE subject_id = :subject")

_DELETE_SUBJECT = text("DELETE FROM subjects WHERE id = :subject")

_LEDGER = text("SELECT count(line), max(line) FROM tombstones")

_KNOWN = text("SELECT tenant_id, subject_id FROM tombstones")

# A lease that lives is of this installation, and no restored backup has one. The system role does not know whose it is.
_ABANDONED = text("""
    SELECT tenant_id, subject_id FROM tombstones t WHERE erased_at IS NULL AND NOT EXISTS (
        SELECT FROM subject_requests r
        WHERE r.tenant_id = t.tenant_id AND r.kind = 'erasure' AND r.state = 'running' AND r.lease_until > now()
    )
""")

_UNTOLD = text("""
    SELECT DISTINCT t.tenant_id FROM tombstones t
    JOIN tenant_keys k ON k.tenant_id = t.tenant_id AND k.version = t.key_version
    WHERE t.erased_at IS NOT NULL AND t.told_at IS NULL AND k.emptied_at IS NOT NULL
""")

_TO_TELL = text("""
    SELECT t.subject_id, t.first_version, t.key_version, t.erased_at, r.id, r.receipt FROM tombstones t
    JOIN tenant_keys k ON k.tenant_id = t.tenant_id AND k.version = t.key_version
    LEFT JOIN subject_requests r ON r.tenant_id = t.tenant_id AND r.subject_id = t.subject_id
        AND r.kind = 'erasure' AND r.state = 'done'
    WHERE t.erased_at IS NOT NULL AND t.told_at IS NULL AND k.emptied_at IS NOT NULL
    ORDER BY t.subject_id LIMIT :most
""")

_TELL = text("""
    WITH told AS (UPDATE tombstones SET told_at = :now WHERE subject_id = :subject)
    UPDATE subject_requests SET receipt = :receipt, receipt_signature = :signature, key_id = :key_id
    WHERE id = :request
""").bindparams(bindparam("receipt", type_=JSONB))

_BEYOND = text("SELECT tenant_id, subject_id FROM tombstones WHERE line > :line ORDER BY line LIMIT :most")

# The first erasure of a tenant is not kept waiting, and neither is one a period after the newest version was made. But
# whoever is being erased at this moment shall be served by the same rotation.
_TO_ROTATE = text("""
    SELECT t.tenant_id FROM tombstones t
    JOIN tenant_keys k ON k.tenant_id = t.tenant_id AND k.version = t.key_version
    WHERE t.erased_at IS NOT NULL AND k.retired_at IS NULL AND (k.version = 1 OR k.created_at <= :made_before)
    GROUP BY t.tenant_id
    HAVING min(t.erased_at) <= :erased_before OR NOT EXISTS (
        SELECT FROM subject_requests r
        WHERE r.tenant_id = t.tenant_id AND r.kind = 'erasure' AND r.state IN ('received', 'running')
    )
""")

_OVERDUE = text("""
    SELECT min(deadline) FROM subject_requests WHERE kind = 'erasure' AND state IN ('received', 'running')
""")


async def lock_subject(connection: AsyncConnection, subject: UUID) -> Row[Any] | None:
    """Hold a subject's row; return (hold_until, created_at), or None if it is gone."""
    return (await connection.execute(_LOCK_SUBJECT, {"subject": subject})).one_or_none()


async def held_until(connection: AsyncConnection, subject: UUID, now: datetime) -> datetime | None:
    """Return until when a legal hold is on a subject; None: there is none."""
    found: datetime | None = (
        await connection.execute(_HELD_UNTIL, {"subject": subject, "now": now})
    ).scalar_one_or_none()
    return found


async def begin(connection: AsyncConnection, who: Person, now: datetime) -> None:
    """Set a tombstone: from here on the erasure is not taken back. One that is there stays as it is.

    It names all versions of the tenant's key, as long as nobody knows better.
    """
    values = {"tenant": who.tenant, "subject": who.id, "now": now}
    await connection.execute(_BEGIN, values)


async def read_tombstone(connection: AsyncConnection, who: Person) -> Tombstone:
    """Return somebody's tombstone, which is there."""
    row = (await connection.execute(_READ, {"subject": who.id})).one()
    return Tombstone(who, row.begun_at, row.line)


async def is_begun(connection: AsyncConnection, subject: UUID) -> bool:
    """Tell whether somebody is being erased, or was."""
    return (await connection.execute(_READ, {"subject": subject})).one_or_none() is not None


async def set_line(connection: AsyncConnection, who: Person, line: int) -> None:
    """Note where in the evidence the tombstone is."""
    await connection.execute(_SET_LINE, {"subject": who.id, "line": line})


async def add_removed(connection: AsyncConnection, subject: UUID, store: str, rows: int) -> None:
    """Note that so many more rows were deleted."""
    await connection.execute(_ADD_REMOVED, {"subject": subject, "store": store, "rows": rows})


async def note_key_versions(connection: AsyncConnection, subject: UUID, since: datetime) -> None:
    """Hold a subject's keys, and note in the tombstone which versions of the tenant's key have wrapped them.

    Args:
        connection: of the tenant.
        subject: whose.
        since: when the subject came to be, by the database's clock: what was retired a minute before by ours, or
            earlier, has never wrapped its keys.
    """
    found = (await connection.execute(_LOCK_KEYS, {"subject": subject})).scalars().all()
    if found:
        values = {"subject": subject, "newest": max(found), "since": since}
        await connection.execute(_SET_VERSIONS, values)


async def end(connection: AsyncConnection, subject: UUID, now: datetime) -> Row[Any]:
    """Note that nothing is left; return (removed: rows that were deleted by table, first_version, key_version)."""
    return (await connection.execute(_END, {"subject": subject, "now": now})).one()


async def lay_tombstone(
    connection: AsyncConnection, who: Person, *, line: int, begun_at: datetime, now: datetime
) -> None:
    """Set the tombstone of somebody whom a restored backup had brought back.

    It names all versions of the tenant's key: nobody knows which of them open the person in other backups.
    """
    values = {"tenant": who.tenant, "subject": who.id, "line": line, "begun_at": begun_at, "now": now, "removed": {}}
    await connection.execute(_LAY, values)


async def jobs_of(connection: AsyncConnection, subject: UUID, *, items: int, jobs: int) -> Sequence[UUID]:
    """Return some of the jobs with items about a subject, in the order of their ids."""
    found = await connection.execute(_JOBS_OF, {"subject": subject, "items": items, "jobs": jobs})
    return found.scalars().all()


async def lock_jobs(connection: AsyncConnection, jobs: Collection[UUID]) -> Sequence[Row[Any]]:
    """Hold jobs, in the order of their ids; return (id, state) of those that are there."""
    return (await connection.execute(_LOCK_JOBS, {"jobs": list(jobs)})).all()


async def count_in(connection: AsyncConnection, job: UUID, subject: UUID) -> int:
    """Return how many items of a job are about a subject."""
    return int((await connection.execute(_COUNT_IN, {"job": job, "subject": subject})).scalar_one())


async def delete_items(connection: AsyncConnection, jobs: Collection[UUID], subject: UUID, most: int) -> int:
    """Delete at most so many items about a subject from jobs that the caller holds; return how many.

    The jobs' counts are lowered by them. A job of which nothing waits any more is complete.
    """
    parameters = {"jobs": list(jobs), "subject": subject, "most": most}
    return int((await connection.execute(_DELETE_ITEMS, parameters)).scalar_one())


async def delete_rows(connection: AsyncConnection, table: str, subject: UUID, most: int) -> int:
    """Delete at most so many rows about a subject; return how many."""
    rows = f"SELECT ctid FROM {table} WHERE subject_id = :subject LIMIT :most"  # noqa: S608  # a name of our own
    statement = text(f"DELETE FROM {table} WHERE ctid = ANY (ARRAY({rows}))")  # noqa: S608  # the same
    return (await connection.execute(statement, {"subject": subject, "most": most})).rowcount


async def has_rows(connection: AsyncConnection, table: str, subject: UUID) -> bool:
    """Tell whether any row of a table is about a subject."""
    statement = text(f"SELECT EXISTS (SELECT FROM {table} WHERE subject_id = :subject)")  # noqa: S608  # a name of our own
    return bool((await connection.execute(statement, {"subject": subject})).scalar_one())


async def delete_keys(connection: AsyncConnection, subject: UUID) -> int:
    """Delete every version of a subject's key; return how many."""
    return await _deleted(connection, _DELETE_KEYS, subject)


async def delete_subject(connection: AsyncConnection, subject: UUID) -> int:
    """Delete a subject with its pseudonym; return 1 if it was there."""
    return await _deleted(connection, _DELETE_SUBJECT, subject)


async def ledger_end(connection: AsyncConnection) -> tuple[int, int]:
    """Return (how many tombstones have a line in the evidence, the highest of these). As the system role."""
    count, highest = (await connection.execute(_LEDGER)).one()
    return count, highest or 0


async def known(connection: AsyncConnection) -> set[tuple[UUID, UUID]]:
    """Return (tenant, subject) of every tombstone. As the system role."""
    return {(tenant, subject) for tenant, subject in await connection.execute(_KNOWN)}


async def abandoned(connection: AsyncConnection) -> set[tuple[UUID, UUID]]:
    """Return (tenant, subject) of begun erasures of tenants for whom no worker erases. As the system role."""
    return {(tenant, subject) for tenant, subject in await connection.execute(_ABANDONED)}


async def beyond(connection: AsyncConnection, line: int, most: int) -> list[Person]:
    """Return who has a tombstone that should be in the evidence after a line. As the system role."""
    return [Person(*row) for row in await connection.execute(_BEYOND, {"line": line, "most": most})]


async def tenants_to_rotate(
    connection: AsyncConnection, *, made_before: datetime, erased_before: datetime
) -> Sequence[UUID]:
    """Return whose key still opens in backups what was erased, and may be replaced. As the system role.

    Args:
        connection: as the system role.
        made_before: a version that is younger stays, unless it is the first.
        erased_before: while the tenant's erasures go on, only who was erased before that is reason enough.
    """
    parameters = {"made_before": made_before, "erased_before": erased_before}
    return (await connection.execute(_TO_ROTATE, parameters)).scalars().all()


async def untold(connection: AsyncConnection) -> Sequence[UUID]:
    """Return the tenants of whom backups have died, and receipts do not say so yet. As the system role."""
    return (await connection.execute(_UNTOLD)).scalars().all()


async def to_tell(connection: AsyncConnection, most: int) -> Sequence[Row[Any]]:
    """Return (subject_id, first_version, key_version, erased_at, id, receipt) of erasures whose backups have died."""
    return (await connection.execute(_TO_TELL, {"most": most})).all()


async def tell(
    connection: AsyncConnection, subject: UUID, request: UUID | None, receipt: Receipt | None, now: datetime
) -> None:
    """Replace a receipt by one that says when backups died; where there is none, note that there is nothing to say."""
    values = {"subject": subject, "request": request, "now": now, "receipt": receipt and receipt.body}
    signed = {"signature": receipt and receipt.signature, "key_id": receipt and receipt.key_id}
    await connection.execute(_TELL, values | signed)


async def earliest_deadline(connection: AsyncConnection) -> datetime | None:
    """Return the deadline of the erasure that should be done first, holds left out. As the system role."""
    found: datetime | None = (await connection.execute(_OVERDUE)).scalar_one()
    return found


async def _deleted(connection: AsyncConnection, statement: TextClause, subject: UUID) -> int:
    return (await connection.execute(statement, {"subject": subject})).rowcount
