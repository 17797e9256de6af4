"""SQL of the wrapped keys."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.keys.models import subject_keys, tenant_index_keys, tenant_keys
from slipway.keys.schemas import KeyVersion, WrappedKey

_HOLD = text("SELECT hold_tenant_keys(:tenant)")

_HOLD_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('keys:' || CAST(:tenant AS text), 0))")

_ADD_SUBJECT_KEYS = text("""
    INSERT INTO subject_keys (subject_id, version, tenant_id, wrapped, wrapped_by)
    SELECT s, v, :tenant, w, :wrapped_by
    FROM unnest(CAST(:subjects AS uuid[]), CAST(:versions AS integer[]), CAST(:wrapped AS bytea[])) AS u (s, v, w)
    ON CONFLICT DO NOTHING
""")

_SUBJECT_KEYS_OF = text("""
    SELECT subject_id, version, wrapped FROM subject_keys
    WHERE wrapped_by = :wrapped_by AND subject_id > CAST(:after AS uuid)
    ORDER BY subject_id LIMIT :most FOR UPDATE SKIP LOCKED
""")

_REWRAP_SUBJECT_KEYS = text("""
    UPDATE subject_keys k SET wrapped = u.w, wrapped_by = :wrapped_by
    FROM unnest(CAST(:subjects AS uuid[]), CAST(:versions AS integer[]), CAST(:wrapped AS bytea[])) AS u (s, v, w)
    WHERE k.subject_id = u.s AND k.version = u.v
""")


_VERSION = (
    tenant_keys.c.version,
    tenant_keys.c.created_at,
    tenant_keys.c.retired_at,
    tenant_keys.c.emptied_at,
    tenant_keys.c.destroyed_at,
    tenant_keys.c.backed_up_at,
)


_OWN: tuple[ColumnElement[Any], ...] = tuple(column for column in tenant_keys.c if column.name != "tenant_id")
_CHANGING = ("wrapped", "retired_at", "emptied_at", "destroyed_at", "backed_up_at")

_LAY_SUBJECT_KEYS = text("""
    INSERT INTO subject_keys AS k (subject_id, version, tenant_id, wrapped, wrapped_by)
    SELECT s.id, u.v, :tenant, u.w, u.b
    FROM unnest(
        CAST(:subjects AS uuid[]), CAST(:versions AS integer[]), CAST(:wrapped AS bytea[]), CAST(:by AS integer[])
    ) AS u (s, v, w, b)
    JOIN subjects s ON s.id = u.s
    ON CONFLICT (subject_id, version) DO UPDATE SET wrapped = excluded.wrapped, wrapped_by = excluded.wrapped_by
    WHERE k.wrapped_by < excluded.wrapped_by
""")


async def hold_keys(connection: AsyncConnection, tenant: UUID) -> int | None:
    """Keep the tenant's key from being rotated until the transaction ends; return its newest version."""
    found: int | None = (await connection.execute(_HOLD, {"tenant": tenant})).scalar_one()
    return found


async def hold_keys_alone(connection: AsyncConnection, tenant: UUID, patience: float) -> None:
    """Wait, for so many seconds, until nobody else holds the tenant's keys; then nobody can, until the end.

    Whoever comes later waits behind this one: the patience is what a request may have to wait.
    """
    limit = {"limit": f"{int(patience * 1000)}ms"}
    await connection.execute(text("SELECT set_config('lock_timeout', :limit, true)"), limit)
    await connection.execute(_HOLD_ALONE, {"tenant": str(tenant)})


async def add_tenant_key(
    connection: AsyncConnection, tenant: UUID, *, version: int, key: WrappedKey, at: datetime | None = None
) -> None:
    """Insert a version of the tenant's key."""
    values = {"tenant_id": tenant, "version": version, "provider": key.provider, "wrapped": key.wrapped}
    await connection.execute(insert(tenant_keys).values(values | ({"created_at": at} if at else {})))


