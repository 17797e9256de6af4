"""A worker's side of a lease: claim, read, renew, finish. Each is one statement, one round trip, one commit.

Lock order: job, then chunks, then items. Only the claim locks a chunk first, and it never waits for a job.
"""

from collections.abc import Sequence
from typing import LiteralString

from slipway.database import Database
from slipway.jobs.schemas import Answer, Claim, SealedItem
from slipway.subjects.refusals import Refusal

# The fairest chunk: priority, then the tenant with the fewest running, then age. `heads` steps through the index from
# one (priority, tenant) to the next, so that the time does not grow with the number of chunks that wait. Only the
# chunk that is taken is locked: the last join stops at the first row.
_CLAIM: LiteralString = """
    WITH RECURSIVE heads AS (
        (SELECT priority, tenant_id FROM job_chunks WHERE state = 'waiting' AND workload = %(workload)s
        ORDER BY priority DESC, tenant_id DESC LIMIT 1)
        UNION ALL
        SELECT n.priority, n.tenant_id FROM heads h CROSS JOIN LATERAL (
            SELECT c.priority, c.tenant_id FROM job_chunks c
            WHERE c.state = 'waiting' AND c.workload = %(workload)s
                AND (c.priority, c.tenant_id) < (h.priority, h.tenant_id)
            ORDER BY c.priority DESC, c.tenant_id DESC LIMIT 1
        ) n
    ), busy AS (
        SELECT tenant_id, count(*) AS chunks FROM job_chunks WHERE state = 'running' GROUP BY tenant_id
    ), ranked AS (
        SELECT h.priority, h.tenant_id FROM heads h
        CROSS JOIN LATERAL (
            SELECT c.created_at FROM job_chunks c
            WHERE c.state = 'waiting' AND c.workload = %(workload)s AND c.priority = h.priority
                AND c.tenant_id = h.tenant_id AND c.available_at <= now()
            ORDER BY c.created_at, c.id LIMIT 1
        ) oldest
        LEFT JOIN busy b ON b.tenant_id = h.tenant_id
        ORDER BY h.priority DESC, coalesce(b.chunks, 0), oldest.created_at, h.tenant_id
    ), fairest AS (
        SELECT f.id FROM ranked r CROSS JOIN LATERAL (
            SELECT c.id FROM job_chunks c
            WHERE c.state = 'waiting' AND c.workload = %(workload)s AND c.priority = r.priority
                AND c.tenant_id = r.tenant_id AND c.available_at <= now()
            ORDER BY c.created_at, c.id LIMIT 1 FOR UPDATE SKIP LOCKED
        ) f LIMIT 1
    ), claimed AS (
        UPDATE job_chunks c
        SET state = 'running', attempts = c.attempts + CASE WHEN c.suspect AND %(busy)s THEN 0 ELSE 1 END,
            token = c.token + 1, lease_until = now() + make_interval(secs => %(lease)s)
        FROM fairest WHERE c.id = fairest.id
        RETURNING c.id, c.job_id, c.tenant_id, c.first, c.last, c.attempts, c.token, c.suspect
    ), started AS (
        UPDATE jobs SET state = 'running', started_at = coalesce(started_at, now()), revision = revision + 1
        WHERE id IN (
            SELECT j.id FROM jobs j JOIN claimed ON claimed.job_id = j.id
            WHERE j.state = 'queued' FOR UPDATE OF j SKIP LOCKED
        )
    )
    SELECT c.id, c.job_id, c.tenant_id, c.first, c.last, c.attempts, c.token, j.traceparent, c.suspect,
        NOT (c.suspect AND %(busy)s)
    FROM claimed c JOIN jobs j ON j.id = c.job_id
"""

_BEGIN: LiteralString = """
    UPDATE job_chunks SET attempts = attempts + 1, lease_until = now() + make_interval(secs => %(lease)s)
    WHERE id = %(id)s AND token = %(token)s AND state = 'running' RETURNING attempts
"""

_RENEW: LiteralString = """
    UPDATE job_chunks SET lease_until = now() + make_interval(secs => %(lease)s)
    WHERE id = %(id)s AND token = %(token)s AND state = 'running' AND lease_until >= now() RETURNING id
"""

