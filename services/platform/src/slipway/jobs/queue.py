"""SQL of the queue: claim, renew, finish, lose. The claim looks across tenants; the rest writes as one tenant.

Lock order: job, then chunks, then items. Only the claim locks a chunk first, and it never waits for a job.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.jobs.schemas import Answer, Backlog, Claim

# The fairest chunk: priority, then the tenant with the fewest running, then age. `heads` steps through the index from
# one (priority, tenant) to the next, so that the time does not grow with the number of chunks that wait. Only the
# chunk that is taken is locked: the last join stops at the first row.
_CLAIM = text("""
    WITH RECURSIVE heads AS (
        (SELECT priority, tenant_id FROM job_chunks WHERE state = 'waiting' AND workload = :workload
        ORDER BY priority DESC, tenant_id DESC LIMIT 1)
        UNION ALL
        SELECT n.priority, n.tenant_id FROM heads h CROSS JOIN LATERAL (
            SELECT c.priority, c.tenant_id FROM job_chunks c
            WHERE c.state = 'waiting' AND c.workload = :workload
                AND (c.priority, c.tenant_id) < (h.priority, h.tenant_id)
            ORDER BY c.priority DESC, c.tenant_id DESC LIMIT 1
        ) n
    ), busy AS (
        SELECT tenant_id, count(*) AS chunks FROM job_chunks WHERE state = 'running' GROUP BY tenant_id
    ), ranked AS (
        SELECT h.priority, h.tenant_id FROM heads h
        CROSS JOIN LATERAL (
            SELECT c.created_at FROM job_chunks c
            WHERE c.state = 'waiting' AND c.workload = :workload AND c.priority = h.priority
                AND c.tenant_id = h.tenant_id AND c.available_at <= now()
            ORDER BY c.created_at, c.id LIMIT 1
        ) oldest
        LEFT JOIN busy b ON b.tenant_id = h.tenant_id
        ORDER BY h.priority DESC, coalesce(b.chunks, 0), oldest.created_at, h.tenant_id
    ), fairest AS (
        SELECT f.id FROM ranked r CROSS JOIN LATERAL (
            SELECT c.id FROM job_chunks c
            WHERE c.state = 'waiting' AND c.workload = :workload AND c.priority = r.priority
                AND c.tenant_id = r.tenant_id AND c.available_at <= now()
            ORDER BY c.created_at, c.id LIMIT 1 FOR UPDATE SKIP LOCKED
        ) f LIMIT 1
    ), claimed AS (
        UPDATE job_chunks c
        SET state = 'running', attempts = c.attempts + 1, token = c.token + 1,
            lease_until = now() + make_interval(secs => :lease)
        FROM fairest WHERE c.id = fairest.id
        RETURNING c.id, c.job_id, c.tenant_id, c.first, c.last, c.attempts, c.token
    ), started AS (
        UPDATE jobs SET state = 'running', started_at = coalesce(started_at, now()), revision = revision + 1
        WHERE id IN (
            SELECT j.id FROM jobs j JOIN claimed ON claimed.job_id = j.id
            WHERE j.state = 'queued' FOR UPDATE OF j SKIP LOCKED
        )
    )
    SELECT claimed.*, j.traceparent FROM claimed JOIN jobs j ON j.id = claimed.job_id
""")

_RENEW = text("""
    UPDATE job_chunks SET lease_until = now() + make_interval(secs => :lease)
    WHERE id = :id AND token = :token AND state = 'running' AND lease_until >= now()
""")

_FENCE = text("""
    WITH job AS (SELECT id FROM jobs WHERE id = :job FOR UPDATE)
    DELETE FROM job_chunks
    WHERE id = :id AND token = :token AND state = 'running' AND job_id = (SELECT id FROM job)
""")

_ANSWER = text("""
    WITH answered AS (
        UPDATE job_items i SET state = a.state, output = a.output, attempts = :attempts
        FROM unnest(CAST(:ordinals AS integer[]), CAST(:states AS text[]), CAST(:outputs AS bytea[]))
            AS a (ordinal, state, output)
        WHERE i.job_id = :job AND i.ordinal = a.ordinal AND i.state = 'pending'
        RETURNING i.state
    ), counted AS (
        SELECT count(*) FILTER (WHERE state = 'succeeded') AS succeeded, count(*) FILTER (WHERE state = 'dead') AS dead
        FROM answered
    )
    UPDATE jobs j
    SET succeeded = j.succeeded + c.succeeded, dead = j.dead + c.dead, revision = j.revision + 1, touched_at = now(),
        started_at = coalesce(j.started_at, now()),
        state = CASE WHEN j.succeeded + j.dead + c.succeeded + c.dead >= j.total THEN 'completed' ELSE 'running' END,
        finished_at = CASE WHEN j.succeeded + j.dead + c.succeeded + c.dead >= j.total THEN now() END
    FROM counted c WHERE j.id = :job
""")

_RETRY_SINGLY = text("""
    INSERT INTO job_chunks (job_id, tenant_id, workload, priority, first, last, created_at, available_at)
    SELECT j.id, j.tenant_id, j.workload, j.priority, o, o, j.created_at, now() + make_interval(secs => :delay)
    FROM jobs j CROSS JOIN unnest(CAST(:ordinals AS integer[])) AS o WHERE j.id = :job
