import base64
import json
from datetime import timedelta

import pytest

from slipway.clock import now, use_clock
from slipway.composition import SEALED_ROWS
from slipway.errors import Unavailable
from slipway.keys.backup import TenantDump, note_backup
from slipway.keys.copies import BackupBlocked, Own
from slipway.keys.endings import memory
from slipway.keys.keyfiles import KeyFiles
from slipway.keys.local import tenant_keys_folder
from slipway.keys.provider import KeyProviderGone
from slipway.keys.restoration import Restoration
from slipway.subjects.service import named_subjects, unnamed_subject
from slipway.webhooks.schemas import EventType
from slipway.webhooks.service import Webhooks

KEYS = "SELECT * FROM subject_keys ORDER BY subject_id"
OWN = "SELECT version, wrapped, retired_at, emptied_at, destroyed_at FROM tenant_keys ORDER BY version"
TABLES = ("tenant_keys", "tenant_index_keys", "subject_keys", "webhook_endpoints")


@pytest.fixture
def people(platform, principal):
    """A function that makes subjects, or finds them, and returns their ids by name."""

    async def make(*names):
        async with platform.keyring.transaction(principal.tenant_id) as (connection, keyset):
            found = await named_subjects(connection, keyset, names)
            await unnamed_subject(connection, keyset)
        return {name: person.id for name, person in found.items()}

    return make


@pytest.fixture
def opens(platform, principal):
    """A function that returns the key of each name, as a process that has just begun reads it."""

    async def read(*names):
        platform.keyring.forget(principal.tenant_id)
        async with platform.keyring.transaction(principal.tenant_id) as (connection, keyset):
            return {name: person.key for name, person in (await named_subjects(connection, keyset, names)).items()}

    return read


@pytest.fixture
def webhooks(platform, principal):
    """A function that does something with the tenant's webhooks, as a process that has just begun."""

    async def do(method, *arguments):
        platform.keyring.forget(principal.tenant_id)
        async with platform.keyring.transaction(principal.tenant_id) as (connection, keyset):
            return await getattr(Webhooks(connection, principal, keyset), method)(*arguments)

    return do


@pytest.fixture
def restoration(platform):
    return Restoration(platform.database, platform.key_provider, platform.settings, SEALED_ROWS)


@pytest.fixture
def dump(platform, principal):
    """A function that returns the lines of a backup that was finished, as they are read from its file."""

    async def make(tenant=principal.tenant_id):
        found = TenantDump(platform.database, tenant, SEALED_ROWS, KeyFiles(platform.settings))
        lines = [json.loads(json.dumps(line)) async for line in found.lines()]
        await note_backup(platform.database, found.own)
        return lines

    return make


@pytest.fixture
def load(restoration):
    """A function that restores these lines, and returns how many keys of subjects have changed."""

    async def lay(lines):
        own = Own.of(lines[-1])
        await restoration.check(own)
        return await restoration.load(own, lines[:-1], "test")

    return lay


@pytest.fixture
def rotate(platform, principal, dump):
    """A function that rotates the tenant's key; by default to the end, for which a backup has to be made."""

    async def run(*, end=True):
        await platform.rotation.rotate(principal.tenant_id, "test")
        if end:
            await dump()
            # No process can have the old version in its memory any more.
            moment = now() + memory(platform.settings)
            with use_clock(lambda: moment):
                await platform.rotation.rotate(principal.tenant_id, "test")
            assert not await _ending(platform, principal)

    return run


async def _ending(platform, principal):
    return [found for found in await platform.rotation._versions(principal.tenant_id) if found.ending]


async def state_of(rows, *tables):
    return {table: await rows(f"SELECT * FROM {table}") for table in tables or TABLES}


async def put_back(rows, tables):
    """Restore tables as they were, as a backup of the data does."""
    for table, content in tables.items():
        await rows(f"DELETE FROM {table}")
        for row in content:
            await rows(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(row))})", *row)


async def test_a_backup_from_before_a_rotation_lives_again_with_the_keys_of_today(
    platform, principal, people, opens, rows, rotate, dump, load
):
    """But for who was erased since: that key is in no newer backup of the keys."""
    ids = await people("jane", "erased")
    before = await opens("jane")
    old = await state_of(rows)
    await rows("DELETE FROM subject_keys WHERE subject_id = %s", ids["erased"])
    await rotate()
    keys = await dump()

    await put_back(rows, old)
    with pytest.raises(Unavailable, match="cannot be opened"):
        await opens("jane")
    changed = await load(keys)

    assert changed == 2
    assert await opens("jane") == before
    with pytest.raises(Exception, match="version 1"):
        await opens("erased")
    assert [(version, wrapped != b"") for version, wrapped, *_ in await rows(OWN)] == [(1, False), (2, True)]


