"""Is anything kept for longer than was promised? Counted by a superuser, by rules written down here a second time.

`plant` puts rows of every age into a database, `late_rows` counts those that should be gone. In between the retention
runs on a clock that is days ahead, in this process:

    with use_clock(lambda: later):
        await Retention(database, settings).run()
    assert await late_rows(connection, settings, later) == 0
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from slipway.settings import Settings

GRACE = timedelta(hours=24)
"""How much later than its limit a row may go."""

_HELD = "EXISTS (SELECT FROM subjects s WHERE s.id = {} AND s.hold_until > %(now)s)"
_OLD_JOB = "coalesce(j.finished_at, j.touched_at) < %(jobs)s"
_OLD_EXPORT = "coalesce(e.finished_at, r.created_at) < %(exports)s"
_NOBODY = """
    CASE WHEN s.pseudonym IS NULL THEN NOT EXISTS (SELECT FROM jobs j WHERE j.subject_id = s.id)
        ELSE NOT EXISTS (SELECT FROM job_items i WHERE i.subject_id = s.id)
            AND coalesce(s.restricted_at, s.objected_at) IS NULL END
    AND NOT EXISTS (SELECT FROM subject_exports e WHERE e.subject_id = s.id)
    AND s.created_at < %(subjects)s AND coalesce(s.hold_until <= %(now)s, true)
"""
_RULES = {
    "jobs": f"""SELECT count(*) FROM jobs j WHERE {_OLD_JOB} AND NOT {_HELD.format("j.subject_id")}
        AND NOT EXISTS (SELECT FROM job_items i WHERE i.job_id = j.id AND {_HELD.format("i.subject_id")})""",
    "job_items": f"""SELECT count(*) FROM job_items i JOIN jobs j ON j.id = i.job_id
        WHERE {_OLD_JOB} AND NOT {_HELD.format("i.subject_id")}""",
    "job_chunks": f"""SELECT count(*) FROM job_chunks c JOIN jobs j ON j.id = c.job_id WHERE {_OLD_JOB}
        AND NOT EXISTS (SELECT FROM job_items i WHERE i.job_id = j.id AND {_HELD.format("i.subject_id")})""",
    "subjects": f"SELECT count(*) FROM subjects s WHERE {_NOBODY}",
    "subject_keys": f"SELECT count(*) FROM subject_keys k JOIN subjects s ON s.id = k.subject_id WHERE {_NOBODY}",
    "subject_exports": f"SELECT count(*) FROM subject_exports e JOIN subject_requests r USING (id) WHERE {_OLD_EXPORT}",
    "subject_export_parts": f"""SELECT count(*) FROM subject_export_parts p JOIN subject_exports e ON e.id = p.export_id
        JOIN subject_requests r ON r.id = e.id WHERE {_OLD_EXPORT}""",
    "api_keys": "SELECT count(*) FROM api_keys WHERE least(revoked_at, expires_at) < %(api_keys)s",
    "idempotency_keys": "SELECT count(*) FROM idempotency_keys WHERE created_at < %(idempotency_keys)s",
    "webhook_events": "SELECT count(*) FROM webhook_events WHERE created_at < %(webhooks)s",
    "webhook_deliveries": "SELECT count(*) FROM webhook_deliveries WHERE created_at < %(webhooks)s",
    "webhook_attempts": "SELECT count(*) FROM webhook_attempts WHERE at < %(webhooks)s",
}

_NEEDED = f"""(
    s.hold_until > %(now)s OR s.created_at >= %(subjects)s
    OR s.pseudonym IS NOT NULL AND coalesce(s.restricted_at, s.objected_at) IS NOT NULL
    OR EXISTS (SELECT FROM job_items i JOIN jobs j ON j.id = i.job_id WHERE i.subject_id = s.id AND NOT {_OLD_JOB})
    OR EXISTS (SELECT FROM jobs j WHERE j.subject_id = s.id AND NOT {_OLD_JOB})
    OR EXISTS (
        SELECT FROM subject_exports e JOIN subject_requests r USING (id)
        WHERE e.subject_id = s.id AND NOT {_OLD_EXPORT}
    )
)"""
_EVENT = "EXISTS (SELECT FROM webhook_events v WHERE v.id = d.event_id AND v.created_at >= %(webhooks)s)"
_YOUNG = {
    "subjects": f"SELECT count(*) FROM subjects s WHERE {_NEEDED}",
    "subject_keys": f"SELECT count(*) FROM subject_keys k JOIN subjects s ON s.id = k.subject_id WHERE {_NEEDED}",
    "webhook_events": "SELECT count(*) FROM webhook_events WHERE created_at >= %(webhooks)s",
    "webhook_deliveries": f"SELECT count(*) FROM webhook_deliveries d WHERE {_EVENT}",
    "webhook_attempts": f"""SELECT count(*) FROM webhook_attempts a JOIN webhook_deliveries d ON d.id = a.delivery_id
        WHERE {_EVENT}""",
}
"""What must stay, of tables whose other rows go together with those of a table above them, late or not."""

_PLANT = """
    INSERT INTO tenants (id, name) VALUES (%(tenant)s, %(tenant)s::text);
    INSERT INTO subjects (id, tenant_id, pseudonym, created_at, restricted_at, objected_at, hold_until)
    SELECT gen_random_uuid(), %(tenant)s, sha256((%(tenant)s::text || n)::bytea), now() - interval '400 days',
        CASE WHEN n %% 20 = 7 THEN now() END, CASE WHEN n %% 20 = 8 THEN now() END,
        CASE WHEN n %% 20 = 0 THEN now() + interval '10 years' END
    FROM generate_series(1, %(people)s) n;
    INSERT INTO api_keys (id, tenant_id, name, hash, scopes, revoked_at, expires_at)
    SELECT %(tenant)s::text || n, %(tenant)s, 'k', 'h', '{}', now() - n * interval '7 days',
        CASE WHEN n %% 3 = 0 THEN now() - n * interval '9 days' END
    FROM generate_series(0, 99) n;
    INSERT INTO idempotency_keys (tenant_id, key, owner, locked_until, created_at)
    SELECT %(tenant)s, n::text::bytea, %(tenant)s, now(), now() - n * interval '30 min' FROM generate_series(0, 199) n;
    INSERT INTO webhook_endpoints (id, tenant_id, url, secret, events, created_by)
    VALUES (%(tenant)s, %(tenant)s, 'u', 's', '{}', '');
    INSERT INTO webhook_events (id, tenant_id, type, payload, created_at)
    SELECT %(tenant)s::text || n, %(tenant)s, 't', '{}', now() - n * interval '8 h' FROM generate_series(0, 199) n;
    INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event_id, state, created_at)
    SELECT tenant_id, tenant_id, id, CASE WHEN random() < 0.2 THEN 'pending' ELSE 'delivered' END, created_at
    FROM webhook_events WHERE tenant_id = %(tenant)s;
    INSERT INTO webhook_attempts (tenant_id, delivery_id, outcome, at)
    SELECT tenant_id, id, 'delivered', created_at FROM webhook_deliveries WHERE tenant_id = %(tenant)s;
