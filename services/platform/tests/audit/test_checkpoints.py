"""What only a copy apart from the database can show: that something is not there any more."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from slipway.audit import checkpointer as module
from slipway.audit.chain import FORMAT, digest, statement
from slipway.audit.checkpointer import Checkpointer
from slipway.audit.declarations import DeclarationError, Declarations
from slipway.audit.repository import Seal, entries_between, seals_after
from slipway.audit.schemas import Action
from slipway.audit.sealer import Sealer
from slipway.audit.service import record
from slipway.clock import use_clock
from slipway.evidence import BrokenEvidenceError, Evidence
from slipway.keys.signer import AuditSigner, new_signing_key


@pytest.fixture
async def covered(chain, checkpointer):
    """A tenant whose log has three seals over seven entries, all of them known to a checkpoint."""
    await checkpointer.checkpoint()
    return chain


@pytest.fixture
def stream(platform):
    """The file of the checkpoints."""
    return lambda: next((platform.settings.evidence_dir / "checkpoints").glob("*.jsonl"))


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


async def test_after_a_restore_that_was_told_the_log_goes_on(
    covered, audit, rows, write, sealer, checkpointer, declarations
):
    await rows("CREATE TABLE kept_log AS TABLE audit_log; CREATE TABLE kept_seals AS TABLE audit_seals")
    await write(covered, 4)
    await sealer.seal()
    await checkpointer.checkpoint()
    await rows("TRUNCATE audit_log, audit_seals")
    await rows("INSERT INTO audit_log TABLE kept_log; INSERT INTO audit_seals TABLE kept_seals")
    assert not (await audit()).holds

    await declarations.restored("ticket 12")
    report = await audit()
    assert report.holds
    assert [event.why for event in report.checkpoints.events] == ["ticket 12"]
    await write(covered, 2)
    await sealer.seal()
    await checkpointer.checkpoint()
    assert (await audit()).holds

    await rows("UPDATE audit_log SET actor = 'nobody' WHERE id = (SELECT min(id) FROM audit_log)")
    assert not (await audit()).holds, "what was there before is still protected"


async def test_a_restore_that_somebody_wrote_or_changed_is_found(covered, audit, checkpointer, declarations, stream):
    await declarations.restored("ticket 14")
    await checkpointer.checkpoint()
    whole = stream().read_text()
    first, second, third = whole.splitlines(keepends=True)
    for change in (
        ("ticket 14", "ticket 15"),
        ('"reason"', '"reasom"'),
        ('"snapshot"', '"snapshou"'),
        ('":[3,', '":[[],'),
    ):
        assert change[0] in second
        stream().write_text(first + second.replace(*change) + third)
        assert "line 2" in ((await audit()).checkpoints.broken or ""), change
    stream().write_text(whole)
    assert (await audit()).holds


async def test_a_restore_does_not_forgive_what_it_did_not_lose(covered, audit, rows, declarations):
    await declarations.restored("ticket 13")
    await rows(f"{CUT_ENTRIES}; DELETE FROM audit_seals WHERE sequence = 3")
    assert not (await audit()).holds


async def test_a_database_with_all_its_seals_and_without_checkpoints_goes_on_after_a_restore(
    platform, covered, audit, write, sealer, stream
):
    """As on a new machine, to which the evidence was not brought."""
    await write(covered)
    await sealer.seal()
    stream().unlink()
    assert not (await audit()).holds
    evidence = Evidence(platform.settings.evidence_dir, platform.signer)
    await Declarations(platform.database, evidence).restored("moved")
    assert (await audit()).holds


async def test_after_a_change_of_the_key_the_old_seals_hold_and_new_ones_are_the_successors(
    platform, covered, audit, rows, write
):
    successor = AuditSigner.parse(new_signing_key())
    platform.evidence.hand_over("checkpoints", successor)
    evidence = Evidence(platform.settings.evidence_dir, successor)
    await write(covered, 2)
    await Sealer(platform.database, successor, evidence).seal()
    await Checkpointer(platform.database, evidence, 0.0).checkpoint()

    report = await audit(successor)
    assert report.holds, report
    assert report.verdicts[covered].seals == 4
    assert len(await rows("SELECT DISTINCT key_id FROM audit_seals")) == 2
    assert not (await audit(AuditSigner.parse(new_signing_key()))).holds


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
    assert await rows("SELECT format, entries FROM audit_seals ORDER BY sequence") == [(1, 3), (FORMAT, 1)]
    await rows("UPDATE audit_log SET detail = '{}' WHERE id = (SELECT max(id) - 1 FROM audit_log)")
    assert (await check(principal.tenant_id)).broken == "seal 1: an entry that it covers was changed"


async def test_checkpoints_hold_while_the_log_is_written_sealed_and_checked(
    platform, principal, stranger, write, audit
):
    writing = True

    async def keep(work):
        while writing:
            await work()

    async def one_process():
        evidence = Evidence(platform.settings.evidence_dir, platform.signer)
        sealer = Sealer(platform.database, platform.signer, evidence)
        checkpointer = Checkpointer(platform.database, evidence, 0.0)
        await asyncio.gather(keep(sealer.seal), keep(checkpointer.checkpoint))

    processes = [asyncio.create_task(one_process()) for _ in range(2)]
    for number in range(30):
        await write((principal, stranger)[number % 2].tenant_id, 3)
    assert (await audit()).holds
    writing = False
    await asyncio.gather(*processes)
    report = await audit()
    assert report.holds, report
    assert report.checkpoints.lines > 5
