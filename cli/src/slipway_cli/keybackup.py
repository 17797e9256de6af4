"""`slipway keys backup` and `slipway keys restore`: the wrapped keys, apart from the data that they open."""

import asyncio
import glob
import os
import time
from contextlib import suppress
from io import BufferedRandom
from pathlib import Path
from uuid import UUID, uuid4

from slipway.composition import SEALED_ROWS
from slipway.database import Database
from slipway.keys.backup import TenantDump, note_backup
from slipway.keys.copies import BackupBlocked, Own
from slipway.keys.files import sync_folder
from slipway.keys.keyfiles import KeyFiles
from slipway.keys.restoration import Restoration
from slipway.settings import Settings
from slipway.tenants import repository
from slipway_cli.database import open_database
from slipway_cli.errors import LocalError
from slipway_cli.keyfile import BackupFile, begin, finish, put
from slipway_cli.tenants import ACTOR, key_provider

_TRIES = 5
_PAUSE_SECONDS = 2.0
_UNFINISHED_SECONDS = 3600.0
"""A file that nobody has written to for so long is of a backup that was killed."""
_RESTORE_SECONDS = 900.0
"""A tenant's keys are restored in one transaction, which waits for nobody: some millions of subjects' keys fit in."""


async def back_up(settings: Settings, file: Path) -> tuple[int, int]:
    """Write every tenant's wrapped keys into a file, in place of an older one; return (tenants, subjects' keys).

    It appears whole or not at all, and only its owner may read it. Afterwards the database has noted it, and versions
    may be destroyed that nothing in it needs. What a killed backup has left there is deleted: it has the keys of people
    who were erased since.

    Raises:
        LocalError: the file cannot be written, or a tenant's keys are replaced all the time.
    """
    unfinished = file.with_name(f".{file.name}.{uuid4().hex}")
    async with open_database(settings) as database:
        try:
            _delete_unfinished(file)
            with os.fdopen(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as written:
                own, subjects = await _write(database, KeyFiles(settings), written)
            unfinished.rename(file)
            sync_folder(file.parent)
        except OSError as error:
            raise LocalError(f"{file} cannot be written: {error.strerror}.") from error
        finally:
            unfinished.unlink(missing_ok=True)
        for tenant in own:
            await note_backup(database, tenant)
    return len(own), subjects


async def restore(settings: Settings, file: Path) -> tuple[int, int]:
    """Lay the keys of a backup over those of the database; return (tenants, subjects' keys that were changed).

    Raises:
        LocalError: the file is no whole backup, the database has newer keys or others, or the key provider does not
            open these. Whether anything was changed is said.
    """
    backup = BackupFile.read(file)
    patient = settings.model_copy(update={"database_timeout": _RESTORE_SECONDS})
    async with key_provider(settings) as provider, open_database(patient) as database:
        restoration = Restoration(database, provider, settings, SEALED_ROWS)
        there = await _tenants(database)
        own = {tenant: found for tenant, found in backup.own.items() if tenant in there}
        try:
            for found in own.values():
                await restoration.check(found)
        except BackupBlocked as error:
            raise LocalError(f"{error} Nothing was changed.") from None
        try:
            changed = sum([await restoration.load(own[of], pages, ACTOR) for of, pages in backup.pages() if of in own])
        except BackupBlocked as error:
            raise LocalError(f"{error} What tenants before it have got stays: restore again, it goes on.") from None
    return len(own), changed


def _delete_unfinished(file: Path) -> None:
    for path in file.parent.glob(f".{glob.escape(file.name)}.*"):
        with suppress(FileNotFoundError):  # another backup has just ended
            if time.time() - path.stat().st_mtime > _UNFINISHED_SECONDS:
                path.unlink()


async def _write(database: Database, files: KeyFiles, file: BufferedRandom) -> tuple[list[Own], int]:
    """Write all; return the tenants' own keys, and how many subjects' keys there are."""
    begin(file)
    tenants = sorted(await _tenants(database))
    found = [await _write_tenant(database, tenant, files, file) for tenant in tenants]
    finish(file, len(found))
    return [dump.own for dump in found], sum(dump.subjects for dump in found)


async def _write_tenant(database: Database, tenant: UUID, files: KeyFiles, file: BufferedRandom) -> TenantDump:
    start = file.tell()
    for _ in range(_TRIES):
        dump = TenantDump(database, tenant, SEALED_ROWS, files)
        try:
            async for line in dump.lines():
                put(file, line)
        except BackupBlocked as error:
            blocked = error
            file.seek(start)
            file.truncate()
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return dump
    raise LocalError(f"{blocked} The file of before, if there was one, is as it was. Try again in a minute.")


async def _tenants(database: Database) -> set[UUID]:
    async with database.system_transaction() as connection:
        return set((await repository.list_tenants(connection)).values())