_INPUTS: LiteralString = """
    SELECT i.ordinal, i.subject_id, k.wrapped, i.input,
        CASE WHEN s.restricted_at IS NOT NULL THEN 'processing_restricted'
            WHEN s.objected_at IS NOT NULL THEN 'processing_objected' END
    FROM job_items i
    JOIN LATERAL (
        SELECT wrapped FROM subject_keys WHERE subject_id = i.subject_id ORDER BY version DESC LIMIT 1
    ) k ON true
    LEFT JOIN subjects s ON s.tenant_id = i.tenant_id AND s.id = i.subject_id
        AND (s.restricted_at IS NOT NULL OR s.objected_at IS NOT NULL)
    WHERE i.job_id = %(job)s AND i.ordinal BETWEEN %(first)s AND %(last)s AND i.state = 'pending'
    ORDER BY i.ordinal
"""

_BARRED: LiteralString = """
    SELECT EXISTS (
        SELECT FROM job_items i
        JOIN subjects s ON s.tenant_id = i.tenant_id AND s.id = i.subject_id
            AND (s.restricted_at IS NOT NULL OR s.objected_at IS NOT NULL)
        WHERE i.job_id = %(job)s AND i.ordinal = ANY (CAST(%(ordinals)s AS integer[]))
    ) OR NOT EXISTS (
        SELECT FROM job_chunks WHERE id = %(id)s AND token = %(token)s AND state = 'running'
    )
"""

# The job's lock comes first, and the fence is the deletion of the chunk: without it every later part finds no row.
# What is worked on is not old. The time is noted once an hour: a row whose indexed columns stay is cheaper to change.
# What was answered about a person who is restricted or has objected in the meantime is not written: those inputs are
# looked at again, and refused. Mostly a tenant has no such person, and that is found out once a statement.
_FINISH: LiteralString = """
    WITH job AS MATERIALIZED (
        SELECT id FROM jobs WHERE id = %(job)s FOR UPDATE
    ), fence AS (
        DELETE FROM job_chunks
        WHERE id = %(id)s AND token = %(token)s AND state = 'running' AND job_id = (SELECT id FROM job)
        RETURNING job_id, tenant_id, workload, priority, created_at
    ), answered AS (
        UPDATE job_items i SET state = a.state, output = a.output, attempts = %(attempts)s
        FROM fence CROSS JOIN
            unnest(CAST(%(ordinals)s AS integer[]), CAST(%(states)s AS text[]), CAST(%(outputs)s AS bytea[]))
            AS a (ordinal, state, output)
        WHERE i.job_id = fence.job_id AND i.ordinal = a.ordinal AND i.state = 'pending'
            AND (
                NOT EXISTS (SELECT FROM subjects WHERE restricted_at IS NOT NULL OR objected_at IS NOT NULL)
                OR a.ordinal = ANY (CAST(%(refused)s AS integer[]))
                OR NOT EXISTS (
                    SELECT FROM subjects s WHERE s.tenant_id = i.tenant_id AND s.id = i.subject_id
                        AND (s.restricted_at IS NOT NULL OR s.objected_at IS NOT NULL)
                )
            )
        RETURNING i.ordinal, i.state
    ), barred AS (
        SELECT i.ordinal FROM fence JOIN job_items i ON i.job_id = fence.job_id
        WHERE (SELECT count(*) FROM answered) < cardinality(CAST(%(ordinals)s AS integer[]))
            AND i.ordinal = ANY (CAST(%(ordinals)s AS integer[])) AND i.state = 'pending'
            AND NOT EXISTS (SELECT FROM answered a WHERE a.ordinal = i.ordinal)
    ), again AS (
        INSERT INTO job_chunks (job_id, tenant_id, workload, priority, first, last, created_at, available_at)
        SELECT f.job_id, f.tenant_id, f.workload, f.priority, o, o, f.created_at,
            now() + make_interval(secs => CASE WHEN barred THEN 0 ELSE %(delay)s END)
        FROM fence f CROSS JOIN (
            SELECT unnest(CAST(%(again)s AS integer[])), false UNION ALL SELECT ordinal, true FROM barred
        ) AS n (o, barred)
    ), counted AS (
        SELECT f.job_id, count(a.state) FILTER (WHERE a.state = 'succeeded') AS succeeded,
            count(a.state) FILTER (WHERE a.state = 'dead') AS dead
        FROM fence f LEFT JOIN answered a ON true GROUP BY f.job_id
    )
    UPDATE jobs j
    SET succeeded = j.succeeded + c.succeeded, dead = j.dead + c.dead, revision = j.revision + 1,
        started_at = coalesce(j.started_at, now()),
        touched_at = CASE WHEN j.touched_at < now() - interval '1 h' THEN now() ELSE j.touched_at END,
        state = CASE WHEN j.succeeded + j.dead + c.succeeded + c.dead >= j.total THEN 'completed' ELSE 'running' END,
        finished_at = CASE WHEN j.succeeded + j.dead + c.succeeded + c.dead >= j.total THEN now() END
    FROM counted c WHERE j.id = c.job_id RETURNING j.id
"""


