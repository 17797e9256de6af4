"""SQL of the delivery queue: claim, give back, settle. The claim looks across tenants; the rest writes as one tenant.

Lock order: endpoint, then delivery. The claim locks deliveries only, and waits for none.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.webhooks.schemas import Backlog, Claim, DeliveryState

# `waiting` steps through the index from one endpoint to the next, so that the time does not grow with the deliveries
# that wait. A broken endpoint has room for one delivery, and only once its pause is over. Endpoints, and above them
# tenants, take turns: what is `nth` of a slow one comes after the first of all others.
_CLAIM = text("""
    WITH RECURSIVE waiting AS (
        (SELECT endpoint_id FROM webhook_deliveries WHERE state = 'pending' ORDER BY endpoint_id LIMIT 1)
        UNION ALL
        SELECT n.endpoint_id FROM waiting w CROSS JOIN LATERAL (
            SELECT d.endpoint_id FROM webhook_deliveries d
            WHERE d.state = 'pending' AND d.endpoint_id > w.endpoint_id ORDER BY d.endpoint_id LIMIT 1
        ) n
    ), busy AS (
        SELECT endpoint_id, tenant_id, count(*) AS deliveries FROM webhook_deliveries
        WHERE state = 'sending' AND lease_until >= now() GROUP BY endpoint_id, tenant_id
    ), open AS (
        SELECT e.id, e.tenant_id,
            CASE WHEN e.broken_until IS NULL THEN :an_endpoint ELSE 1 END - coalesce(b.deliveries, 0) AS room,
            coalesce((SELECT sum(deliveries) FROM busy WHERE tenant_id = e.tenant_id), 0) AS of_tenant
        FROM waiting w JOIN webhook_endpoints e ON e.id = w.endpoint_id LEFT JOIN busy b ON b.endpoint_id = e.id
        WHERE e.enabled AND (e.broken_until IS NULL OR e.broken_until <= now())
    ), due AS (
        SELECT o.tenant_id, o.of_tenant, d.* FROM open o CROSS JOIN LATERAL (
            SELECT id, available_at, row_number() OVER (ORDER BY available_at, id) AS nth FROM webhook_deliveries
            WHERE state = 'pending' AND endpoint_id = o.id AND available_at <= now()
            ORDER BY available_at, id LIMIT greatest(o.room, 0)
        ) d
    ), ranked AS (
        SELECT id, available_at, of_tenant + row_number() OVER (
            PARTITION BY tenant_id ORDER BY nth, available_at, id
        ) AS place FROM due
    ), chosen AS (
        SELECT d.id FROM ranked r JOIN webhook_deliveries d ON d.id = r.id
        WHERE r.place <= :a_tenant AND d.state = 'pending' AND d.available_at <= now()
        ORDER BY r.place, r.available_at LIMIT :most FOR UPDATE OF d SKIP LOCKED
    )
    UPDATE webhook_deliveries d
    SET state = 'sending', attempts = d.attempts + 1, token = d.token + 1,
        lease_until = now() + make_interval(secs => :lease)
    FROM chosen WHERE d.id = chosen.id
    RETURNING d.id, d.tenant_id, d.endpoint_id, d.attempts, d.token
""")

_GIVE_BACK = text("""
    UPDATE webhook_deliveries
    SET state = 'pending', attempts = attempts - 1, lease_until = NULL,
        available_at = now() + make_interval(secs => :delay)
    WHERE id = :id AND token = :token AND state = 'sending'
""")

_SETTLE = text("""
    UPDATE webhook_deliveries
    SET state = :state, lease_until = NULL, available_at = now() + make_interval(secs => :delay),
        finished_at = CASE WHEN :state IN ('delivered', 'failed') THEN now() END
    WHERE id = :id AND token = :token AND state = 'sending'
""")

_EXPIRED = text("""
    SELECT id, tenant_id, endpoint_id, attempts, token FROM webhook_deliveries
    WHERE state = 'sending' AND lease_until < now() ORDER BY lease_until LIMIT :limit
""")

_BACKLOG = text("""
    SELECT count(d.id) AS pending,
        coalesce(extract(epoch FROM now() - min(d.available_at) FILTER (WHERE e.broken_until IS NULL)), 0) AS overdue,
        (SELECT count(*) FROM webhook_endpoints WHERE enabled AND broken_until IS NULL) AS enabled,
        (SELECT count(*) FROM webhook_endpoints WHERE enabled AND broken_until IS NOT NULL) AS broken,
        (SELECT count(*) FROM webhook_endpoints WHERE NOT enabled) AS disabled
    FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
    WHERE d.state = 'pending' AND e.enabled
""")

TENANT_FACTOR = 4
"""A tenant may have this many times the deliveries under way that one endpoint may."""


async def claim(connection: AsyncConnection, most: int, *, an_endpoint: int, lease: float) -> Sequence[Claim]:
    """Lease up to `most` due deliveries for `lease` seconds, the fairest first. As the system role."""
    parameters = {"most": most, "an_endpoint": an_endpoint, "a_tenant": TENANT_FACTOR * an_endpoint, "lease": lease}
    return [Claim(*row) for row in await connection.execute(_CLAIM, parameters)]


async def give_back(connection: AsyncConnection, claimed: Claim, delay: float) -> bool:
    """Let a delivery wait again, its attempt uncounted; False when the lease was lost."""
    return await _touched(connection, _GIVE_BACK, {"id": claimed.id, "token": claimed.token, "delay": delay})


async def settle(connection: AsyncConnection, claimed: Claim, state: DeliveryState, delay: float) -> bool:
    """Write what came of an attempt; False when the lease was lost. Then nothing else may be written of it."""
    parameters = {"id": claimed.id, "token": claimed.token, "state": str(state), "delay": delay}
    return await _touched(connection, _SETTLE, parameters)


async def expired(connection: AsyncConnection, limit: int) -> Sequence[Claim]:
    """Return deliveries whose lease has run out, across tenants. As the system role."""
    return [Claim(*row) for row in await connection.execute(_EXPIRED, {"limit": limit})]


async def backlog(connection: AsyncConnection) -> Backlog:
    """Count what waits, across tenants. As the system role."""
    row = (await connection.execute(_BACKLOG)).one()
    return Backlog(row.pending, max(float(row.overdue), 0.0), row.enabled, row.broken, row.disabled)


async def _touched(connection: AsyncConnection, statement: TextClause, parameters: dict[str, Any]) -> bool:
    return (await connection.execute(statement, parameters)).rowcount == 1