async def test_webhooks_from_before_a_rotation_live_again(webhooks, rows, rotate, dump, load):
    kept = await webhooks("create", "https://kept.example/1", tuple(EventType), 10)
    deleted = await webhooks("create", "https://deleted.example/2", tuple(EventType), 10)
    old = await state_of(rows)
    kept = await webhooks("rotate_secret", kept.id)
    await webhooks("delete", deleted.id)
    await rotate()
    keys = await dump()

    await put_back(rows, old)
    await load(keys)

    assert [(found.id, found.url) for found in await webhooks("every")] == [(kept.id, "https://kept.example/1")]
    assert (await webhooks("get_secret", kept.id)).secret == kept.secret
    assert (await webhooks("rotate_secret", kept.id)).secret != kept.secret


async def test_a_webhook_that_is_younger_than_the_keys_is_left_as_it_is(webhooks, dump, load):
    lines = await dump()
    webhook = await webhooks("create", "https://younger.example", tuple(EventType), 10)
    await load(lines)
    assert await webhooks("get_secret", webhook.id) == webhook


async def test_a_version_that_ended_after_the_backup_of_the_keys_does_not_come_back(
    people, opens, rows, rotate, dump, load
):
    """The newest backup is made before an old version is destroyed, always."""
    await people("jane")
    before = await opens("jane")
    old = await state_of(rows)
    await rotate(end=False)
    keys = await dump()
    await rotate()

    await put_back(rows, old)
    await load(keys)

    assert await opens("jane") == before
    (first, second) = await rows(OWN)
    assert (first[1], first[3] is not None, first[4] is not None) == (b"", True, True)
    assert second[3] is None
    await rotate()
    assert await opens("jane") == before


async def test_nothing_in_a_backup_is_open(platform, principal, people, opens, dump):
    await people("jane")
    key = (await opens("jane"))["jane"]
    keyset = await platform.keyring.keyset(principal.tenant_id)
    content = list(_bytes_of(await dump()))
    (wrapped,) = [found for found in content if found.startswith(b"\x02")]
    for secret in (key.secret, keyset.current.secret, keyset.index._key.secret, b"jane"):
        assert not [found for found in content if secret in found or secret.hex().encode() in found]
    assert (await platform.key_provider.unwrap(wrapped, tenant=str(principal.tenant_id))) == keyset.current


def _bytes_of(value):
    """Yield every text of a line, and what it holds if it is base64."""
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        for each in value:
            yield from _bytes_of(each)
    elif isinstance(value, str):
        yield value.encode()
        try:
            yield base64.b64decode(value, validate=True)
        except ValueError:
            return


async def test_restoring_twice_or_over_the_same_keys_changes_nothing(people, rows, rotate, dump, load):
    await people("jane", "joe")
    await rotate()
    lines = await dump()
    before = (await rows(KEYS), await rows(OWN))
    assert await load(lines) == 0
    assert await load(lines) == 0
    assert (await rows(KEYS), await rows(OWN)) == before


async def test_keys_of_subjects_that_the_data_does_not_have_are_left_out(people, rows, dump, load):
    ids = await people("jane", "new", "erased")
    lines = await dump()
    await rows("DELETE FROM subjects WHERE id = %s", ids["new"])
    await rows("DELETE FROM subject_keys WHERE subject_id = %s", ids["erased"])
    before = await rows(KEYS)
    assert await load(lines) == 0
    assert await rows(KEYS) == before


async def test_keys_from_before_a_rotation_are_refused(people, opens, rotate, dump, load):
    await people("jane")
    lines = await dump()
    before = await opens("jane")
    await rotate(end=False)
    for _ in range(2):
        with pytest.raises(BackupBlocked, match="Take a newer one"):
            await load(lines)
        assert await opens("jane") == before
        await rotate()


async def test_keys_whose_version_was_destroyed_since_are_refused_over_older_data_too(people, rows, rotate, dump, load):
    await people("jane")
    old = await state_of(rows)
    keys = await dump()
    keys[-1]["files"] = {}  # as with a key management service, which keeps its keys to itself
    await rotate()
    await put_back(rows, old)
    with pytest.raises(BackupBlocked, match="was destroyed after this backup of the keys was made"):
        await load(keys)
    assert await state_of(rows) == old


