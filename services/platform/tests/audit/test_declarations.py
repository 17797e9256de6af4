"""What somebody declares of the log: restores, tenants that are gone, checkpoints that were moved away."""

import pytest

from slipway import clock
from slipway.audit import checkpointer as lines
from slipway.audit.declarations import DeclarationError, Declarations
from slipway.evidence import BrokenEvidenceError, Evidence, EvidenceError, segments
from slipway.keys.signer import AuditSigner, new_signing_key

CUT_ENTRIES = "DELETE FROM audit_log WHERE xid >= (SELECT upto_xid FROM audit_seals WHERE sequence = 2)"


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


async def test_a_restore_can_be_declared_after_workers_have_gone_on(covered, audit, rows, lose, work, declarations):
    """As after a failover: nobody stops the workers until somebody declares it."""
    await work(covered, 2)
    await lose(covered, 4)
    await work(covered, 3)
    assert "seal 5 was another one" in (await audit()).fault(covered)

    await declarations.restored("standby took over")
    report = await audit()
    assert report.holds, report
    (event,) = report.checkpoints.events
    assert "without what checkpoints say of the log since 20" in event.what
    await work(covered, 2)
    assert (await audit()).holds

    await rows("UPDATE audit_log SET actor = 'nobody' WHERE id = (SELECT min(id) FROM audit_log)")
    assert "seal 1" in (await audit()).fault(covered)


@pytest.mark.parametrize("seals", [2, 4, 6])
async def test_what_was_there_when_a_restore_was_declared_is_protected_whoever_had_sealed_it(
    covered, audit, lose, work, declarations, seals
):
    await work(covered, 2)
    await lose(covered, 4)
    await work(covered, 3)
    await declarations.restored("standby took over")
    await lose(covered, seals)
    assert "is missing" in (await audit()).fault(covered)


async def test_a_lost_tail_is_declared_too(
    platform, covered, audit, rows, write, sealer, work, checkpointer, declarations
):
    await write(covered, 3)
    await checkpointer.checkpoint()
    await rows("DELETE FROM audit_log WHERE id = (SELECT max(id) FROM audit_log)")
    await work(covered)
    assert "entries followed on seal 3" in (await audit()).fault(covered)
    await declarations.restored("standby took over")
    assert (await audit()).holds


async def test_there_and_back_again(covered, audit, rows, lose, work, declarations):
    """The standby takes over; then the first server comes back, with what the standby had lacked."""
    await work(covered, 2)
    await rows("CREATE TABLE kept_log AS TABLE audit_log; CREATE TABLE kept_seals AS TABLE audit_seals")
    await lose(covered, 4)
    await declarations.restored("there")
    await work(covered, 3)
    assert (await audit()).holds
    await rows("TRUNCATE audit_log, audit_seals")
    await rows("INSERT INTO audit_log TABLE kept_log; INSERT INTO audit_seals TABLE kept_seals")
    await work(covered)
    assert not (await audit()).holds
    await declarations.restored("and back")
    report = await audit()
    assert report.holds, report
    assert [event.why for event in report.checkpoints.events] == ["there", "and back"]
    await work(covered)
    assert (await audit()).holds
    await lose(covered, 6)
    assert not (await audit()).holds


async def test_two_restores_with_nothing_in_between_are_two(covered, stranger, audit, work, declarations, monkeypatch):
    monkeypatch.setattr(lines, "HEADS_A_LINE", 1)
    await declarations.restored("one")
    await declarations.restored("two")
    await work(covered)
    report = await audit()
    assert report.holds
    assert [event.why for event in report.checkpoints.events] == ["one", "two"]


async def test_half_a_restore_forgives_nobody(platform, covered, stranger, audit, rows, work, monkeypatch):
    """A process that was killed while it wrote has not named all tenants; the others are still expected."""
    monkeypatch.setattr(lines, "HEADS_A_LINE", 1)
    await work(stranger.tenant_id)
    await rows("DELETE FROM audit_seals; DELETE FROM audit_log")
    evidence = Evidence(platform.settings.evidence_dir, platform.signer)
    append, written = evidence.append, []

    def once(*arguments):
        if written:
            raise EvidenceError("killed")
        written.append(append(*arguments))
        return written[0]

    monkeypatch.setattr(evidence, "append", once)
    with pytest.raises(EvidenceError, match="killed"):
        await Declarations(platform.database, evidence).restored("one")
    report = await audit()
    assert report.fault(covered)
    assert report.fault(stranger.tenant_id)


async def test_what_cannot_be_read_is_not_declared_away(covered, audit, rows, declarations):
    await rows("UPDATE audit_seals SET upto_xid = '18446744073709551615' WHERE sequence = 3")
    with pytest.raises(DeclarationError, match="cannot be read"):
        await declarations.restored("nothing to see here")
    assert not (await audit()).holds


