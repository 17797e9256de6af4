"""A database is dumped, and loaded into a new server: everything is there, and the audit log goes on."""

import pytest
from infra.backup.dump import dump
from infra.backup.errors import BackupError
from infra.backup.load import load
from infra.backup.server import query

from slipway.audit.chain_check import ChainCheck
from slipway.audit.schemas import Action
from slipway.audit.sealer import Sealer
from slipway.audit.service import record
from slipway.database import Database
from slipway.database.bootstrap import bootstrap
from slipway.database.migrations import upgrade
from slipway.evidence import Evidence
from slipway.keys.signer import AuditSigner
from slipway_cli.tenants import create_tenant


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "backup").mkdir()
    return tmp_path / "backup"


async def note(database, tenant, *resources):
    async with database.transaction(tenant) as connection:
        for resource in resources:
            await record(connection, tenant, "key", Action.PREDICTED, resource)


async def test_the_audit_log_holds_after_a_restore_and_goes_on(source, target, folder, tmp_path):
    before = source.settings(tmp_path / "keys")
    tenant = await create_tenant(before, "acme")
    signer, database = AuditSigner.load(before), Database(before)
    await note(database, tenant, "sealed before")
    evidence = Evidence(tmp_path / "evidence", signer)
    await Sealer(database, signer, evidence).seal()
    await note(database, tenant, "unsealed when it was backed up", "and this one")
    await database.close()
    part = dump(source, "postgres", "slipway", folder)
    (fresh,) = query(target, "postgres", "SELECT pg_snapshot_xmax(pg_current_snapshot())")
    assert int(fresh) < part.next_xid, "a new server counts from the beginning, or this shows nothing"

    load(target, part, folder)

    after = target.settings(tmp_path / "keys")
    await bootstrap(target.postgres.admin_url, after)
    upgrade(after)
    restored = Database(after)
    check = ChainCheck(restored, {signer.key_id: signer.public_key})
    try:
        assert (await check.verify(tenant)).broken is None
        await note(restored, tenant, "after the restore")
        await Sealer(restored, signer, evidence).seal()
        verdict = await check.verify(tenant)
        assert (verdict.seals, verdict.entries, verdict.broken) == (2, 5, None)
    finally:
        await restored.close()


async def test_every_row_is_there_with_the_policies_that_hide_it(source, target, folder, tmp_path):
    settings = source.settings(tmp_path / "keys")
    await create_tenant(settings, "acme")
    part = dump(source, "postgres", "slipway", folder)

    load(target, part, folder)

    assert part.rows["public.tenants"] == part.rows["public.audit_log"] == 1
    assert query(target, "slipway", "SELECT name FROM tenants") == ["acme"]
    unforced = "SELECT relname FROM pg_class WHERE relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity)"
    ours = f"{unforced} AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'"
    assert query(target, "slipway", ours) == query(source, "slipway", ours)
    assert query(target, "slipway", "SET ROLE slipway_app; SELECT count(*) FROM tenants") == ["0"]


async def test_a_database_that_holds_something_is_left_alone(source, folder, tmp_path):
    await create_tenant(source.settings(tmp_path / "keys"), "acme")
    part = dump(source, "postgres", "slipway", folder)

    with pytest.raises(BackupError, match="slipway is not empty"):
        load(source, part, folder)

    assert query(source, "slipway", "SELECT name FROM tenants") == ["acme"]


def test_a_dump_that_breaks_off_leaves_nothing(source, target, folder):
    part = dump(source, "postgres", "slipway", folder)
    whole = (folder / part.file).read_bytes()
    (folder / part.file).write_bytes(whole[: len(whole) // 2])

    with pytest.raises(BackupError, match="pg_restore"):
        load(target, part, folder)

    assert query(target, "slipway", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == ["0"]


def test_a_dump_is_readable_by_its_owner_only(source, folder):
    part = dump(source, "postgres", "slipway", folder)

    assert (folder / part.file).stat().st_mode & 0o777 == 0o600
    assert (folder / part.file).stat().st_size == part.size > 0


def test_a_database_that_is_not_there_is_said_to_be_missing(source, folder):
    with pytest.raises(BackupError, match="nowhere"):
        dump(source, "postgres", "nowhere", folder)

    assert not list(folder.iterdir())