async def test_another_key_of_the_same_number_is_not_replaced(people, opens, rows, rotate, dump, load):
    """A worker was started on the restored data, and rotated, before the keys were restored."""
    await people("jane")
    old = await state_of(rows)
    await rotate(end=False)
    keys = await dump()
    await put_back(rows, old)
    await rotate(end=False)
    before = await opens("jane")
    with pytest.raises(BackupBlocked, match=r"version 2 is not the one of this backup. Restore the data anew"):
        await load(keys)
    assert await opens("jane") == before


async def test_a_backup_in_the_middle_of_a_rotation_opens_everything(
    platform, principal, people, opens, rows, dump, load, monkeypatch
):
    async def cut(*_):
        raise ConnectionError("cut")

    await people("jane")
    old = await state_of(rows)
    before = await opens("jane")
    with monkeypatch.context() as patch:
        patch.setattr(platform.rotation._rewrapping, "rewrap", cut)
        with pytest.raises(ConnectionError):
            await platform.rotation.rotate(principal.tenant_id, "test")
    await people("joe")
    before |= await opens("joe")
    lines = await dump()
    now = await state_of(rows)
    await put_back(rows, old)
    assert await load(lines) == 0
    assert await opens("jane") == {"jane": before["jane"]}

    await put_back(rows, now)
    await load(lines)
    assert await opens("jane", "joe") == before


@pytest.mark.parametrize("garbled", [b"\x01\x00\x00\x00\x01" + bytes(60), b"\x02" + bytes(60), b""])
async def test_a_key_that_does_not_open_stops_no_backup(people, opens, rows, dump, load, garbled):
    ids = await people("jane", "broken")
    before = await opens("jane")
    await rows("UPDATE subject_keys SET wrapped = %s WHERE subject_id = %s", garbled, ids["broken"])
    lines = await dump()
    assert str(ids["jane"]) in {key[0] for key in lines[0]["subjects"]}
    await load(lines)
    assert await opens("jane") == before


async def test_after_a_restoration_backups_are_made_as_before(people, opens, rows, rotate, dump, load):
    """What was erased since lies there, under a version that has ended: it is in no new backup, and stops none."""
    ids = await people("jane", "erased")
    before = await opens("jane")
    old = await state_of(rows)
    await rows("DELETE FROM subject_keys WHERE subject_id = %s", ids["erased"])
    await rotate()
    keys = await dump()
    await put_back(rows, old)
    await load(keys)

    lines = await dump()
    assert str(ids["erased"]) not in {key[0] for key in lines[0]["subjects"]}
    await rotate()
    await load(await dump())
    assert await opens("jane") == before


async def test_a_version_that_ends_while_its_keys_are_read_spoils_the_backup(platform, principal, people, rows, rotate):
    await people("jane")
    found = TenantDump(platform.database, principal.tenant_id, SEALED_ROWS, KeyFiles(platform.settings))
    lines = found.lines()
    assert "subjects" in await anext(lines)
    await rotate()
    with pytest.raises(BackupBlocked, match="ended while its keys were read"):
        await anext(lines)


async def test_nobody_wraps_or_rotates_while_keys_are_restored(principal, restoration, people, rows, dump):
    await people("jane")
    lines = await dump()
    own = Own.of(lines[-1])
    shared = "SELECT pg_try_advisory_xact_lock_shared(hashtextextended('keys:' || %s, 0))"
    async with restoration._alone(own):
        assert await rows(shared, str(principal.tenant_id)) == [(False,)]
    assert await rows(shared, str(principal.tenant_id)) == [(True,)]


async def test_keys_that_are_in_use_are_not_restored(platform, principal, people, rows, dump, load, monkeypatch):
    monkeypatch.setattr("slipway.keys.restoration._LOCK_SECONDS", 0.1)
    await people("jane")
    lines = await dump()
    before = await state_of(rows)
    async with platform.keyring.transaction(principal.tenant_id):
        with pytest.raises(BackupBlocked, match="Stop the API and the workers first"):
            await load(lines)
    assert await state_of(rows) == before


async def test_a_restoration_that_is_cut_short_changes_nothing(restoration, people, rows, rotate, dump, monkeypatch):
    monkeypatch.setattr("slipway.keys.backup.PAGE", 1)
    await people("jane", "joe")
    old = await state_of(rows)
    await rotate()
    lines = await dump()
    await put_back(rows, old)

    def cut():
        yield from lines[:2]
        raise ConnectionError("cut")

    with pytest.raises(ConnectionError):
        await restoration.load(Own.of(lines[-1]), cut(), "test")
    assert await state_of(rows) == old