"""

_PLANT_EXPORTS = """
    INSERT INTO subject_requests (tenant_id, kind, state, subject_id, requested_by, deadline)
    SELECT tenant_id, 'export', 'done', id, '', now() FROM (
        SELECT *, row_number() OVER (PARTITION BY pseudonym IS NULL ORDER BY created_at, id) AS n
        FROM subjects WHERE tenant_id = %(tenant)s
    ) numbered
    WHERE n <= %(people)s / 4;
    INSERT INTO subject_exports (id, tenant_id, subject_id, recipient, parts, finished_at)
    SELECT id, tenant_id, subject_id, 'sealed', 3,
        CASE WHEN n %% 10 > 0 THEN now() - n %% 30 * interval '1 day' END
    FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM subject_requests WHERE tenant_id = %(tenant)s) numbered;
    INSERT INTO subject_export_parts (export_id, number, tenant_id, subject_id, content)
    SELECT id, n, tenant_id, subject_id, 'sealed' FROM subject_exports, generate_series(0, 2) n
    WHERE tenant_id = %(tenant)s;
    UPDATE subjects SET restricted_at = now()
    WHERE pseudonym IS NULL AND id IN (SELECT subject_id FROM subject_exports WHERE tenant_id = %(tenant)s)
"""

_PLANT_JOB = """
    WITH unnamed AS (
        INSERT INTO subjects (tenant_id, created_at) VALUES (%(tenant)s, now() - %(age)s - interval '1 h') RETURNING id
    ), job AS (
        INSERT INTO jobs (id, tenant_id, workload, state, priority, created_by, total, subject_id,
            created_at, touched_at, finished_at)
        SELECT %(job)s, %(tenant)s, 'w', %(state)s, 5, '', %(items)s, id, now() - %(age)s - interval '1 h',
            now() - %(age)s, CASE WHEN %(state)s = 'completed' THEN now() - %(age)s END
        FROM unnamed RETURNING subject_id
    ), people AS (
        SELECT id, row_number() OVER () - 1 AS n FROM (
            SELECT id FROM subjects WHERE tenant_id = %(tenant)s AND pseudonym IS NOT NULL
            ORDER BY md5(id::text || %(job)s::text) LIMIT %(items)s
        ) chosen
    ), chunk AS (
        INSERT INTO job_chunks (job_id, tenant_id, workload, priority, first, last)
        SELECT %(job)s, %(tenant)s, 'w', 5, 0, %(items)s - 1 FROM job WHERE %(state)s <> 'completed'
    )
    INSERT INTO job_items (job_id, ordinal, tenant_id, subject_id, input)
    SELECT %(job)s, n, %(tenant)s, CASE WHEN n %% 3 = 0 THEN (SELECT subject_id FROM job) ELSE id END, 'sealed'
    FROM people, job
