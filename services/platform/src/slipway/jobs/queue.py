"""SQL of the queue beside the leases: chunks that are handed back or split, and what there is to sweep."""

from typing import LiteralString
from uuid import UUID

from slipway.database import Database
from slipway.jobs.schemas import Backlog, Claim

# As in the finish: the job's lock first, and nothing without the fence.
_SPLIT: LiteralString = """
    WITH job AS MATERIALIZED (
        SELECT id FROM jobs WHERE id = %(job)s FOR UPDATE
    ), fence AS (
        DELETE FROM job_chunks
        WHERE id = %(id)s AND token = %(token)s AND state = 'running' AND job_id = (SELECT id FROM job)
        RETURNING *
    )
    INSERT INTO job_chunks (job_id, tenant_id, workload, priority, first, last, created_at, suspect)
    SELECT f.job_id, f.tenant_id, f.workload, f.priority, i.ordinal, i.ordinal, f.created_at, true
    FROM fence f JOIN job_items i ON i.job_id = f.job_id
    WHERE i.ordinal BETWEEN f.first AND f.last AND i.state = 'pending' RETURNING id
"""

_HAND_BACK: LiteralString = """
    UPDATE job_chunks
    SET state = 'waiting', lease_until = NULL, available_at = now() + make_interval(secs => %(delay)s),
        attempts = attempts - %(uncounted)s, suspect = suspect OR %(suspect)s
    WHERE id = %(id)s AND token = %(token)s AND state = 'running' RETURNING id
"""

_EXPIRED: LiteralString = """
    SELECT c.id, c.job_id, c.tenant_id, c.first, c.last, c.attempts, c.token, j.traceparent, c.suspect, true
    FROM job_chunks c JOIN jobs j ON j.id = c.job_id
    WHERE c.state = 'running' AND c.lease_until < now() ORDER BY c.lease_until LIMIT %(limit)s
"""

_BACKLOG: LiteralString = """
    SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'running'),
        coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE state = 'waiting')), 0)::float8,
        (SELECT coalesce(sum(dead), 0)::int8 FROM jobs WHERE workload = %(workload)s AND dead > 0)
    FROM job_chunks WHERE workload = %(workload)s
"""

_ABANDONED: LiteralString = """
    SELECT id, tenant_id FROM jobs
    WHERE state = 'receiving' AND touched_at < now() - make_interval(secs => %(age)s) LIMIT %(limit)s
"""

_BACKOFF_LIMIT = 60.0


def backoff(attempts: int) -> float:
    """Return the seconds to wait before the next attempt: 1, 2, 4, ... up to a minute."""
    return min(2.0 ** max(attempts - 1, 0), _BACKOFF_LIMIT)


async def wait_again(database: Database, lost: Claim, delay: float, *, suspect: bool) -> bool:
    """Let a lost chunk be tried again after `delay` seconds; False when it was no longer held."""
    return await _hand_back(database, lost, delay, uncounted=0, suspect=suspect)


async def give_back(database: Database, claimed: Claim, delay: float) -> bool:
    """Hand a chunk back of which nothing went wrong: the attempt does not count. False when it was no longer held."""
    return await _hand_back(database, claimed, delay, uncounted=int(claimed.begun), suspect=False)


async def split(database: Database, lost: Claim) -> bool:
    """Replace a chunk by one for each of its items, so that the one to blame stands alone; False when it was gone."""
    parameters = {"job": lost.job_id, "id": lost.id, "token": lost.token}
    return bool(await database.run(lost.tenant_id, _SPLIT, parameters))


async def expired(database: Database, limit: int) -> list[Claim]:
    """Return chunks whose lease has run out, across tenants."""
    return [Claim(*row) for row in await database.run_system(_EXPIRED, {"limit": limit})]


async def backlog(database: Database, workload: str) -> Backlog:
    """Count the chunks and the dead inputs of a workload, across tenants."""
    return Backlog(*(await database.run_system(_BACKLOG, {"workload": workload}))[0])


async def abandoned(database: Database, age: float, limit: int) -> list[tuple[UUID, UUID]]:
    """Return (job, tenant) of uploads that have been silent for `age` seconds, across tenants."""
    return [(job, tenant) for job, tenant in await database.run_system(_ABANDONED, {"age": age, "limit": limit})]


async def _hand_back(database: Database, claimed: Claim, delay: float, *, uncounted: int, suspect: bool) -> bool:
    parameters = {"id": claimed.id, "token": claimed.token, "delay": delay, "uncounted": uncounted, "suspect": suspect}
    return bool(await database.run(claimed.tenant_id, _HAND_BACK, parameters))