async def test_more_keys_than_fit_into_a_line_are_all_there(people, rows, dump, monkeypatch):
    monkeypatch.setattr("slipway.keys.backup.PAGE", 4)
    await people(*(f"{number}" for number in range(10)))
    lines = await dump()
    assert [len(line["subjects"]) for line in lines[:-1]] == [4, 4, 3]
    assert {key[0] for line in lines[:-1] for key in line["subjects"]} == {
        str(found) for (found,) in await rows("SELECT subject_id FROM subject_keys")
    }


async def test_a_tenant_sees_the_restoration_in_its_audit_log(people, rows, dump, load):
    await people("jane")
    await load(await dump())
    assert ("test", "tenant_key.restored", "tenant_key/1") in await rows(
        "SELECT actor, action, resource FROM audit_log"
    )


async def test_what_is_in_a_backup_is_noted_with_the_moment_at_which_it_began(principal, people, rows, rotate, dump):
    await people("jane")
    await rotate(end=False)
    ((began,),) = await rows("SELECT clock_timestamp()")
    await dump()
    ((ended,),) = await rows("SELECT clock_timestamp()")
    (first, second) = [at for (at,) in await rows("SELECT backed_up_at FROM tenant_keys ORDER BY version")]
    assert first is None
    assert began < second < ended
    await rows("UPDATE tenant_keys SET backed_up_at = %s WHERE version = 2", ended + timedelta(days=1))
    await dump()
    assert await rows("SELECT backed_up_at FROM tenant_keys WHERE version = 2") == [(ended + timedelta(days=1),)]


async def test_the_local_provider_s_files_come_back_but_for_those_of_versions_that_end(
    platform, principal, people, opens, rows, rotate, dump, load
):
    await people("jane")
    before = await opens("jane")
    await rotate(end=False)
    lines = await dump()
    assert set(lines[-1]["files"]) == {"2"}
    folder = tenant_keys_folder(platform.settings) / str(principal.tenant_id)
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(Unavailable):
        await opens("jane")
    await load(lines)
    assert [file.name for file in folder.iterdir()] == ["2.key"]
    assert await opens("jane") == before


async def test_keys_that_are_refused_leave_no_files_behind(
    platform, principal, people, rows, rotate, dump, load, restoration
):
    await people("jane")
    await rotate(end=False)
    lines = await dump()
    folder = tenant_keys_folder(platform.settings) / str(principal.tenant_id)
    for file in folder.iterdir():
        file.unlink()
    before = await state_of(rows)

    await restoration.check(Own.of(lines[-1]))
    assert list(folder.iterdir()) == []
    lines[-1]["files"]["2"] = base64.b64encode(b"damaged").decode()
    with pytest.raises(BackupBlocked, match="does not open the key"):
        await load(lines)
    assert list(folder.iterdir()) == []
    assert await state_of(rows) == before


async def test_files_that_cannot_be_put_back_are_told_before_anything_is_changed(
    platform, principal, people, dump, restoration, monkeypatch
):
    await people("jane")
    own = Own.of((await dump())[-1])
    folder = tenant_keys_folder(platform.settings) / str(principal.tenant_id)
    (folder / "1.key").unlink()
    # As whoever runs this may write everywhere.
    monkeypatch.setattr("slipway.keys.files.os.access", lambda path, _: path != folder)
    with pytest.raises(BackupBlocked, match="Mount it writable"):
        await restoration.check(own)


async def test_files_are_not_put_where_another_provider_has_the_keys(platform, principal, people, dump, restoration):
    await people("jane")
    own = Own.of((await dump())[-1])
    elsewhere = platform.settings.model_copy(update={"key_provider": "vault-transit"})
    with pytest.raises(BackupBlocked, match="settings name another one"):
        await KeyFiles(elsewhere).lay(own.tenant, own.files)


async def test_a_provider_that_does_not_answer_changes_nothing(people, rows, dump, load, restoration, monkeypatch):
    async def gone(*_, **__):
        raise KeyProviderGone("gone")

    await people("jane")
    lines = await dump()
    before = await state_of(rows)
    monkeypatch.setattr(restoration._provider, "unwrap", gone)
    with pytest.raises(KeyProviderGone):
        await load(lines)
    assert await state_of(rows) == before
