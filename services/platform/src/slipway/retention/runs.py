"""SQL of the runs themselves: whose turn it is, what they came to, and the time by the database."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.retention.schemas import Outcome

_TAKE_TURN = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")

_NOTE = text("""
    INSERT INTO retention_runs AS r (tenant_id, store, succeeded_at, oldest) VALUES (:tenant, :store, :now, :oldest)
    ON CONFLICT (tenant_id, store) DO UPDATE SET
        succeeded_at = CASE WHEN :succeeded THEN greatest(r.succeeded_at, excluded.succeeded_at)
            ELSE r.succeeded_at END,
        oldest = CASE WHEN :looked THEN excluded.oldest ELSE r.oldest END
""")

_SINCE = text("SELECT tenant_id, store FROM retention_runs WHERE succeeded_at > :since")

_STATES = text("""
    SELECT store, min(succeeded_at) AS succeeded_at, min(oldest) AS oldest FROM retention_runs
    WHERE store = ANY (CAST(:stores AS text[])) GROUP BY store
""")


async def take_turn(connection: AsyncConnection, tenant: UUID, store: str) -> bool:
    """Return whether nobody else is at this tenant's rows, and nobody will be before the transaction ends."""
    found = await connection.execute(_TAKE_TURN, {"name": f"slipway.retention/{store}/{tenant}"})
    return bool(found.scalar_one())


async def note(connection: AsyncConnection, tenant: UUID, outcome: Outcome, now: datetime) -> None:
    """Note what has come of one kind of row of a tenant. What was not looked at is left as it was."""
    parameters = {
        "tenant": tenant,
        "store": outcome.policy.store,
        "now": now,
        "oldest": outcome.oldest,
        "succeeded": not outcome.failed,
        "looked": outcome.looked,
    }
    await connection.execute(_NOTE, parameters)


async def done_since(connection: AsyncConnection, since: datetime) -> set[tuple[UUID, str]]:
    """Return (tenant, store) of what came to its end after that time, across tenants. As the system role."""
    return {(row.tenant_id, row.store) for row in await connection.execute(_SINCE, {"since": since})}


async def states(connection: AsyncConnection, stores: Collection[str]) -> Sequence[Row[Any]]:
    """Return (store, succeeded_at, oldest): of all tenants the one that is worst off. As the system role."""
    return (await connection.execute(_STATES, {"stores": list(stores)})).all()


async def database_time(connection: AsyncConnection) -> datetime:
    """Return the time by the database's clock, now."""
    found: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return found
