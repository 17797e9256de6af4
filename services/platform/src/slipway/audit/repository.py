"""SQL of the audit log: entries are added and read, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.audit.models import audit_log, audit_seals

_UNSEALED = text("""
    SELECT t.id, extract(epoch FROM clock_timestamp() - l.oldest) AS age
    FROM tenants t
    LEFT JOIN LATERAL (
        SELECT upto_xid FROM audit_seals WHERE tenant_id = t.id ORDER BY sequence DESC LIMIT 1
    ) s ON true
    CROSS JOIN LATERAL (
        SELECT min(at) AS oldest FROM audit_log WHERE tenant_id = t.id AND xid >= coalesce(s.upto_xid, '0'::xid8)
    ) l
    WHERE l.oldest IS NOT NULL
""")

_ENTRIES = text("""
    SELECT id, at, actor, action, resource, detail, trace_id FROM audit_log
    WHERE xid >= CAST(CAST(:start AS text) AS xid8) AND xid < CAST(CAST(:end AS text) AS xid8) ORDER BY id
""")

_STEP = text("""
    WITH ahead AS (
        SELECT xid FROM audit_log
        WHERE xid >= CAST(CAST(:start AS text) AS xid8) AND xid < CAST(CAST(:end AS text) AS xid8)
        ORDER BY xid LIMIT :most + 1
    )
    SELECT CAST(CAST(oldest.xid AS text) AS bigint) AS oldest, CAST(CAST(beyond.xid AS text) AS bigint) AS beyond
    FROM (SELECT xid FROM ahead ORDER BY xid LIMIT 1) oldest,
        (SELECT xid FROM ahead ORDER BY xid OFFSET :most LIMIT 1) beyond
""")


@dataclass(frozen=True, slots=True)
class Seal:
    """A signed link of a tenant's chain: it covers the entries from the previous one's `upto_xid` to its own."""

    sequence: int
    upto_xid: int
    entries: int
    digest: bytes
    signature: bytes
    key_id: str
    sealed_at: datetime


async def add_entries(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert entries, all of one tenant."""
    await connection.execute(insert(audit_log), list(rows))


async def tenants_to_seal(connection: AsyncConnection) -> list[tuple[UUID, float]]:
    """Return the tenants with entries that no seal covers, and the age of the oldest. As the system role."""
    return [(row.id, float(row.age)) for row in await connection.execute(_UNSEALED)]


async def settled_xid(connection: AsyncConnection) -> int:
    """Return the transaction id below which every transaction has ended, so that no entry can appear any more."""
    found = await connection.execute(
        text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)")
    )
    return int(found.scalar_one())


async def step_end(connection: AsyncConnection, start: int, end: int, most: int) -> int:
    """Return where to stop before `end`, so that from `start` there are at most so many entries.

    Transactions are not divided: one with more entries than that makes a step of its own.
    """
    found = (await connection.execute(_STEP, {"start": start, "end": end, "most": most})).first()
    return max(found.beyond, found.oldest + 1) if found else end


async def hold_chain(connection: AsyncConnection, tenant: UUID) -> None:
    """Let one sealer at a time work on a tenant's chain, until the transaction ends."""
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('audit:' || CAST(:tenant AS text), 0))"),
        {"tenant": str(tenant)},
    )


async def entries_between(connection: AsyncConnection, start: int, end: int) -> Sequence[Row[Any]]:
    """Return the entries of the transactions from `start` to below `end`, in the order of their ids."""
    return (await connection.execute(_ENTRIES, {"start": start, "end": end})).all()


async def last_seal(connection: AsyncConnection) -> Seal | None:
    """Return the newest seal of the tenant."""
    seals = await _seals(connection, "DESC LIMIT 1")
    return seals[0] if seals else None


async def all_seals(connection: AsyncConnection) -> list[Seal]:
    """Return the tenant's chain, the oldest seal first."""
    return await _seals(connection, "ASC")


async def add_seal(connection: AsyncConnection, tenant: UUID, seal: Seal) -> None:
    """Append a seal to the tenant's chain."""
    await connection.execute(
        insert(audit_seals).values(
            tenant_id=tenant,
            sequence=seal.sequence,
            upto_xid=text("CAST(CAST(:upto AS text) AS xid8)").bindparams(upto=str(seal.upto_xid)),
            entries=seal.entries,
            digest=seal.digest,
            signature=seal.signature,
            key_id=seal.key_id,
            sealed_at=seal.sealed_at,
        )
    )


async def _seals(connection: AsyncConnection, order: str) -> list[Seal]:
    columns = (
        audit_seals.c.sequence,
        text("CAST(CAST(upto_xid AS text) AS bigint) AS upto_xid"),
        audit_seals.c.entries,
        audit_seals.c.digest,
        audit_seals.c.signature,
        audit_seals.c.key_id,
        audit_seals.c.sealed_at,
    )
    rows = await connection.execute(select(*columns).order_by(text(f"sequence {order}")))
    return [Seal(*row) for row in rows]
