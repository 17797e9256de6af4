"""Data from before a rotation, on a new server: with the keys of today it opens, but for who was erased since."""

import pytest
from infra.backup.dump import dump
from infra.backup.load import load

from slipway.clock import now, use_clock
from slipway.database import Database
from slipway.database.bootstrap import bootstrap
from slipway.database.migrations import upgrade
from slipway.errors import Unavailable
from slipway.keys.endings import memory
from slipway.keys.local import LocalKeyProvider
from slipway.keys.service import Keyring
from slipway.subjects.service import named_subjects
from slipway_cli import keybackup, rotation
from slipway_cli.tenants import create_tenant


async def read(settings, tenant, *names):
    """Return each name's key, as a process that has just begun reads it; names that are new get one."""
    database = Database(settings)
    try:
        async with Keyring(database, LocalKeyProvider.load(settings), settings).transaction(tenant) as (
            connection,
            keys,
        ):
            return {name: found.key for name, found in (await named_subjects(connection, keys, names)).items()}
    finally:
        await database.close()


async def erase(settings, tenant, name):
    database = Database(settings)
    try:
        async with Keyring(database, LocalKeyProvider.load(settings), settings).transaction(tenant) as (
            connection,
            keys,
        ):
            subject = (await named_subjects(connection, keys, [name]))[name]
            await connection.exec_driver_sql("DELETE FROM subjects WHERE id = %s", (subject.id,))
    finally:
        await database.close()


async def test_older_data_opens_with_the_keys_of_today(source, target, tmp_path):
    folder, file = tmp_path / "data", tmp_path / "slipway.keys"
    folder.mkdir()
    before = source.settings(tmp_path / "keys")
    tenant = await create_tenant(before, "acme")
    people = await read(before, tenant, "jane", "erased")
    part = dump(source, "postgres", "slipway", folder)
    await erase(before, tenant, "erased")
    await rotation.rotate(before, "acme")
    assert await keybackup.back_up(before, file) == (1, 1)
    later = now() + memory(before)
    with use_clock(lambda: later):
        await rotation.rotate(before, "acme")
    (versions,) = (await rotation.versions(before, "acme")).values()
    assert [version.destroyed_at is not None for version in versions] == [True, False]
    source.postgres.stop()

    load(target, part, folder)
    after = target.settings(tmp_path / "keys")
    await bootstrap(target.postgres.admin_url, after)
    upgrade(after)
    with pytest.raises(Unavailable):
        await read(after, tenant, "jane")
    assert await keybackup.restore(after, file) == (1, 1)

    assert await read(after, tenant, "jane") == {"jane": people["jane"]}
    with pytest.raises(Exception, match="which was destroyed"):
        await read(after, tenant, "erased")
    await rotation.rotate(after, "acme")
    assert await read(after, tenant, "jane") == {"jane": people["jane"]}
