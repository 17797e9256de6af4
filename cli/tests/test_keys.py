"""`slipway keys` for the tenants' encryption keys, on a real database."""

import asyncio
import json
import os
import stat
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from typer.testing import CliRunner

from slipway.clock import now, use_clock
from slipway.database.engine import driver_url
from slipway.keys.endings import memory
from slipway.settings import KeyProviderKind
from slipway_cli import keybackup, rotation
from slipway_cli.errors import LocalError
from slipway_cli.main import app
from slipway_cli.tenants import create_tenant


@pytest.fixture
async def tenants(settings) -> dict[str, UUID]:
    return {name: await create_tenant(settings, name) for name in ("acme", "other")}


@pytest.fixture
def later(settings):
    """A block in which no process can have the keys of before in its memory."""

    def move():
        moment = now() + memory(settings)
        return use_clock(lambda: moment)

    return move


async def test_all_tenants_or_one_are_rotated_and_after_a_backup_the_old_versions_end(
    settings, tenants, later, tmp_path
):
    done = await rotation.rotate(settings, None)
    assert {name: (found.version, found.destroyed) for name, found in done.items()} == {
        "acme": (2, ()),
        "other": (2, ()),
    }
    await keybackup.back_up(settings, tmp_path / "slipway.keys")
    with later():
        again = await rotation.rotate(settings, "acme")
    assert {name: (found.version, found.destroyed) for name, found in again.items()} == {"acme": (2, (1,))}
    found = await rotation.versions(settings, None)
    assert {name: [version.destroyed_at is None for version in versions] for name, versions in found.items()} == {
        "acme": [False, True],
        "other": [True, True],
    }


async def test_one_tenant_s_failure_holds_up_no_other_and_is_told_at_the_end(settings, tenants, postgres):
    url = f"{postgres.admin_url.rpartition('/')[0]}/{driver_url(settings.database_app_url).database}"
    with psycopg.connect(url, autocommit=True) as superuser:
        superuser.execute("UPDATE tenant_keys SET wrapped = 'nonsense' WHERE tenant_id = %s", [tenants["acme"]])
    told = []
    with pytest.raises(LocalError, match=r"^acme: .*goes on from there"):
        await rotation.rotate(settings, None, lambda name, done: told.append((name, done.version)))
    assert told == [("other", 2)]


async def test_without_its_key_provider_a_rotation_says_what_is_wrong(settings, tenants, tmp_path):
    absent = settings.model_copy(
        update={
            "key_provider": KeyProviderKind.VAULT_TRANSIT,
            "vault_url": "http://127.0.0.1:9",
            "vault_token_file": tmp_path / "token",
            "vault_ca_file": tmp_path / "absent.pem",
        }
    )
    with pytest.raises(LocalError, match="SLIPWAY_VAULT_CA_FILE"):
        await rotation.rotate(absent, "acme")


async def test_an_unknown_tenant_is_named(settings, tenants):
    for asked in (rotation.rotate(settings, "nobody"), rotation.versions(settings, "nobody")):
        with pytest.raises(LocalError, match="no tenant named nobody"):
            await asked


async def test_a_backup_is_readable_by_its_owner_only_and_replaces_the_one_before(settings, tenants, tmp_path):
    file = tmp_path / "slipway.keys"
    assert await keybackup.back_up(settings, file) == (2, 0)
    before = file.read_bytes()
    await rotation.rotate(settings, "acme")
    assert await keybackup.back_up(settings, file) == (2, 0)

    assert file.read_bytes() != before
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.glob(".slipway*")) == []
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [len(line["versions"]) for line in lines if "versions" in line] == [
        2 if line["tenant"] == str(tenants["acme"]) else 1 for line in lines if "versions" in line
    ]
    assert await keybackup.restore(settings, file) == (2, 0)


async def test_what_a_killed_backup_left_is_deleted_by_the_next_and_one_at_work_is_not(settings, tenants, tmp_path):
    file = tmp_path / "slipway.keys"
    at_work, killed, other = (tmp_path / name for name in (".slipway.keys.7", ".slipway.keys.8", ".others.keys.9"))
    for path in (at_work, killed, other):
        path.write_text("keys")
    for path in (killed, other):
        os.utime(path, (now().timestamp() - 4_000,) * 2)
    await keybackup.back_up(settings, file)
    assert [path.exists() for path in (file, at_work, killed, other)] == [True, True, False, True]