""")

_SPLIT = text("""
    INSERT INTO job_chunks (job_id, tenant_id, workload, priority, first, last, created_at)
    SELECT j.id, j.tenant_id, j.workload, j.priority, i.ordinal, i.ordinal, j.created_at
    FROM jobs j JOIN job_items i ON i.job_id = j.id
    WHERE j.id = :job AND i.ordinal BETWEEN :first AND :last AND i.state = 'pending'
""")

_WAIT_AGAIN = text("""
    UPDATE job_chunks
    SET state = 'waiting', lease_until = NULL, available_at = now() + make_interval(secs => :delay),
        attempts = attempts - :uncounted
    WHERE id = :id AND token = :token AND state = 'running'
""")

_EXPIRED = text("""
    SELECT c.id, c.job_id, c.tenant_id, c.first, c.last, c.attempts, c.token, j.traceparent
    FROM job_chunks c JOIN jobs j ON j.id = c.job_id
    WHERE c.state = 'running' AND c.lease_until < now() ORDER BY c.lease_until LIMIT :limit
""")

_BACKLOG = text("""
    SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'running') AS running,
        coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE state = 'waiting')), 0) AS oldest,
        (SELECT coalesce(sum(dead), 0) FROM jobs WHERE workload = :workload AND dead > 0) AS dead
    FROM job_chunks WHERE workload = :workload
""")

_ABANDONED = text("""
    SELECT id, tenant_id FROM jobs
    WHERE state = 'receiving' AND touched_at < now() - make_interval(secs => :age) LIMIT :limit
""")

_BACKOFF_LIMIT = 60.0


def backoff(attempts: int) -> float:
    """Return the seconds to wait before the next attempt: 1, 2, 4, ... up to a minute."""
    return min(2.0 ** max(attempts - 1, 0), _BACKOFF_LIMIT)


async def claim(connection: AsyncConnection, workload: str, lease: float) -> Claim | None:
    """Lease the fairest waiting chunk for `lease` seconds; None when nothing waits. As the system role."""
    row = (await connection.execute(_CLAIM, {"workload": workload, "lease": lease})).one_or_none()
    return None if row is None else Claim(*row)


async def renew(connection: AsyncConnection, claimed: Claim, lease: float) -> bool:
    """Prolong a lease by the database's clock; False when it was lost: one that has run out stays so."""
    return await _touched(connection, _RENEW, {"id": claimed.id, "token": claimed.token, "lease": lease})


async def fence(connection: AsyncConnection, claimed: Claim) -> bool:
    """Hold the job and use up the chunk; False when the lease was lost, cancelled or deleted: then write nothing."""
    return await _touched(connection, _FENCE, {"job": claimed.job_id, "id": claimed.id, "token": claimed.token})


async def answer(connection: AsyncConnection, claimed: Claim, answers: Sequence[Answer]) -> None:
    """Write answers in bulk and advance the job; after `fence`, in its transaction."""
    parameters = {
        "job": claimed.job_id,
        "attempts": claimed.attempts,
        "ordinals": [a.ordinal for a in answers],
        "states": [str(a.state) for a in answers],
        "outputs": [a.output for a in answers],
    }
    await connection.execute(_ANSWER, parameters)


async def retry_singly(connection: AsyncConnection, claimed: Claim, ordinals: Sequence[int]) -> None:
    """Give items of a used-up chunk a chunk of their own; after `fence`, in its transaction."""
    parameters = {"job": claimed.job_id, "ordinals": list(ordinals), "delay": backoff(claimed.attempts)}
    await connection.execute(_RETRY_SINGLY, parameters)


async def wait_again(connection: AsyncConnection, claimed: Claim, delay: float, *, uncounted: bool = False) -> bool:
    """Hand a chunk back, unless its lease was lost; `uncounted`: nothing went wrong, the attempt does not count."""
    parameters = {"id": claimed.id, "token": claimed.token, "delay": delay, "uncounted": int(uncounted)}
    return await _touched(connection, _WAIT_AGAIN, parameters)


async def split(connection: AsyncConnection, claimed: Claim) -> None:
    """Replace a used-up chunk by one chunk for each of its items, so that the one to blame stands alone."""
    await connection.execute(_SPLIT, {"job": claimed.job_id, "first": claimed.first, "last": claimed.last})


async def expired(connection: AsyncConnection, limit: int) -> list[Claim]:
    """Return chunks whose lease has run out, across tenants. As the system role."""
    return [Claim(*row) for row in await connection.execute(_EXPIRED, {"limit": limit})]


async def backlog(connection: AsyncConnection, workload: str) -> Backlog:
    """Count the chunks and the dead inputs of a workload, across tenants. As the system role."""
    row = (await connection.execute(_BACKLOG, {"workload": workload})).one()
    return Backlog(row.waiting, row.running, float(row.oldest), row.dead)


async def abandoned(connection: AsyncConnection, age: float, limit: int) -> list[tuple[UUID, UUID]]:
    """Return (job, tenant) of uploads that have been silent for `age` seconds. As the system role."""
    rows = await connection.execute(_ABANDONED, {"age": age, "limit": limit})
    return [(row.id, row.tenant_id) for row in rows]


async def _touched(connection: AsyncConnection, statement: TextClause, parameters: dict[str, Any]) -> bool:
    return (await connection.execute(statement, parameters)).rowcount == 1
