"""What waits for a dead endpoint costs the others nothing."""

import json
from uuid import uuid4

from sqlalchemy import text

from slipway.webhooks import queue

FILL = """
    WITH made AS (
        INSERT INTO webhook_events (id, tenant_id, type, payload)
        SELECT %s || n, %s::uuid, 'webhook.test', '{}' FROM generate_series(1, %s) n RETURNING id
    )
    INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event_id) SELECT %s::uuid, %s::uuid, id FROM made
"""


def rows_read(plan: dict) -> int:
    """Return how many rows the scans of a plan have read, dropped ones included."""
    dropped = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    own = (plan["Actual Rows"] + dropped) * plan["Actual Loops"] if "Scan" in plan["Node Type"] else 0
    return own + sum(rows_read(child) for child in plan.get("Plans", []))


async def test_a_claim_reads_few_rows_however_many_wait(desk, rows, receiver):
    tenant = desk.principal.tenant_id
    for number in range(5):
        webhook = await desk.register(receiver.url)
        await rows(FILL, f"msg_{uuid4().hex}", tenant, 10_000 if number else 3, tenant, webhook.id)
        if number:
            await rows(
                "UPDATE webhook_endpoints SET broken_until = now() + interval '1 h', failures = 9 WHERE id = %s",
                webhook.id,
            )
    await rows("ANALYZE webhook_deliveries, webhook_endpoints")

    async with desk.platform.database.system_transaction() as connection:
        parameters = {"most": 64, "an_endpoint": 4, "a_tenant": 16, "lease": 30.0}
        explained = await connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {queue._CLAIM}"), parameters)
        (plan,) = explained.scalar_one()

    assert rows_read(plan["Plan"]) < 1_000, json.dumps(plan)
    assert await rows("SELECT state, count(*)::int FROM webhook_deliveries GROUP BY 1 ORDER BY 1") == [
        ("pending", 40_000),
        ("sending", 3),
    ]
