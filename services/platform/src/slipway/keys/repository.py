"""SQL of the wrapped keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, exists, func, insert, select, text, update
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
    ON CONFLICT DO NOTHING RETURNING subject_id
""")

_SUBJECT_KEYS_OF = text("""
    SELECT subject_id, version, wrapped FROM subject_keys
    WHERE wrapped_by = :wrapped_by AND subject_id > CAST(:after AS uuid)
    ORDER BY subject_id LIMIT :most FOR UPDATE SKIP LOCKED
""")

_COUNTED = 100_000
"""Rows that one statement counts: some ten milliseconds of an index."""

_COUNT_SUBJECT_KEYS = text("""
    SELECT count(*), (array_agg(subject_id ORDER BY subject_id DESC))[1] FROM (
        SELECT subject_id FROM subject_keys WHERE wrapped_by = :wrapped_by AND subject_id > CAST(:after AS uuid)
        ORDER BY subject_id LIMIT :most
    ) page
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
    tenant_keys.c.rewrapped_at,
    tenant_keys.c.backed_up_at,
)


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
    """Return (version, provider, wrapped, retired_at, wrapped index key or None) of each version that still opens."""
    keys = tenant_keys.c
    index_key: ColumnElement[Any] = tenant_index_keys.c.wrapped.label("index_key")
    columns: tuple[ColumnElement[Any], ...] = (
        *(keys.version, keys.provider, keys.wrapped, keys.retired_at),
        index_key,
    )
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


async def note_rewrapped(connection: AsyncConnection, versions: Sequence[int], *, again: bool) -> None:
    """Note that nothing needs these retired versions; those that are noted are noted `again` when something did.

    Call it with the keys held alone: from the commit on, nothing can be sealed with them.
    """
    keys = tenant_keys.c
    chosen = [keys.version.in_(versions), keys.retired_at.is_not(None), keys.emptied_at.is_(None)]
    if not again:
        chosen.append(keys.rewrapped_at.is_(None))
    await connection.execute(update(tenant_keys).where(*chosen).values(rewrapped_at=func.clock_timestamp()))


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


async def wraps_index_key(connection: AsyncConnection, version: int) -> bool:
    """Tell whether this version wraps the tenant's index key."""
    query = select(exists().where(tenant_index_keys.c.wrapped_by == version))
    return bool((await connection.execute(query)).scalar_one())


async def add_subject_keys(
    connection: AsyncConnection, tenant: UUID, keys: Sequence[tuple[UUID, int, bytes]], *, wrapped_by: int
) -> set[UUID]:
    """Insert (subject, version, wrapped), which a version of the tenant's key wrapped; whoever was first stays.

    Returned are the subjects whose key it is.
    """
    rows = await connection.execute(_ADD_SUBJECT_KEYS, {"tenant": tenant, **_columns(keys, wrapped_by)})
    return set(rows.scalars())


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


async def wraps_subject_keys(connection: AsyncConnection, version: int) -> bool:
    """Tell whether a version of the tenant's key wraps any subject's key."""
    query = select(exists().where(subject_keys.c.wrapped_by == version))
    return bool((await connection.execute(query)).scalar_one())


async def count_subject_keys(connection: AsyncConnection, wrapped_by: int) -> int:
    """Return how many subjects' keys a version of the tenant's key wraps.

    In pages, so that no statement meets its time limit, however many there are.
    """
    total, after, found = 0, UUID(int=0), _COUNTED
    while found == _COUNTED:
        query = {"wrapped_by": wrapped_by, "after": after, "most": _COUNTED}
        found, after = (await connection.execute(_COUNT_SUBJECT_KEYS, query)).one()
        total += found
    return total


def _columns(keys: Sequence[tuple[UUID, int, bytes]], wrapped_by: int) -> dict[str, Any]:
    subjects, versions, wrapped = ([key[part] for key in keys] for part in range(3))
    return {"subjects": subjects, "versions": versions, "wrapped": wrapped, "wrapped_by": wrapped_by}
