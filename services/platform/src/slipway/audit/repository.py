"""SQL of the audit log: entries are added and read, never changed."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, insert, select, text
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

_COLUMNS = """
    id, CAST(CAST(xid AS text) AS bigint) AS xid, at, actor, action, resource,
    detail, CAST(detail AS text) AS detail_text, trace_id
"""

_ENTRIES = text(f"""
    SELECT {_COLUMNS} FROM audit_log
    WHERE xid >= CAST(CAST(:start AS text) AS xid8) AND xid < CAST(CAST(:end AS text) AS xid8)
    ORDER BY audit_log.xid, id LIMIT :most
""")  # noqa: S608  # a constant

_UNSEALED_THEN = text(f"""
    SELECT {_COLUMNS} FROM audit_log
    WHERE xid >= CAST(CAST(:start AS text) AS xid8) AND xid < pg_snapshot_xmax(CAST(:snapshot AS pg_snapshot))
        AND pg_visible_in_snapshot(xid, CAST(:snapshot AS pg_snapshot))
    ORDER BY audit_log.xid, id
""")  # noqa: S608  # a constant

_HEADS = text("""
    SELECT t.id, coalesce(s.sequence, 0) AS sequence, CAST(CAST(s.upto_xid AS text) AS bigint) AS upto_xid, EXISTS (
        SELECT FROM audit_log WHERE tenant_id = t.id AND xid >= coalesce(s.upto_xid, '0'::xid8)
    ) AS unsealed
    FROM tenants t LEFT JOIN LATERAL (
        SELECT sequence, upto_xid FROM audit_seals WHERE tenant_id = t.id ORDER BY sequence DESC LIMIT 1
    ) s ON true
    ORDER BY t.id
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

_SEAL = (
    audit_seals.c.sequence,
    text("CAST(CAST(upto_xid AS text) AS bigint) AS upto_xid"),
    audit_seals.c.entries,
    audit_seals.c.digest,
    audit_seals.c.signature,
    audit_seals.c.key_id,
    audit_seals.c.sealed_at,
    audit_seals.c.format,
    audit_seals.c.checkpoint,
    audit_seals.c.checkpoint_digest,
)


@dataclass(frozen=True, slots=True)
class Seal:
    """A signed link of a tenant's chain: it covers the entries from the previous one's `upto_xid` to its own.

    `checkpoint` and its digest name the newest checkpoint that the sealer knew, if it knew one.
    """

    sequence: int
    upto_xid: int
    entries: int
    digest: bytes
    signature: bytes
    key_id: str
    sealed_at: datetime
    format: int
    checkpoint: int | None
    checkpoint_digest: bytes | None


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


async def entries_between(
    connection: AsyncConnection, start: int, end: int, most: int | None = None
) -> Sequence[Row[Any]]:
    """Return the entries, or the first so many, of the transactions from `start` to below `end`, by both ids."""
    return (await connection.execute(_ENTRIES, {"start": start, "end": end, "most": most})).all()


async def unsealed_then(
    connection: AsyncConnection, start: int, snapshot: str, at_once: int
) -> AsyncIterator[Sequence[Row[Any]]]:
    """Yield the entries from `start` on whose transactions had ended at the snapshot, so many at once, by both ids."""
    found = await connection.stream(
        _UNSEALED_THEN, {"start": start, "snapshot": snapshot}, execution_options={"yield_per": at_once}
    )
    async for part in found.partitions():
        yield part


async def current_snapshot(connection: AsyncConnection) -> str:
    """Return which transactions have ended, as PostgreSQL writes it."""
    return str((await connection.execute(text("SELECT CAST(pg_current_snapshot() AS text)"))).scalar_one())


async def heads(connection: AsyncConnection) -> list[tuple[UUID, tuple[int, int | None], bool]]:
    """Return each tenant's newest seal, by number (0: none) and end, and whether it has entries beyond it.

    As the system role.
    """
    return [(row.id, (row.sequence, row.upto_xid), row.unsealed) for row in await connection.execute(_HEADS)]


async def list_tenants(connection: AsyncConnection) -> dict[UUID, str]:
    """Return the names of all tenants, in the order of the names. As the system role."""
    return {row.id: row.name for row in await connection.execute(text("SELECT id, name FROM tenants ORDER BY name"))}


async def last_seal(connection: AsyncConnection) -> Seal | None:
    """Return the newest seal of the tenant."""
    found = await _seals(connection, select(*_SEAL).order_by(audit_seals.c.sequence.desc()).limit(1))
    return found[0] if found else None


async def seals_after(connection: AsyncConnection, sequence: int, most: int) -> list[Seal]:
    """Return the next so many seals of the tenant, the oldest first."""
    query = select(*_SEAL).where(audit_seals.c.sequence > sequence).order_by(audit_seals.c.sequence).limit(most)
    return await _seals(connection, query)


async def seals_at(connection: AsyncConnection, sequences: Collection[int]) -> dict[int, Seal]:
    """Return those of the tenant's seals, by their numbers, that are there."""
    found = await _seals(connection, select(*_SEAL).where(audit_seals.c.sequence.in_(sequences)))
    return {seal.sequence: seal for seal in found}


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
            format=seal.format,
            checkpoint=seal.checkpoint,
            checkpoint_digest=seal.checkpoint_digest,
        )
    )


async def _seals(connection: AsyncConnection, query: Select[Any]) -> list[Seal]:
    return [Seal(*row) for row in await connection.execute(query)]