async def read_tenant_keys(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Return (version, wrapped, retired_at, wrapped index key or None) of each version that still opens something."""
    keys = tenant_keys.c
    index_key: ColumnElement[Any] = tenant_index_keys.c.wrapped.label("index_key")
    columns: tuple[ColumnElement[Any], ...] = (keys.version, keys.wrapped, keys.retired_at, index_key)
    tables = tenant_keys.outerjoin(tenant_index_keys, tenant_index_keys.c.tenant_id == keys.tenant_id)
    query = select(*columns).select_from(tables).where(keys.emptied_at.is_(None)).order_by(keys.version)
    return (await connection.execute(query)).all()


async def read_wrapped(connection: AsyncConnection, version: int) -> bytes | None:
    """Return one version of the tenant's key, unless it was deleted."""
    query = select(tenant_keys.c.wrapped).where(tenant_keys.c.version == version, tenant_keys.c.emptied_at.is_(None))
    return (await connection.execute(query)).scalar_one_or_none()


async def read_versions(connection: AsyncConnection) -> list[KeyVersion]:
    """Return the versions that the tenant's key has had, the oldest first."""
    return [KeyVersion(*row) for row in await connection.execute(select(*_VERSION).order_by(tenant_keys.c.version))]


async def every_version(connection: AsyncConnection) -> dict[UUID, list[KeyVersion]]:
    """Return the versions of each tenant's key, the oldest first. As the system role."""
    query = select(tenant_keys.c.tenant_id, *_VERSION).order_by(tenant_keys.c.tenant_id, tenant_keys.c.version)
    found: dict[UUID, list[KeyVersion]] = {}
    for tenant, *values in await connection.execute(query):
        found.setdefault(tenant, []).append(KeyVersion(*values))
    return found


async def retire_versions(connection: AsyncConnection, before: int, at: datetime) -> None:
    """Let the versions below `before` wrap nothing any more."""
    old = (tenant_keys.c.version < before, tenant_keys.c.retired_at.is_(None))
    await connection.execute(update(tenant_keys).where(*old).values(retired_at=at))


async def empty_version(connection: AsyncConnection, version: int, at: datetime, destroyed_at: datetime | None) -> bool:
    """Delete what is kept of a retired version, but for its dates; False when that was done before."""
    ending = (
        tenant_keys.c.version == version,
        tenant_keys.c.retired_at.is_not(None),
        tenant_keys.c.emptied_at.is_(None),
    )
    values = {"wrapped": b"", "emptied_at": at, "destroyed_at": destroyed_at}
    return (await connection.execute(update(tenant_keys).where(*ending).values(values))).rowcount == 1


async def add_index_key(connection: AsyncConnection, tenant: UUID, *, wrapped_by: int, wrapped: bytes) -> None:
    """Insert the tenant's index key; one that is there stays."""
    values = {"tenant_id": tenant, "wrapped_by": wrapped_by, "wrapped": wrapped}
    await connection.execute(upsert(tenant_index_keys).values(values).on_conflict_do_nothing())


async def rewrap_index_key(connection: AsyncConnection, old: int, new: int, wrapped: bytes) -> bool:
    """Replace the tenant's index key if a version wrapped it that is to end; return whether."""
    found = update(tenant_index_keys).where(tenant_index_keys.c.wrapped_by == old)
    return (await connection.execute(found.values(wrapped_by=new, wrapped=wrapped))).rowcount == 1


async def index_key_since(connection: AsyncConnection) -> datetime | None:
    """Return since when the tenant has an index key of its own; None: it derives from the first version."""
    return (await connection.execute(select(tenant_index_keys.c.created_at))).scalar_one_or_none()


async def count_index_keys(connection: AsyncConnection, wrapped_by: int) -> int:
    """Return 1 if this version wraps the tenant's index key."""
    query = select(func.count()).select_from(tenant_index_keys).where(tenant_index_keys.c.wrapped_by == wrapped_by)
    return (await connection.execute(query)).scalar_one()


async def add_subject_keys(
    connection: AsyncConnection, tenant: UUID, keys: Sequence[tuple[UUID, int, bytes]], *, wrapped_by: int
) -> None:
    """Insert (subject, version, wrapped), which a version of the tenant's key wrapped; whoever was first stays."""
    await connection.execute(_ADD_SUBJECT_KEYS, {"tenant": tenant, **_columns(keys, wrapped_by)})


async def lock_subject_keys(
    connection: AsyncConnection, *, wrapped_by: int, after: UUID, most: int
) -> Sequence[Row[Any]]:
    """Return and hold (subject, version, wrapped) of the next subjects, in order, but for those that others hold."""
    parameters = {"wrapped_by": wrapped_by, "after": after, "most": most}
    return (await connection.execute(_SUBJECT_KEYS_OF, parameters)).all()


async def rewrap_subject_keys(
    connection: AsyncConnection, keys: Sequence[tuple[UUID, int, bytes]], *, wrapped_by: int
) -> None:
    """Replace (subject, version, wrapped) that the caller holds."""
    await connection.execute(_REWRAP_SUBJECT_KEYS, _columns(keys, wrapped_by))


async def count_subject_keys(connection: AsyncConnection, wrapped_by: int) -> int:
    """Return how many subjects' keys a version of the tenant's key wraps."""
    query = select(func.count()).select_from(subject_keys).where(subject_keys.c.wrapped_by == wrapped_by)
    return (await connection.execute(query)).scalar_one()


async def last_wrapped_by(connection: AsyncConnection, subjects: Sequence[UUID]) -> dict[UUID, int]:
    """Return the newest version of the tenant's key that has wrapped each subject's key."""
    newest = func.max(subject_keys.c.wrapped_by)
    query = select(subject_keys.c.subject_id, newest).where(subject_keys.c.subject_id.in_(subjects))
    return {row[0]: row[1] for row in await connection.execute(query.group_by(subject_keys.c.subject_id))}


async def server_time(connection: AsyncConnection) -> datetime:
    """Return when this transaction began, by PostgreSQL's clock: all that it reads was committed by then or later."""
    found: datetime = (await connection.execute(select(func.now()))).scalar_one()
    return found


async def note_backup(connection: AsyncConnection, versions: Sequence[int], at: datetime) -> None:
    """Note that these versions of the tenant's key, and what they wrapped at that moment, are in a backup."""
    keys = tenant_keys.c
    older = keys.backed_up_at.is_(None) | (keys.backed_up_at < at)
    await connection.execute(update(tenant_keys).where(keys.version.in_(versions), older).values(backed_up_at=at))


async def dump_tenant_keys(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Return all that is kept of the tenant's key, the oldest version first."""
    found = await connection.execute(select(*_OWN).order_by(tenant_keys.c.version))
    return [dict(row) for row in found.mappings()]


async def dump_index_key(connection: AsyncConnection) -> Row[Any] | None:
    """Return (version that wraps it, wrapped) of the tenant's index key, if it is stored."""
    columns: tuple[ColumnElement[Any], ...] = (tenant_index_keys.c.wrapped_by, tenant_index_keys.c.wrapped)
    found: Row[Any] | None = (await connection.execute(select(*columns))).one_or_none()
    return found


async def dump_subject_keys(connection: AsyncConnection, after: UUID, most: int) -> Sequence[Row[Any]]:
    """Return (subject, version, wrapped, version that wraps it) of the subjects after one, by id."""
    keys = subject_keys.c
    columns: tuple[ColumnElement[Any], ...] = (keys.subject_id, keys.version, keys.wrapped, keys.wrapped_by)
    query = select(*columns).where(keys.subject_id > after).order_by(keys.subject_id).limit(most)
    return (await connection.execute(query)).all()


async def lay_tenant_key(connection: AsyncConnection, tenant: UUID, version: Mapping[str, Any]) -> None:
    """Insert a version of the tenant's key, or replace what is kept of it."""
    statement = upsert(tenant_keys).values({"tenant_id": tenant, **version})
    changes = {name: statement.excluded[name] for name in _CHANGING}
    await connection.execute(statement.on_conflict_do_update(index_elements=["tenant_id", "version"], set_=changes))


async def lay_index_key(connection: AsyncConnection, tenant: UUID, *, wrapped_by: int, wrapped: bytes) -> None:
    """Insert the tenant's index key, or replace how it is wrapped."""
    changes = {"wrapped_by": wrapped_by, "wrapped": wrapped}
    statement = upsert(tenant_index_keys).values({"tenant_id": tenant, **changes})
    await connection.execute(statement.on_conflict_do_update(index_elements=["tenant_id"], set_=changes))


async def lay_subject_keys(
    connection: AsyncConnection, tenant: UUID, keys: Sequence[tuple[UUID, int, bytes, int]]
) -> int:
    """Insert or replace (subject, version, wrapped, version that wraps it) of subjects that are there; return how many.

    One that a version wraps which is as new or newer stays.
    """
    subjects, versions, wrapped, by = ([key[part] for key in keys] for part in range(4))
    parameters = {"tenant": tenant, "subjects": subjects, "versions": versions, "wrapped": wrapped, "by": by}
    return (await connection.execute(_LAY_SUBJECT_KEYS, parameters)).rowcount


def _columns(keys: Sequence[tuple[UUID, int, bytes]], wrapped_by: int) -> dict[str, Any]:
    subjects, versions, wrapped = ([key[part] for key in keys] for part in range(3))
    return {"subjects": subjects, "versions": versions, "wrapped": wrapped, "wrapped_by": wrapped_by}
