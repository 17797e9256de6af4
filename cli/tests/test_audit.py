"""`slipway audit`, over a log that is there."""

import asyncio
import json
from random import Random

import psycopg
import pytest
from privacy.filling import fill
from typer.testing import CliRunner

from slipway.database.engine import driver_url
from slipway.evidence import segments
from slipway.settings import variable
from slipway_cli.main import app
from slipway_cli.servers.ports import free_port

NAMES = ("database_app_url", "database_system_url", "audit_key_file", "master_key_file", "evidence_dir")


@pytest.fixture
def log(settings, tmp_path, monkeypatch):
    """An audit log of two tenants, sealed and covered by checkpoints, which the command line finds."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        value = getattr(settings, name)
        monkeypatch.setenv(variable(name), getattr(value, "get_secret_value", lambda value=value: str(value))())
    asyncio.run(fill(settings, Random(2), tenants=2, seals=3))
    return settings


@pytest.fixture
def change(postgres, log):
    """A function that runs a statement as the superuser."""
    url = f"{postgres.admin_url.rpartition('/')[0]}/{driver_url(log.database_app_url).database}"

    def run(statement):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)

    return run


def audit(*arguments):
    return CliRunner().invoke(app, ["audit", *arguments])


def told(*arguments):
    return json.loads(audit("verify", "--json", *arguments).stdout)


def test_a_log_that_holds_is_told_tenant_by_tenant(log):
    found = audit("verify")
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    assert sum(line.endswith("entries: holds") for line in lines) == 2
    assert lines[-1].startswith("checkpoints: 4 lines")
    assert told()["holds"] is True


def test_what_was_cut_off_is_told_with_the_tenant_and_exit_code_1(log, change):
    change("DELETE FROM audit_log WHERE tenant_id = (SELECT min(tenant_id::text) FROM audit_seals)::uuid")
    change("DELETE FROM audit_seals WHERE tenant_id = (SELECT min(tenant_id::text) FROM audit_seals)::uuid")
    found = audit("verify")
    assert found.exit_code == 1
    assert "seals over 0 entries: seal 1 was there, and is missing" in found.stdout
    faults = [tenant["fault"] for tenant in told()["tenants"].values()]
    assert sum(fault is None for fault in faults) == 1


def test_a_tenant_that_is_gone_is_told_by_its_id(log, change):
    change("TRUNCATE tenants CASCADE")
    found = audit("verify")
    assert found.exit_code == 1
    assert len(told()["tenants"]) == 2
    assert all(tenant["fault"] for tenant in told()["tenants"].values())


def test_another_folder_of_checkpoints_can_be_named(log, tmp_path):
    (tmp_path / "copy").mkdir()
    assert told("--evidence", str(tmp_path / "copy"))["holds"] is False
    log.evidence_dir.rename(tmp_path / "elsewhere")
    assert told()["checkpoints"]["lines"] == 0
    assert told("--evidence", str(tmp_path / "elsewhere"))["holds"] is True


def test_a_restore_that_is_told_is_forgiven_and_named(log, change):
    change("DELETE FROM audit_log WHERE xid >= (SELECT min(upto_xid::text::bigint)::text::xid8 FROM audit_seals)")
    change("DELETE FROM audit_seals WHERE upto_xid > (SELECT min(upto_xid::text::bigint)::text::xid8 FROM audit_seals)")
    assert audit("verify").exit_code == 1
    assert audit("restored", "--reason", "ticket 7").exit_code == 0
    found = audit("verify")
    assert found.exit_code == 0, found.output
    assert "without what checkpoints say of the log since 20" in found.stdout
    (declared,) = told()["checkpoints"]["declared"]
    assert declared["why"] == "ticket 7"


def _gone(change):
    """Remove the tenant whose id is the least, and return the id."""
    (gone, *_) = sorted(told()["tenants"])
    for table in ("audit_log", "audit_seals", "tenant_keys"):
        change(f"DELETE FROM {table} WHERE tenant_id = '{gone}'")
    change(f"DELETE FROM tenants WHERE id = '{gone}'")
    return gone


def test_a_removal_that_is_told_is_forgiven_and_named(log, change):
    gone = _gone(change)
    assert audit("verify").exit_code == 1
    assert audit("removed", gone, "--reason", "contract 8").exit_code == 0
    found = audit("verify")
    assert found.exit_code == 0, found.output
    assert f"tenant {gone} removed: contract 8" in found.stdout


def test_a_removal_of_a_tenant_who_is_there_is_refused(log):
    (there, *_) = sorted(told()["tenants"])
    found = audit("removed", there, "--reason", "no")
    assert found.exit_code == 1
    assert "Remove it first" in found.output
    assert told()["checkpoints"]["declared"] == []


def test_old_checkpoints_are_moved_away(log, tmp_path, monkeypatch):
    monkeypatch.setattr(segments, "_SEGMENT_BYTES", 500)
    asyncio.run(fill(log, Random(3), tenants=1, seals=8))
    found = audit("archive", str(tmp_path / "away"), "--before", "2000-01-01")
    assert "Moved 0 files" in found.stdout, found.output
    found = audit("archive", str(tmp_path / "away"), "--before", "2100-01-01")
    assert found.exit_code == 0, found.output
    assert len(list((tmp_path / "away" / "checkpoints").iterdir())) > 3
    found = audit("verify")
    assert found.exit_code == 0, found.output


def test_where_there_is_no_evidence_nothing_is_handed_over(log, tmp_path):
    log.evidence_dir.rename(tmp_path / "elsewhere")
    found = audit("hand-over", str(tmp_path / "new.pem"))
    assert found.exit_code == 1
    assert "There are no checkpoints in" in found.output
    assert not (tmp_path / "new.pem").exists()


def test_the_key_is_changed_and_old_seals_hold(log, tmp_path):
    found = audit("hand-over", str(tmp_path / "new.pem"))
    assert found.exit_code == 0, found.output
    (tmp_path / "new.pem").rename(log.audit_key_file)
    found = audit("verify")
    assert found.exit_code == 0, found.output


def test_a_hand_over_by_a_key_that_has_nothing_to_hand_over_writes_nothing(log, tmp_path):
    audit("hand-over", str(tmp_path / "new.pem"))
    found = audit("hand-over", str(tmp_path / "other.pem"))
    assert found.exit_code == 1
    assert "in the care of the key" in found.output


def test_what_cannot_be_checked_is_no_verdict(log, monkeypatch):
    url = log.database_system_url.get_secret_value()
    port = str(driver_url(log.database_system_url).port)
    monkeypatch.setenv(variable("database_system_url"), url.replace(port, str(free_port())))
    assert audit("verify").exit_code == 3
    monkeypatch.undo()
    log.audit_key_file.unlink(missing_ok=True)
    assert audit("verify").exit_code == 3


def test_a_database_that_refuses_is_told_in_a_sentence(log, change):
    change("DROP TABLE audit_seals")
    found = audit("verify")
    assert found.exit_code == 3
    assert found.stderr == (
        "The audit log could not be checked: the database refused it (UndefinedTable, as when a table, a column or a "
        "right is gone).\n"
    )