"""

_KEYS = """
    INSERT INTO subject_keys (subject_id, version, tenant_id, wrapped)
    SELECT id, 1, tenant_id, 'wrapped' FROM subjects ON CONFLICT DO NOTHING
"""


async def plant(connection: AsyncConnection[Any], seed: int, *, tenants: int = 2, jobs: int = 100) -> None:
    """Fill a database with jobs of up to 90 days, people under a legal hold among them, and rows of every other kind.

    Args:
        connection: a superuser's, which commits each statement.
        seed: of the same one come the same ages.
        tenants: how many there are to be.
        jobs: how many each of them has; one in ten never ends.
    """
    random = Random(seed)  # ages of rows, no secrets
    for _ in range(tenants):
        tenant = _uuid(random)
        await _execute(connection, _PLANT, tenant, 2 * jobs)
        for _ in range(jobs):
            age = timedelta(days=random.uniform(0, 90))
            state = "queued" if random.random() < 0.1 else "completed"
            planted = {"tenant": tenant, "job": _uuid(random), "age": age, "state": state}
            await connection.execute(_PLANT_JOB, {**planted, "items": random.randint(1, 12)})
        await _execute(connection, _PLANT_EXPORTS, tenant, 2 * jobs)
    await connection.execute(_KEYS)


async def late_rows(connection: AsyncConnection[Any], settings: Settings, now: datetime) -> int:
    """Return how many rows of all tables are older, at `now`, than their limit and 24 hours. A hold excuses a row.

    Args:
        connection: a superuser's.
        settings: those that the limits are in.
        now: the time on the clock of the retention, aware.
    """
    return sum((await late_by_table(connection, settings, now)).values())


async def late_by_table(connection: AsyncConnection[Any], settings: Settings, now: datetime) -> dict[str, int]:
    """Return the same by table."""
    return await _count(connection, _RULES, now, _cutoffs(settings, now - GRACE))


async def young_rows(connection: AsyncConnection[Any], settings: Settings, now: datetime) -> dict[str, int]:
    """Return, by table, how many rows there are which are within their limit at `now`, or held: all must stay."""
    everything = {table: f"SELECT count(*) FROM {table}" for table in _RULES.keys() - _YOUNG.keys()}
    cutoffs = _cutoffs(settings, now)
    due = await _count(connection, _RULES, now, cutoffs)
    there = await _count(connection, everything, now, cutoffs)
    return {table: count - due[table] for table, count in there.items()} | await _count(
        connection, _YOUNG, now, cutoffs
    )


async def _execute(connection: AsyncConnection[Any], statements: str, tenant: UUID, people: int) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            await connection.execute(statement, {"tenant": tenant, "people": people})


def _cutoffs(settings: Settings, now: datetime) -> dict[str, datetime]:
    return {
        "jobs": now - timedelta(days=settings.job_retention_days),
        "subjects": now - timedelta(days=1),
        "exports": now - timedelta(days=settings.export_retention_days),
        "api_keys": now - timedelta(days=settings.api_key_retention_days),
        "idempotency_keys": now - timedelta(seconds=settings.idempotency_seconds),
        "webhooks": now - timedelta(seconds=settings.webhook_retention_seconds),
    }


async def _count(
    connection: AsyncConnection[Any], rules: Mapping[str, str], now: datetime, cutoffs: Mapping[str, datetime]
) -> dict[str, int]:
    return {table: await _one(connection, rule, {**cutoffs, "now": now}) for table, rule in rules.items()}


async def _one(connection: AsyncConnection[Any], statement: Any, parameters: Mapping[str, Any]) -> int:
    row = await (await connection.execute(statement, parameters)).fetchone()
    return 0 if row is None else int(row[0])


def _uuid(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)
