"""Backup of the wrapped keys apart from the data, and laying it over a restored database.

When a version of a tenant's key is destroyed, all that it had wrapped in older backups is dead: also the keys of those
who are still there. Their keys of today, which the newest version wraps, bring such a backup to life again, but nobody
who was erased since. So the newest backup of the keys is kept, and no other.
"""

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.database import Database
from slipway.keys import repository

PAGE = 5_000
"""Keys in one line of a backup, and in one transaction."""

_NOBODY = UUID(int=0)

Line = Mapping[str, Any]
"""One line of a backup, as JSON has it."""


class BackupBlocked(Exception):  # noqa: N818  # it says what happened
    """A backup cannot be made, or must not be restored. The message says why."""


async def dump_tenant(database: Database, tenant: UUID) -> AsyncIterator[Line]:
    """Yield a tenant's wrapped keys: those of the subjects, and at last the tenant's own, which open them.

    Raises:
        BackupBlocked: the tenant's key is being rotated: nothing of what was yielded is of use. Try again later.
    """
    async with database.transaction(tenant) as connection:
        taken_at = await repository.server_time(connection)
    before = await _own_keys(database, tenant)
    async for page in _subject_keys(database, tenant):
        yield page
    after = await _own_keys(database, tenant)
    if after["ending"] or after != before:
        raise BackupBlocked(f"The key of tenant {tenant} is being rotated. Let that end, then try again.")
    yield {**after, "taken_at": taken_at.isoformat()}


async def note_backup(database: Database, line: Line) -> None:
    """Note that a tenant's keys are in a backup, whose file is whole and cannot be lost by a crash any more.

    Args:
        database: where the keys came from.
        line: the last line of the tenant.
    """
    versions = [version["version"] for version in line["versions"]]
    async with database.transaction(UUID(line["tenant"])) as connection:
        await repository.note_backup(connection, versions, datetime.fromisoformat(line["taken_at"]))


async def load_page(database: Database, line: Line) -> int:
    """Lay a line of subjects' keys over those of the database; return how many are new or another there.

    Subjects that the database does not have are left out, and a key that a newer version wraps is left as it is.
    """
    tenant = UUID(line["tenant"])
    rows = [(UUID(subject), version, _bytes(wrapped), by) for subject, version, wrapped, by in line["subjects"]]
    async with database.transaction(tenant) as connection:
        return await repository.lay_subject_keys(connection, tenant, rows)


async def load_own(database: Database, line: Line, actor: str) -> None:
    """Lay a tenant's own keys over those of the database.

    Raises:
        BackupBlocked: the database has newer keys than the backup: this would destroy them.
    """
    tenant = UUID(line["tenant"])
    versions = [_restored(version) for version in line["versions"]]
    async with database.transaction(tenant) as connection:
        await refuse_older(connection, line)
        for version in versions:
            await repository.lay_tenant_key(connection, tenant, version)
        if line["index"]:
            wrapped_by, wrapped = line["index"]
            await repository.lay_index_key(connection, tenant, wrapped_by=wrapped_by, wrapped=_bytes(wrapped))
        newest = f"tenant_key/{line['versions'][-1]['version']}"
        await audit.record(connection, tenant, actor, Action.TENANT_KEYS_RESTORED, newest)


async def refuse_older(connection: AsyncConnection, line: Line) -> None:
    """Compare a tenant's own keys in a backup with those of the database.

    Raises:
        BackupBlocked: the database has a version that the backup does not know, or that was destroyed since.
    """
    living = {version["version"] for version in line["versions"] if version["emptied_at"] is None}
    known = {version["version"] for version in line["versions"]}
    for found in await repository.read_versions(connection):
        if found.version not in known or (found.emptied_at is not None and found.version in living):
            raise BackupBlocked(
                f"The key of tenant {line['tenant']} was rotated after this backup of the keys was made, which would "
                "make unreadable what is there. Take a newer one. Nothing was changed."
            )


async def _own_keys(database: Database, tenant: UUID) -> Line:
    async with database.transaction(tenant) as connection:
        versions = await repository.dump_tenant_keys(connection)
        index = await repository.dump_index_key(connection)
    ending = any(version["retired_at"] and not version["emptied_at"] for version in versions)
    shown = [{name: _shown(value) for name, value in version.items()} for version in versions]
    own = [index.wrapped_by, _shown(index.wrapped)] if index else None
    return {"tenant": str(tenant), "versions": shown, "index": own, "ending": ending}


async def _subject_keys(database: Database, tenant: UUID) -> AsyncIterator[Line]:
    after: UUID = _NOBODY
    while True:
        async with database.transaction(tenant) as connection:
            rows = await repository.dump_subject_keys(connection, after, PAGE)
        if rows:
            content: Sequence[Any] = [
                [str(row.subject_id), row.version, _shown(row.wrapped), row.wrapped_by] for row in rows
            ]
            yield {"tenant": str(tenant), "subjects": content}
        if len(rows) < PAGE:
            return
        after = rows[-1].subject_id


def _shown(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _bytes(value: str) -> bytes:
    return base64.b64decode(value, validate=True)


def _restored(version: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: value and datetime.fromisoformat(value) for name, value in version.items() if name.endswith("_at")}
    return dict(version) | times | {"wrapped": _bytes(version["wrapped"]), "backed_up_at": None}
