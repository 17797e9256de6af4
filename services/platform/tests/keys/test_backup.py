import json

import pytest

from slipway.keys.backup import BackupBlocked, dump_tenant, load_own, load_page
from slipway.subjects.service import named_subjects, unnamed_subject

KEYS = "SELECT * FROM subject_keys ORDER BY subject_id"
OWN = "SELECT version, wrapped, retired_at, emptied_at, destroyed_at FROM tenant_keys ORDER BY version"


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


async def dump(platform, principal):
    """Return the lines of a backup, as they are read from a file."""
    return [json.loads(json.dumps(line)) async for line in dump_tenant(platform.database, principal.tenant_id)]


async def load(platform, lines):
    changed = sum([await load_page(platform.database, line) for line in lines if "subjects" in line])
    await load_own(platform.database, next(line for line in lines if "versions" in line), "test")
    return changed


async def state_of(rows, *tables):
    return {table: await rows(f"SELECT * FROM {table}") for table in tables}


async def test_a_backup_from_before_a_rotation_lives_again_with_the_keys_of_today(
    platform, principal, people, opens, rows
):
    """But for who was erased since: that key is in no newer backup of the keys."""
    await people("jane", "erased")
    before = await opens("jane")
    old = await state_of(rows, "tenant_keys", "tenant_index_keys", "subject_keys")
    ids = await people("jane", "erased")
    await rows("DELETE FROM subject_keys WHERE subject_id = %s", ids["erased"])
    await platform.rotation.rotate(principal.tenant_id, "test")
    keys = await dump(platform, principal)

    await _put_back(rows, old)
    platform.keyring.forget(principal.tenant_id)
    with pytest.raises(Exception, match="cannot be opened"):
        await opens("jane")
    changed = await load(platform, keys)

    assert changed == 3
    assert await opens("jane") == before
    with pytest.raises(Exception, match="version 1"):
        await opens("erased")
    assert [(version, wrapped != b"") for version, wrapped, *_ in await rows(OWN)] == [(1, False), (2, True)]


async def test_nothing_in_a_backup_is_open(platform, principal, people, opens):
    await people("jane")
    key = (await opens("jane"))["jane"]
    keyset = await platform.keyring.keyset(principal.tenant_id)
    text = json.dumps(await dump(platform, principal))
    for secret in (key.secret, keyset.current.secret, keyset.index._key.secret):
        assert secret.hex() not in text
        assert secret not in text.encode()
    assert "jane" not in text


async def test_restoring_twice_or_over_the_same_keys_changes_nothing(platform, principal, people, rows):
    await people("jane", "joe")
    await platform.rotation.rotate(principal.tenant_id, "test")
    before = (await rows(KEYS), await rows(OWN))
    lines = await dump(platform, principal)
    assert await load(platform, lines) == 0
    assert await load(platform, lines) == 0
    assert (await rows(KEYS), await rows(OWN)) == before


async def test_keys_of_subjects_that_the_data_does_not_have_are_left_out(platform, principal, people, rows):
    ids = await people("jane", "new")
    lines = await dump(platform, principal)
    await rows("DELETE FROM subjects WHERE id = %s", ids["new"])
    before = await rows(KEYS)
    assert await load(platform, lines) == 0
    assert await rows(KEYS) == before


async def test_keys_from_before_a_rotation_are_refused(platform, principal, people, opens):
    await people("jane")
    lines = await dump(platform, principal)
    before = await opens("jane")
    await platform.rotation.rotate(principal.tenant_id, "test")
    with pytest.raises(BackupBlocked, match="Take a newer one"):
        await load(platform, lines)
    assert await opens("jane") == before


async def test_a_backup_in_the_middle_of_a_rotation_is_not_made(platform, principal, people, monkeypatch):
    async def cut(*_):
        raise ConnectionError("cut")

    await people("jane")
    with monkeypatch.context() as patch:
        patch.setattr(platform.rotation, "_rewrap", cut)
        with pytest.raises(ConnectionError):
            await platform.rotation.rotate(principal.tenant_id, "test")
    with pytest.raises(BackupBlocked, match="being rotated"):
        await dump(platform, principal)
    await platform.rotation.rotate(principal.tenant_id, "test")
    assert len(await dump(platform, principal)) == 2


async def test_more_keys_than_fit_into_a_line_are_all_there(platform, principal, people, rows, monkeypatch):
    monkeypatch.setattr("slipway.keys.backup.PAGE", 4)
    await people(*(f"{number}" for number in range(10)))
    lines = await dump(platform, principal)
    assert [len(line["subjects"]) for line in lines[:-1]] == [4, 4, 3]
    assert {key[0] for line in lines[:-1] for key in line["subjects"]} == {
        str(found) for (found,) in await rows("SELECT subject_id FROM subject_keys")
    }


async def test_a_tenant_sees_the_restoration_in_its_audit_log(platform, principal, people, rows):
    await people("jane")
    await load(platform, await dump(platform, principal))
    assert ("test", "tenant_key.restored", "tenant_key/1") in await rows(
        "SELECT actor, action, resource FROM audit_log"
    )


async def _put_back(rows, tables):
    """Restore tables as they were, as a backup of the data does."""
    for table, content in tables.items():
        await rows(f"DELETE FROM {table}")
        for row in content:
            await rows(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(row))})", *row)
