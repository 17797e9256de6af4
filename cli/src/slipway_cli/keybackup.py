"""`slipway keys backup` and `slipway keys restore`: the wrapped keys, apart from the data that they open."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from slipway import clock
from slipway.database import Database
from slipway.keys.backup import BackupBlocked, Line, dump_tenant, load_own, load_page, note_backup, refuse_older
from slipway.keys.files import sync_folder
from slipway.settings import Settings
from slipway.tenants import repository
from slipway_cli.database import open_database
from slipway_cli.errors import LocalError
from slipway_cli.tenants import ACTOR

_KIND = "slipway keys"
_FORMAT = 1
_TRIES = 5
_PAUSE_SECONDS = 2.0


async def back_up(settings: Settings, file: Path) -> tuple[int, int]:
    """Write every tenant's wrapped keys into a file, in place of an older one; return (tenants, subjects' keys).

    It appears whole or not at all, and only its owner may read it.

    Raises:
        LocalError: a rotation does not end, or the file cannot be written.
    """
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    async with open_database(settings) as database:
        try:
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
                own, subjects = await _write(database, written)
                written.flush()
                os.fsync(written.fileno())
            unfinished.rename(file)
            sync_folder(file.parent)
        except OSError as error:
            raise LocalError(f"{file} cannot be written: {error.strerror}.") from error
        finally:
            unfinished.unlink(missing_ok=True)
        for line in own:
            await note_backup(database, line)
    return len(own), subjects


async def restore(settings: Settings, file: Path) -> tuple[int, int]:
    """Lay the keys of a backup over those of the database; return (tenants, subjects' keys that were changed).

    Raises:
        LocalError: the file is no whole backup, or the database has newer keys. Nothing was changed then.
    """
    lines = list(_own(file))
    async with open_database(settings) as database:
        there = await _tenants(database)
        own = [line for line in lines if line["tenant"] in there]
        try:
            for line in own:
                async with database.transaction(UUID(line["tenant"])) as connection:
                    await refuse_older(connection, line)
            changed = sum([await load_page(database, line) for line in _pages(file) if line["tenant"] in there])
            for line in own:
                await load_own(database, line, ACTOR)
        except BackupBlocked as error:
            raise LocalError(str(error)) from None
    return len(own), changed


async def _write(database: Database, file: IO[bytes]) -> tuple[list[Line], int]:
    """Write all; return the lines of the tenants' own keys, and how many subjects' keys there are."""
    _put(file, {"kind": _KIND, "format": _FORMAT, "made_at": clock.now().isoformat()})
    tenants = sorted(await _tenants(database))
    found = [await _write_tenant(database, UUID(tenant), file) for tenant in tenants]
    _put(file, {"end": len(tenants)})
    return [own for own, _ in found], sum(subjects for _, subjects in found)


async def _write_tenant(database: Database, tenant: UUID, file: IO[bytes]) -> tuple[Line, int]:
    begin = file.tell()
    for _ in range(_TRIES):
        try:
            return await _write_lines(database, tenant, file)
        except BackupBlocked as error:
            blocked = error
            file.seek(begin)
            file.truncate()
            await asyncio.sleep(_PAUSE_SECONDS)
    raise LocalError(f"{blocked} `slipway keys rotate` shows how far it is.")


async def _write_lines(database: Database, tenant: UUID, file: IO[bytes]) -> tuple[Line, int]:
    count = 0
    last: Line = {}
    async for line in dump_tenant(database, tenant):
        _put(file, line)
        count += len(line.get("subjects", ()))
        last = line
    return last, count


async def _tenants(database: Database) -> set[str]:
    async with database.system_transaction() as connection:
        return {str(tenant) for tenant in (await repository.list_tenants(connection)).values()}


def _put(file: IO[bytes], line: Line) -> None:
    file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")


def _own(file: Path) -> Iterator[Line]:
    """Yield the tenants' own keys of a backup that is whole."""
    found = list(_lines(file, "versions"))
    ends = [line["end"] for line in _lines(file, "end")]
    kinds = [(line["kind"], line["format"]) for line in _lines(file, "kind")]
    if kinds != [(_KIND, _FORMAT)] or ends != [len(found)]:
        raise LocalError(f"{file} is no whole backup of keys of this release.")
    yield from found


def _pages(file: Path) -> Iterator[Line]:
    return _lines(file, "subjects")


def _lines(file: Path, name: str) -> Iterator[Any]:
    """Yield the lines that have a field of this name."""
    try:
        with file.open(encoding="utf-8") as content:
            for line in content:
                found = json.loads(line)
                if name in found:
                    yield found
    except OSError as error:
        raise LocalError(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise LocalError(f"{file} is no whole backup of keys.") from error