async def claim(database: Database, workload: str, lease: float, *, busy: bool = False) -> Claim | None:
    """Lease the fairest waiting chunk for `lease` seconds; None when nothing waits.

    The attempt counts from here on. Not that of a suspect while this process is `busy` with other chunks: it has to
    wait for them, and is not to be blamed if one of them crashes the process. It counts when it begins.
    """
    rows = await database.run_system(_CLAIM, {"workload": workload, "lease": lease, "busy": busy})
    return Claim(*rows[0]) if rows else None


async def begin(database: Database, claimed: Claim, lease: float) -> Claim | None:
    """Count the attempt of a claim that had to wait; None when the lease was lost."""
    rows = await database.run_system(_BEGIN, {"id": claimed.id, "token": claimed.token, "lease": lease})
    return claimed.begin(rows[0][0]) if rows else None


async def renew(database: Database, claimed: Claim, lease: float) -> bool:
    """Prolong a lease by the database's clock; False when it was lost: one that has run out stays so."""
    return bool(await database.run_system(_RENEW, {"id": claimed.id, "token": claimed.token, "lease": lease}))


async def read_inputs(database: Database, claimed: Claim) -> list[SealedItem]:
    """Return the items of a chunk that are not answered yet, in order, with their subjects' wrapped keys."""
    parameters = {"job": claimed.job_id, "first": claimed.first, "last": claimed.last}
    rows = await database.run(claimed.tenant_id, _INPUTS, parameters)
    return [
        SealedItem(ordinal, subject, wrapped, sealed, refusal=Refusal(barred) if barred else None)
        for ordinal, subject, wrapped, sealed, barred in rows
    ]


async def is_barred(database: Database, claimed: Claim, ordinals: Sequence[int]) -> bool:
    """Tell whether not all answers to these items would be written any more.

    The lease is lost, or somebody whom they are about is restricted by now or has objected.
    """
    parameters = {"job": claimed.job_id, "ordinals": list(ordinals), "id": claimed.id, "token": claimed.token}
    rows = await database.run(claimed.tenant_id, _BARRED, parameters)
    return bool(rows[0][0])


async def finish(
    database: Database, claimed: Claim, answers: Sequence[Answer], again: Sequence[int], delay: float
) -> bool:
    """Write the answers in bulk, use up the chunk, and advance its job.

    Args:
        database: where to.
        claimed: the lease.
        answers: for the items that are done. One about a person who is restricted or has objected by now is not
            written, unless it says just that: the item gets a chunk of its own.
        again: ordinals of the items that get a chunk of their own instead.
        delay: seconds until those may be claimed.

    Returns:
        False when the lease was lost, or the job cancelled or deleted: then nothing was written.
    """
    parameters = {
        "job": claimed.job_id,
        "id": claimed.id,
        "token": claimed.token,
        "attempts": claimed.attempts,
        "ordinals": [a.ordinal for a in answers],
        "states": [str(a.state) for a in answers],
        "outputs": [a.output for a in answers],
        "refused": [a.ordinal for a in answers if a.refusal is not None],
        "again": list(again),
        "delay": delay,
    }
    return bool(await database.run(claimed.tenant_id, _FINISH, parameters))
