"""SQL of the backup of the wrapped keys."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.keys.copies import StoredVersion
from slipway.keys.models import subject_keys, tenant_index_keys, tenant_keys

_STORED: tuple[ColumnElement[Any], ...] = (
    tenant_keys.c.version,
    tenant_keys.c.provider,
    tenant_keys.c.wrapped,
    tenant_keys.c.created_at,
    tenant_keys.c.retired_at,
    tenant_keys.c.emptied_at,
    tenant_keys.c.destroyed_at,
)
_CHANGING = ("wrapped", "retired_at", "emptied_at", "destroyed_at")

# Never an insertion: restored data have a key for each subject that they have, and one that has none was erased.
_LAY_SUBJECT_KEYS = text("""
    UPDATE subject_keys k SET wrapped = u.w, wrapped_by = u.b
    FROM unnest(
        CAST(:subjects AS uuid[]), CAST(:versions AS integer[]), CAST(:wrapped AS bytea[]), CAST(:by AS integer[])
    ) AS u (s, v, w, b)
    WHERE k.subject_id = u.s AND k.version = u.v AND k.wrapped_by < u.b
""")


async def server_time(connection: AsyncConnection) -> datetime:
    """Return when this transaction began, by PostgreSQL's clock: all that it reads was committed by then or later."""
    found: datetime = (await connection.execute(select(func.now()))).scalar_one()
    return found


async def read_stored(connection: AsyncConnection) -> list[StoredVersion]:
    """Return all that is kept of the tenant's key, the oldest version first."""
    rows = await connection.execute(select(*_STORED).order_by(tenant_keys.c.version))
    return [StoredVersion(*row) for row in rows]


async def read_index_key(connection: AsyncConnection) -> bytes | None:
    """Return the tenant's wrapped index key, if it is stored."""
    found: bytes | None = (await connection.execute(select(tenant_index_keys.c.wrapped))).scalar_one_or_none()
    return found


async def read_subject_keys(connection: AsyncConnection, after: UUID, most: int) -> Sequence[Row[Any]]:
    """Return (subject, version, wrapped) of the subjects after one, by id."""
    keys = subject_keys.c
    columns: tuple[ColumnElement[Any], ...] = (keys.subject_id, keys.version, keys.wrapped)
    query = select(*columns).where(keys.subject_id > after).order_by(keys.subject_id).limit(most)
    return (await connection.execute(query)).all()


async def note_backup(connection: AsyncConnection, versions: Sequence[int], at: datetime) -> None:
    """Note that these versions of the tenant's key, and what they wrapped at that moment, are in a backup."""
    keys = tenant_keys.c
    older = keys.backed_up_at.is_(None) | (keys.backed_up_at < at)
    await connection.execute(update(tenant_keys).where(keys.version.in_(versions), older).values(backed_up_at=at))


async def lay_version(connection: AsyncConnection, tenant: UUID, stored: StoredVersion) -> None:
    """Insert a version of the tenant's key, or replace what is kept of it; one that has ended stays so."""
    statement = insert(tenant_keys).values({"tenant_id": tenant, **asdict(stored)})
    changes = {name: statement.excluded[name] for name in _CHANGING}
    place = ["tenant_id", "version"]
    living = tenant_keys.c.emptied_at.is_(None)
    await connection.execute(statement.on_conflict_do_update(index_elements=place, set_=changes, where=living))


async def lay_index_key(connection: AsyncConnection, tenant: UUID, *, wrapped_by: int, wrapped: bytes) -> None:
    """Insert the tenant's index key, or replace how it is wrapped."""
    changes = {"wrapped_by": wrapped_by, "wrapped": wrapped}
    statement = insert(tenant_index_keys).values({"tenant_id": tenant, **changes})
    await connection.execute(statement.on_conflict_do_update(index_elements=["tenant_id"], set_=changes))


async def lay_subject_keys(connection: AsyncConnection, keys: Sequence[tuple[UUID, int, bytes, int]]) -> int:
    """Replace (subject, version, wrapped, version that wraps it) of keys that are there; return how many.

    One that a version wraps which is as new or newer stays.
    """
    subjects, versions, wrapped, by = ([key[part] for key in keys] for part in range(4))
    parameters = {"subjects": subjects, "versions": versions, "wrapped": wrapped, "by": by}
    return (await connection.execute(_LAY_SUBJECT_KEYS, parameters)).rowcount
