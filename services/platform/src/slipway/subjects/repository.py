"""SQL of the data subjects."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_ADD = text("""
    INSERT INTO subjects (tenant_id, pseudonym)
    SELECT :tenant, p FROM unnest(CAST(:pseudonyms AS bytea[])) AS p ORDER BY p
    ON CONFLICT (tenant_id, pseudonym) DO NOTHING
""")

_WITH_KEYS = text("""
    SELECT s.pseudonym, s.id, k.wrapped FROM subjects s
    LEFT JOIN LATERAL (
        SELECT wrapped FROM subject_keys WHERE subject_id = s.id ORDER BY version DESC LIMIT 1
    ) k ON true
    WHERE s.tenant_id = :tenant AND s.pseudonym = ANY (CAST(:pseudonyms AS bytea[]))
""")


async def add_subjects(connection: AsyncConnection, tenant: UUID, pseudonyms: Collection[bytes]) -> None:
    """Insert the subjects that are not there yet, in a fixed order, so that two uploads never deadlock."""
    await connection.execute(_ADD, {"tenant": tenant, "pseudonyms": list(pseudonyms)})


async def add_unnamed_subject(connection: AsyncConnection, tenant: UUID) -> UUID:
    """Insert a subject that nobody names; return its id."""
    statement = text("INSERT INTO subjects (tenant_id) VALUES (:tenant) RETURNING id")
    found = (await connection.execute(statement, {"tenant": tenant})).scalar_one()
    return UUID(str(found))


async def find_subjects(
    connection: AsyncConnection, tenant: UUID, pseudonyms: Collection[bytes]
) -> dict[bytes, tuple[UUID, bytes | None]]:
    """Return (id, newest wrapped key or None) by pseudonym."""
    rows = await connection.execute(_WITH_KEYS, {"tenant": tenant, "pseudonyms": list(pseudonyms)})
    return {row.pseudonym: (row.id, row.wrapped) for row in rows}
