"""SQL of the data subjects."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

_ADD = text("""
    INSERT INTO subjects (tenant_id, pseudonym)
    SELECT :tenant, p FROM unnest(CAST(:pseudonyms AS bytea[])) AS p ORDER BY p
    ON CONFLICT (tenant_id, pseudonym) DO NOTHING RETURNING pseudonym, id
""")

_WITH_KEYS = text("""
    SELECT s.pseudonym, s.id, k.wrapped FROM subjects s
    LEFT JOIN LATERAL (
        SELECT wrapped FROM subject_keys WHERE subject_id = s.id ORDER BY version DESC LIMIT 1
    ) k ON true
    WHERE s.tenant_id = :tenant AND s.pseudonym = ANY (CAST(:pseudonyms AS bytea[]))
    ORDER BY s.id FOR KEY SHARE OF s
""")

_FIND = text("""
    SELECT id, pseudonym IS NOT NULL AS named, created_at, restricted_at, objected_at, hold_until, hold_reason
    FROM subjects
    WHERE tenant_id = :tenant AND (id = CAST(:id AS uuid) OR pseudonym = :pseudonym)
    ORDER BY id = CAST(:id AS uuid) DESC LIMIT 1
""")

_KEEP = text("""
    SELECT hold_until > :now FROM subjects WHERE tenant_id = :tenant AND id = :id FOR SHARE
""")

_LOCK = text("""
    SELECT restricted_at, objected_at FROM subjects WHERE tenant_id = :tenant AND id = :id FOR NO KEY UPDATE
""")

_SET_STATES = text("""
    UPDATE subjects SET restricted_at = :restricted_at, objected_at = :objected_at
    WHERE tenant_id = :tenant AND id = :id
""")

# Who takes the place of whom shows in the sums, whichever machine's clock has dated it.
_SIGNS = text("""
    SELECT tenant_id, count(restricted_at), count(objected_at),
        sum(extract(epoch FROM restricted_at)), sum(extract(epoch FROM objected_at))
    FROM subjects
    WHERE restricted_at IS NOT NULL OR objected_at IS NOT NULL GROUP BY tenant_id
""")

_BARRED = text("""
    SELECT pseudonym, restricted_at IS NOT NULL AS restricted FROM subjects
    WHERE tenant_id = :tenant AND pseudonym IS NOT NULL AND (restricted_at IS NOT NULL OR objected_at IS NOT NULL)
""")

_HOLD = text("""
    UPDATE subjects SET hold_until = :until, hold_reason = :reason
    WHERE id = :id AND tenant_id = :tenant RETURNING id
""")

_HELD = text("""
    SELECT id, hold_until, hold_reason FROM subjects WHERE tenant_id = :tenant AND hold_until > :now
    ORDER BY hold_until, id
""")


async def add_subjects(
    connection: AsyncConnection, tenant: UUID, pseudonyms: Collection[bytes]
) -> dict[bytes, tuple[UUID, bytes | None]]:
    """Insert the subjects that are not there yet; return (id, None) by pseudonym of these: they have no key.

    They are inserted in a fixed order, so that two uploads never deadlock.
    """
    rows = await connection.execute(_ADD, {"tenant": tenant, "pseudonyms": list(pseudonyms)})
    return {row.pseudonym: (row.id, None) for row in rows}


async def add_unnamed_subject(connection: AsyncConnection, tenant: UUID) -> UUID:
    """Insert a subject that nobody names; return its id."""
    statement = text("INSERT INTO subjects (tenant_id) VALUES (:tenant) RETURNING id")
    found = (await connection.execute(statement, {"tenant": tenant})).scalar_one()
    return UUID(str(found))


async def find_subjects(
    connection: AsyncConnection, tenant: UUID, pseudonyms: Collection[bytes]
) -> dict[bytes, tuple[UUID, bytes | None]]:
    """Return (id, newest wrapped key or None) by pseudonym; nobody deletes them before the transaction ends."""
    rows = await connection.execute(_WITH_KEYS, {"tenant": tenant, "pseudonyms": list(pseudonyms)})
    return {row.pseudonym: (row.id, row.wrapped) for row in rows}


async def find_subject(
    connection: AsyncConnection, tenant: UUID, subject_id: UUID | None, pseudonym: bytes
) -> Row[Any] | None:
    """Return the subject of an id, or else of a pseudonym, with what applies to it."""
    parameters = {"tenant": tenant, "id": subject_id, "pseudonym": pseudonym}
    return (await connection.execute(_FIND, parameters)).one_or_none()


async def keep_unheld(connection: AsyncConnection, tenant: UUID, subject_id: UUID, now: datetime) -> bool:
    """Tell whether no legal hold is on a subject; then none can be put on it before the transaction ends."""
    held: bool | None = (await connection.execute(_KEEP, {"tenant": tenant, "id": subject_id, "now": now})).scalar()
    return not held


async def lock_subject(connection: AsyncConnection, tenant: UUID, subject_id: UUID) -> Row[Any] | None:
    """Return (restricted_at, objected_at) of a subject, and let nobody else change them before the transaction ends."""
    return (await connection.execute(_LOCK, {"tenant": tenant, "id": subject_id})).one_or_none()


async def set_states(
    connection: AsyncConnection,
    tenant: UUID,
    subject_id: UUID,
    restricted_at: datetime | None,
    objected_at: datetime | None,
) -> None:
    """Set since when a subject is restricted, and since when they object."""
    values = {"restricted_at": restricted_at, "objected_at": objected_at}
    await connection.execute(_SET_STATES, {"tenant": tenant, "id": subject_id, **values})


async def signs_of_barred(connection: AsyncConnection) -> dict[UUID, tuple[Any, ...]]:
    """Return, for each tenant that has a subject to be let alone, what changes with them. As the system role."""
    return {tenant: tuple(sign) for tenant, *sign in await connection.execute(_SIGNS)}


async def barred_pseudonyms(connection: AsyncConnection, tenant: UUID) -> dict[bytes, bool]:
    """Return the named subjects who are to be let alone, and whether for a restriction."""
    return {row.pseudonym: row.restricted for row in await connection.execute(_BARRED, {"tenant": tenant})}


async def set_hold(
    connection: AsyncConnection, tenant: UUID, subject_id: UUID, until: datetime | None, reason: str | None
) -> bool:
    """Set a subject's legal hold, or take it away; False when there is no such subject."""
    parameters = {"tenant": tenant, "id": subject_id, "until": until, "reason": reason}
    return (await connection.execute(_HOLD, parameters)).one_or_none() is not None


async def is_being_erased(connection: AsyncConnection, subject_id: UUID) -> bool:
    """Tell whether the erasure of a subject has begun. Whoever holds its row knows that it does not begin meanwhile."""
    statement = text("SELECT EXISTS (SELECT FROM tombstones WHERE subject_id = :id)")
    return bool((await connection.execute(statement, {"id": subject_id})).scalar_one())


async def held_subjects(connection: AsyncConnection, tenant: UUID, now: datetime) -> Sequence[Row[Any]]:
    """Return (id, hold_until, hold_reason) of the subjects that a legal hold is on, the first to end first."""
    return (await connection.execute(_HELD, {"tenant": tenant, "now": now})).all()
