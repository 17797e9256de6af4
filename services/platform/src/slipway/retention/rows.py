"""SQL of the retention of rows that no hold concerns, as one tenant. What others have locked waits for the next run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.retention.schemas import Position, Window


@dataclass(frozen=True, slots=True)
class Expiry:
    """How rows of one table are found and deleted, in the order of their age."""

    page: TextClause
    deletion: TextClause

    async def delete(self, connection: AsyncConnection, window: Window) -> int:
        """Delete up to `at_once` rows beyond the limit; return how many."""
        parameters = {"cutoff": window.cutoff, "limit": window.at_once}
        return (await connection.execute(self.deletion, parameters)).rowcount

    async def look(self, connection: AsyncConnection, window: Window, after: Position | None) -> Sequence[Row[Any]]:
        """Return (since, id) of up to `at_once` rows beyond the limit that come after a position."""
        after_at, after_id = after or (None, None)
        parameters = {"cutoff": window.cutoff, "limit": window.at_once, "after_at": after_at, "after_id": after_id}
        return (await connection.execute(self.page, parameters)).all()


API_KEYS = Expiry(
    text("""
    SELECT least(revoked_at, expires_at) AS since, id FROM api_keys
    WHERE least(revoked_at, expires_at) < :cutoff AND (CAST(:after_at AS timestamptz) IS NULL
        OR (least(revoked_at, expires_at), id) > (:after_at, CAST(:after_id AS text)))
    ORDER BY 1, 2 LIMIT :limit
    """),
    text("""
    DELETE FROM api_keys WHERE id IN (
        SELECT id FROM api_keys WHERE least(revoked_at, expires_at) < :cutoff LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    """),
)

# A key that is taken over in the meantime is new again, and stays.
IDEMPOTENCY_KEYS = Expiry(
    text("""
    SELECT created_at AS since, key AS id FROM idempotency_keys
    WHERE created_at < :cutoff AND (CAST(:after_at AS timestamptz) IS NULL
        OR (created_at, key) > (:after_at, CAST(:after_id AS bytea)))
    ORDER BY 1, 2 LIMIT :limit
    """),
    text("""
    DELETE FROM idempotency_keys WHERE (tenant_id, key) IN (
        SELECT tenant_id, key FROM idempotency_keys WHERE created_at < :cutoff
        ORDER BY created_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    """),
)

# What could still be delivered stays for a while, and then goes all the same: attempts end after days by themselves.
WEBHOOK_EVENTS = Expiry(
    text("""
    SELECT v.created_at AS since, v.id FROM webhook_events v
    WHERE v.created_at < :cutoff AND (CAST(:after_at AS timestamptz) IS NULL
            OR (v.created_at, v.id) > (:after_at, CAST(:after_id AS text)))
        AND (v.created_at < :cutoff - interval '12 hours' OR NOT EXISTS (
            SELECT FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
            WHERE d.event_id = v.id AND (d.state = 'sending' OR (d.state = 'pending' AND e.enabled))
        ))
    ORDER BY 1, 2 LIMIT :limit
    """),
    text("""
    DELETE FROM webhook_events WHERE id IN (
        SELECT v.id FROM webhook_events v
        WHERE v.created_at < :cutoff AND (v.created_at < :cutoff - interval '12 hours' OR NOT EXISTS (
            SELECT FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
            WHERE d.event_id = v.id AND (d.state = 'sending' OR (d.state = 'pending' AND e.enabled))
        ))
        ORDER BY v.created_at LIMIT :limit FOR UPDATE OF v SKIP LOCKED
    )
    """),
)