async def test_a_finished_backup_is_noted_with_the_moment_that_it_shows(settings, tenants, tmp_path):
    async def noted():
        return [found.backed_up_at for (found,) in (await rotation.versions(settings, None)).values()]

    with pytest.raises(LocalError, match="cannot be written"):
        await keybackup.back_up(settings, tmp_path / "absent" / "slipway.keys")
    assert await noted() == [None, None]
    before = datetime.now(UTC)
    await keybackup.back_up(settings, tmp_path / "slipway.keys")
    after = datetime.now(UTC)
    assert all(before < found < after for found in await noted())


async def test_an_older_backup_changes_no_tenant(settings, tenants, tmp_path):
    file = tmp_path / "slipway.keys"
    await keybackup.back_up(settings, file)
    await rotation.rotate(settings, "acme")
    with pytest.raises(LocalError, match="Nothing was changed"):
        await keybackup.restore(settings, file)


@pytest.mark.parametrize("damage", ["cut", "other", "nonsense", "changed"])
async def test_what_is_no_whole_backup_is_refused(settings, tenants, tmp_path, damage):
    file = tmp_path / "slipway.keys"
    await keybackup.back_up(settings, file)
    lines = file.read_text().splitlines(keepends=True)
    changed = "".join(lines).replace('"provider":"l', '"provider":"L')
    broken = {"cut": "".join(lines[:-1]), "other": '{"end":0}\n', "nonsense": "{", "changed": changed}[damage]
    assert broken != file.read_text()
    file.write_text(broken)
    with pytest.raises(LocalError, match="no whole backup"):
        await keybackup.restore(settings, file)


async def test_a_file_that_is_not_there_or_cannot_be_written_is_named(settings, tenants, tmp_path):
    with pytest.raises(LocalError, match="cannot be read"):
        await keybackup.restore(settings, tmp_path / "absent.keys")
    with pytest.raises(LocalError, match="cannot be written"):
        await keybackup.back_up(settings, tmp_path / "absent" / "slipway.keys")


def test_a_backup_is_repeated_until_it_is_ended(settings, monkeypatch, tmp_path):
    asyncio.run(create_tenant(settings, "acme"))
    waited, file = [], tmp_path / "slipway.keys"

    def sleep(seconds):
        waited.append((seconds, file.stat().st_ino))
        if len(waited) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("slipway_cli.keys.local_settings", lambda: settings)
    monkeypatch.setattr("slipway_cli.keys.time.sleep", sleep)
    CliRunner().invoke(app, ["keys", "backup", str(file), "--every", "6"])
    assert [seconds for seconds, _ in waited] == [21_600, 21_600]
    assert waited[0] != waited[1]


def test_the_commands_print_what_was_done(settings, later, monkeypatch, tmp_path):
    asyncio.run(create_tenant(settings, "acme"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("slipway_cli.keys.local_settings", lambda: settings)
    run = CliRunner().invoke
    assert "acme: made version 2" in run(app, ["keys", "rotate"]).output
    waits = run(app, ["keys", "rotate", "--tenant", "acme"]).output
    assert "went on with version 2" in waits
    assert "version 1 is kept, for it waits for a backup of the keys (run: slipway keys backup FILE)" in waits
    listed = run(app, ["keys", "versions"]).output
    assert [line.split()[:2] for line in listed.splitlines() if line.split()[:1] == ["acme"]] == [
        ["acme", "1"],
        ["acme", "2"],
    ]
    file = str(tmp_path / "slipway.keys")
    assert "keys of 1 tenants" in run(app, ["keys", "backup", file]).output
    assert "version 1 is kept, for it waits for processes" in run(app, ["keys", "rotate"]).output
    with later():
        assert "destroyed: 1." in run(app, ["keys", "rotate"]).output
    assert "as in" in run(app, ["keys", "restore", file]).output


def test_days_that_no_calendar_has_are_refused_in_a_sentence():
    refused = CliRunner().invoke(app, ["keys", "create", "--tenant", "acme", "--days", "10000000"])
    assert refused.exit_code == 1
    assert "No calendar reaches 10,000,000 days" in refused.stderr