async def test_nothing_is_declared_on_checkpoints_that_do_not_hold(covered, rows, work, declarations, stream):
    await work(covered, 2)
    await _remove(rows, covered)
    lines_ = stream().read_bytes().splitlines(keepends=True)
    stream().write_bytes(b"".join([lines_[0], *lines_[2:]]))
    before = stream().read_bytes()
    with pytest.raises(DeclarationError, match="do not hold"):
        await declarations.removed(covered, "contract ended")
    with pytest.raises(BrokenEvidenceError):
        await declarations.restored("ticket 3")
    assert stream().read_bytes() == before


async def _remove(rows, tenant):
    for table in ("audit_log", "audit_seals", "tenant_keys"):
        await rows(f"DELETE FROM {table} WHERE tenant_id = %s", tenant)
    await rows("DELETE FROM tenants WHERE id = %s", tenant)


async def test_a_tenant_that_was_removed_is_not_missed_and_stays_on_record(
    covered, stranger, audit, rows, work, declarations
):
    await work(stranger.tenant_id)
    await _remove(rows, stranger.tenant_id)
    assert (await audit()).fault(stranger.tenant_id)
    await declarations.removed(stranger.tenant_id, "contract ended")
    report = await audit()
    assert report.holds, report
    assert [event.why for event in report.checkpoints.events] == ["contract ended"]
    await work(covered)
    assert (await audit()).holds
    await _remove(rows, covered)
    assert not (await audit()).holds, "the others are missed as ever"


async def test_only_a_tenant_that_is_missed_can_be_declared_removed(covered, audit, rows, declarations):
    with pytest.raises(DeclarationError, match="is in the database"):
        await declarations.removed(covered, "why not")
    await _remove(rows, covered)
    await declarations.removed(covered, "contract ended")
    with pytest.raises(DeclarationError, match="nothing to declare"):
        await declarations.removed(covered, "again")


async def test_a_tenant_who_came_back_is_expected_again(covered, audit, rows, work, declarations):
    (name,) = (await rows("SELECT name FROM tenants"))[0]
    await _remove(rows, covered)
    await declarations.removed(covered, "contract ended")
    await rows("INSERT INTO tenants (id, name) VALUES (%s, %s)", covered, name)
    await work(covered, 2)
    assert (await audit()).holds
    await _remove(rows, covered)
    assert (await audit()).fault(covered)


@pytest.fixture
def files(platform, monkeypatch):
    """A function that returns the files of the checkpoints and what is in them; files are small."""
    monkeypatch.setattr(segments, "_SEGMENT_BYTES", 1_500)
    folder = platform.settings.evidence_dir / "checkpoints"
    return lambda: {path: path.read_bytes() for path in sorted(folder.glob("*.jsonl"))}


async def test_old_checkpoints_may_be_moved_away_and_the_log_is_still_protected(
    covered, stranger, audit, lose, work, declarations, files, tmp_path
):
    await declarations.restored("ticket 9")
    await work(covered, 12)
    before = files()
    moved = await declarations.archive(clock.now(), tmp_path / "away")
    assert moved > 2
    assert len(list((tmp_path / "away" / "checkpoints").iterdir())) == moved
    report = await audit()
    assert report.holds, report
    assert [event.why for event in report.checkpoints.events] == ["ticket 9"]
    await work(covered, 3)
    assert (await audit()).holds
    await work(covered, 12)
    assert await declarations.archive(clock.now(), tmp_path / "away") > 2, "again, with the line that let the first go"
    report = await audit()
    assert report.holds
    assert [event.why for event in report.checkpoints.events] == ["ticket 9"]

    now = files()
    for path in now:
        path.unlink()
    for path, content in before.items():
        path.write_bytes(content)
    assert "a seal names it" in (await audit()).checkpoints.broken, "set back to what was there before"
    for path in before:
        path.unlink()
    for path, content in now.items():
        path.write_bytes(content)
    assert (await audit()).holds
    await lose(covered, 2)
    assert not (await audit()).holds


async def test_what_the_database_contradicts_is_not_moved_out_of_sight(
    covered, audit, lose, work, declarations, files, tmp_path
):
    await work(covered, 12)
    await lose(covered, 5)
    before = files()
    with pytest.raises(DeclarationError, match="does not hold"):
        await declarations.archive(clock.now(), tmp_path / "away")
    assert files() == before


async def test_nothing_is_moved_and_nothing_written_where_nothing_is_old(covered, declarations, files, tmp_path):
    before = files()
    assert await declarations.archive(clock.now(), tmp_path / "away") == 0
    assert files() == before


async def test_seals_of_a_key_that_was_retired_in_lines_that_are_away_hold(
    platform, covered, audit, work, write, files, tmp_path
):
    await work(covered, 6)
    successor = AuditSigner.parse(new_signing_key())
    platform.evidence.hand_over("checkpoints", successor)
    evidence = Evidence(platform.settings.evidence_dir, successor)
    worker = lines.Checkpointer(platform.database, evidence, 0.0)
    for _ in range(12):
        await worker.checkpoint()
    assert await Declarations(platform.database, evidence).archive(clock.now(), tmp_path / "away") > 2
    assert b"accepted" not in b"".join(files().values())
    report = await audit(successor)
    assert report.holds, report
    assert report.verdicts[covered].seals == 9
