"""What only a copy apart from the database can show: that something is not there any more."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from slipway.audit import checkpointer as module
from slipway.audit import heads, repository
from slipway.audit.chain import FORMAT, digest, statement
from slipway.audit.checkpointer import Checkpointer
from slipway.audit.repository import Seal, entries_between, seals_after
from slipway.audit.schemas import Action
from slipway.audit.service import record
from slipway.clock import use_clock
from slipway.errors import Unavailable
from slipway.evidence import BrokenEvidenceError, Evidence


async def test_what_is_whole_holds(covered, audit):
    report = await audit()
    assert report.holds
    assert report.verdicts[covered].entries == 7
    assert report.checkpoints.lines == 1


CUT_ENTRIES = "DELETE FROM audit_log WHERE xid >= (SELECT upto_xid FROM audit_seals WHERE sequence = 2)"


async def test_cutting_off_the_newest_entries_with_their_seal_is_found(covered, audit, check, rows):
    await rows(f"{CUT_ENTRIES}; DELETE FROM audit_seals WHERE sequence = 3")
    assert (await check(covered)).broken is None, "the chain by itself holds"
    assert "seal 3 was there, and is missing" in (await audit()).fault(covered)


async def test_a_whole_log_that_is_gone_is_found(covered, audit, rows):
    await rows("TRUNCATE audit_log, audit_seals")
    assert "is missing" in (await audit()).fault(covered)


async def test_a_tenant_that_is_gone_is_found(covered, audit, rows):
    await rows(
        "TRUNCATE audit_log, audit_seals; DELETE FROM tenant_keys; DELETE FROM subject_keys; DELETE FROM subjects;"
    )
    await rows("DELETE FROM tenants")
    report = await audit()
    assert report.verdicts == {}
    assert not report.holds
    assert covered in report.checkpoints.faults


async def test_what_was_cut_off_is_found_also_after_the_log_has_grown_again(
    covered, audit, rows, write, sealer, checkpointer
):
    await rows(f"{CUT_ENTRIES}; DELETE FROM audit_seals WHERE sequence = 3")
    await write(covered, 2, took=1.0)
    await sealer.seal()
    await checkpointer.checkpoint()
    assert "seal 3 was another one" in (await audit()).fault(covered)


async def test_history_that_was_rewritten_with_our_very_key_is_found(platform, covered, audit, check, rows):
    """Whoever has the signing key can make a chain that holds; not one that the checkpoints know."""
    await rows("UPDATE audit_log SET actor = 'nobody' WHERE resource = 'workload/1'")
    await _seal_again(platform, covered, rows)
    assert (await check(covered)).broken is None
    assert "was another one" in (await audit()).fault(covered)


async def _seal_again(platform, tenant, rows):
    async with platform.database.transaction(tenant) as connection:
        seals = await seals_after(connection, 0, 10)
    start, previous = 0, bytes(32)
    for seal in seals:
        async with platform.database.transaction(tenant) as connection:
            entries = await entries_between(connection, start, seal.upto_xid)
        fields = {name: getattr(seal, name) for name in Seal.__slots__} | {"digest": digest(previous, entries)}
        forged = Seal(**fields)
        signature = platform.signer.sign(statement(tenant, forged))
        await rows(
            "UPDATE audit_seals SET digest = %s, signature = %s WHERE sequence = %s",
            forged.digest,
            signature,
            seal.sequence,
        )
        start, previous = seal.upto_xid, forged.digest


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_log SET actor = 'nobody' WHERE actor = 'late'",
        "DELETE FROM audit_log WHERE actor = 'late'",
        "UPDATE audit_log SET xid = '3' WHERE actor = 'late'",
    ],
)
async def test_entries_that_no_seal_covers_are_covered_by_the_checkpoint(
    platform, covered, audit, rows, write, sealer, checkpointer, tampering
):
    """A transaction that is open somewhere keeps the sealer from them for as long as it lasts."""
    async with platform.database.transaction(covered) as elsewhere:
        await record(elsewhere, covered, "open", Action.PREDICTED, "workload/open")
        async with platform.database.transaction(covered) as connection:
            await record(connection, covered, "late", Action.PREDICTED, "workload/late")
        assert (await sealer.seal()).entries == 0
        await checkpointer.checkpoint()
        assert (await audit()).holds
        await rows(tampering)
        assert (await audit()).fault(covered)
    await sealer.seal()
    await checkpointer.checkpoint()
    assert not (await audit()).holds, "also once they were sealed as they are now"


async def test_a_log_without_any_seal_is_covered_too(principal, audit, rows, checkpointer):
    await checkpointer.checkpoint()
    assert (await audit()).holds
    await rows("DELETE FROM audit_log")
    assert not (await audit()).holds


async def test_what_came_after_the_checkpoint_is_not_expected(covered, audit, write, sealer):
    await write(covered, 3)
    await sealer.seal()
    report = await audit()
    assert report.holds
    assert report.verdicts[covered].entries == 10


async def test_checkpoints_that_were_cut_off_are_found(covered, audit, write, sealer, checkpointer, stream):
    await checkpointer.checkpoint()
    await write(covered)
    await sealer.seal()  # names line 2
    lines = stream().read_bytes().splitlines(keepends=True)
    stream().write_bytes(lines[0])
    assert "line 2: a seal names it" in (await audit()).checkpoints.broken
    stream().unlink()
    assert not (await audit()).holds


async def test_checkpoints_that_are_not_written_any_more_are_told(covered, audit, write, sealer):
    with use_clock(lambda: datetime.now(UTC) + timedelta(seconds=90)):
        await write(covered)
        await sealer.seal()
    assert "they were cut off, or are not written" in (await audit()).checkpoints.broken


async def test_that_there_are_none_is_told_after_a_minute(chain, audit):
    assert (await audit()).holds
    with use_clock(lambda: datetime.now(UTC) + timedelta(seconds=90)):
        assert "there are none" in (await audit()).checkpoints.broken


async def test_a_process_that_runs_adds_nothing_to_checkpoints_that_were_cut_short(covered, checkpointer, stream):
    await checkpointer.checkpoint()
    stream().write_bytes(stream().read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(BrokenEvidenceError, match="line 2"):
        await checkpointer.checkpoint()


async def test_only_what_changed_is_written_down(covered, stranger, checkpointer, write, sealer):
    await sealer.seal()
    assert list((await checkpointer.checkpoint()).body["heads"]) == [str(stranger.tenant_id)]
    assert (await checkpointer.checkpoint()).body["heads"] == {}
    await write(covered)
    assert list((await checkpointer.checkpoint()).body["heads"]) == [str(covered)]


async def test_of_many_processes_one_writes(platform, covered):
    evidence = [Evidence(platform.settings.evidence_dir, platform.signer) for _ in range(3)]
    processes = [Checkpointer(platform.database, own, 20.0) for own in evidence]
    numbers = {(await process.checkpoint()).number for process in processes}
    assert numbers == {1}
    with use_clock(lambda: datetime.now(UTC) + timedelta(seconds=20)):
        assert (await processes[1].checkpoint()).number == 2


async def test_many_tenants_take_several_lines(principal, stranger, audit, checkpointer, monkeypatch, rows):
    monkeypatch.setattr(module, "HEADS_A_LINE", 1)
    assert (await checkpointer.checkpoint()).number == 2
    assert (await audit()).holds
    await rows("DELETE FROM audit_log WHERE tenant_id = %s", stranger.tenant_id)
    report = await audit()
    assert report.fault(stranger.tenant_id)
    assert report.fault(principal.tenant_id) is None


async def test_no_name_and_no_detail_is_in_a_checkpoint(principal, write, sealer, checkpointer, stream, rows):
    canary = f"canary-{uuid4()}"
    await write(principal.tenant_id, 1, told=canary)
    await checkpointer.checkpoint()
    await sealer.seal()
    await checkpointer.checkpoint()
    (name,) = await rows("SELECT name FROM tenants")
    content = stream().read_text()
    assert str(principal.tenant_id) in content
    assert canary not in content
    assert name[0] not in content


async def test_a_chain_of_the_first_form_holds_and_goes_on_in_the_second(
    platform, principal, write, sealer, check, rows
):
    """As a version before this one wrote it."""
    await write(principal.tenant_id, 2, took=1.5)
    async with platform.database.transaction(principal.tenant_id) as connection:
        upto = (await connection.exec_driver_sql("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")).scalar_one()
        entries = await entries_between(connection, 0, int(upto))
    old = Seal(
        1, int(upto), 3, digest(bytes(32), entries, 1), b"", platform.signer.key_id, datetime.now(UTC), 1, None, None
    )
    await rows(
        "INSERT INTO audit_seals (tenant_id, sequence, upto_xid, entries, digest, signature, key_id, sealed_at)"
        " VALUES (%s, 1, %s::text::xid8, 3, %s, %s, %s, %s)",
        *(principal.tenant_id, upto, old.digest, platform.signer.sign(statement(principal.tenant_id, old))),
        *(old.key_id, old.sealed_at),
    )
    await write(principal.tenant_id)
    await sealer.seal()

    assert (await check(principal.tenant_id)).broken is None
    await rows("UPDATE audit_seals SET checkpoint = 10000000000000 WHERE format = 1")
    assert str((await check(principal.tenant_id)).broken).startswith("seal 1: its signature is not ours")
    await rows("UPDATE audit_seals SET checkpoint = NULL WHERE format = 1")
    assert await rows("SELECT format, entries FROM audit_seals ORDER BY sequence") == [(1, 3), (FORMAT, 1)]
    await rows("UPDATE audit_log SET detail = '{}' WHERE id = (SELECT max(id) - 1 FROM audit_log)")
    assert (await check(principal.tenant_id)).broken == "seal 1: an entry that it covers was changed"


SLIP_IN = (
    "INSERT INTO audit_log (tenant_id, actor, action, resource) SELECT %s, 'key', 'predicted', generate_series(1, %s)"
)


@pytest.mark.parametrize("at_once", [3, 5_000])
async def test_however_far_the_sealer_is_behind_all_is_covered(
    covered, audit, rows, checkpointer, monkeypatch, at_once
):
    monkeypatch.setattr(heads, "_ENTRIES_AT_ONCE", at_once)
    await rows(SLIP_IN, covered, at_once * 2 + 1)
    await checkpointer.checkpoint()
    assert (await audit()).holds
    await rows("UPDATE audit_log SET actor = 'nobody' WHERE id = (SELECT max(id) FROM audit_log)")
    assert (await audit()).fault(covered)


async def test_what_came_after_a_snapshot_is_not_read_for_it(platform, covered, rows):
    """A tail is read for each checkpoint; the log behind it may be long."""
    async with platform.database.transaction(covered) as connection:
        snapshot = await repository.current_snapshot(connection)
        last = await repository.last_seal(connection)
    await rows(SLIP_IN, covered, 3_000)
    await rows("ANALYZE audit_log")
    async with platform.database.transaction(covered) as connection:
        await connection.exec_driver_sql("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        explain = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {repository._UNSEALED_THEN.text}")
        plan = (await connection.execute(explain, {"start": last.upto_xid, "snapshot": snapshot})).scalar_one()
    assert '"Node Type": "Index Scan"' in json.dumps(plan)
    assert '"Rows Removed by Filter": 0,' in json.dumps(plan)


UNREADABLE = [
    "UPDATE audit_log SET at = 'infinity' WHERE tenant_id = '{t}'",
    "UPDATE audit_seals SET sealed_at = '-infinity' WHERE tenant_id = '{t}' AND sequence = 2",
    "UPDATE audit_seals SET upto_xid = '18446744073709551615' WHERE tenant_id = '{t}' AND sequence = 2",
    "UPDATE audit_log SET at = 'infinity' WHERE id = (SELECT max(id) FROM audit_log WHERE tenant_id = '{t}')",
    """UPDATE audit_log SET detail = (repeat('[', 5000) || repeat(']', 5000))::jsonb WHERE tenant_id = '{t}'""",
    "UPDATE audit_log SET detail = repeat('1', 5000)::jsonb WHERE tenant_id = '{t}'",
    "ALTER TABLE audit_log ALTER at DROP NOT NULL; UPDATE audit_log SET at = NULL WHERE tenant_id = '{t}'",
    "ALTER TABLE audit_seals ALTER digest DROP NOT NULL; UPDATE audit_seals SET digest = NULL WHERE tenant_id = '{t}'",
]


@pytest.mark.parametrize("change", UNREADABLE)
async def test_values_that_nobody_could_have_written_are_found(
    covered, stranger, audit, rows, write, checkpointer, change
):
    await write(covered)
    await checkpointer.checkpoint()
    await rows(change.format(t=covered))
    report = await audit()
    assert "cannot be read" in report.fault(covered)
    assert report.fault(stranger.tenant_id) is None


async def test_a_chain_that_cannot_be_read_leaves_the_others_covered(
    covered, stranger, audit, rows, write, sealer, checkpointer
):
    await write(covered)
    await rows("UPDATE audit_log SET at = 'infinity' WHERE id = (SELECT max(id) FROM audit_log)")
    await write(stranger.tenant_id)
    line = await checkpointer.checkpoint()
    assert (list(line.body["heads"]), line.body["lacks"]) == ([str(stranger.tenant_id)], [str(covered)])
    await rows("UPDATE audit_log SET at = now() WHERE at = 'infinity'")
    line = await checkpointer.checkpoint()
    assert str(covered) in line.body["heads"]
    assert "lacks" not in line.body
    assert (await audit()).holds


async def test_no_checkpoint_is_written_of_a_database_that_is_away(
    covered, stranger, checkpointer, monkeypatch, stream
):
    async def away(*_, **__):
        raise Unavailable("The database does not answer.")

    before = stream().read_bytes()
    monkeypatch.setattr(module, "read_head", away)
    with pytest.raises(Unavailable):
        await checkpointer.checkpoint()
    assert stream().read_bytes() == before


async def test_a_chain_that_has_as_many_seals_as_before_and_others_is_written_down(
    covered, rows, write, sealer, checkpointer
):
    """As on a standby that took over and had lacked the last one."""
    await checkpointer.checkpoint()
    await rows(f"{CUT_ENTRIES}; DELETE FROM audit_seals WHERE sequence = 3")
    await write(covered, 2)
    await sealer.seal()
    assert (await checkpointer.checkpoint()).body["heads"][str(covered)][0] == 3
