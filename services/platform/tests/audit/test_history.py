"""Whose signatures count: a change of the key ends what the old one may sign."""

import asyncio
import threading
from uuid import uuid4

import pytest

from slipway.audit import repository
from slipway.audit import sealer as module
from slipway.audit.checkpointer import Checkpointer
from slipway.audit.declarations import Declarations
from slipway.audit.sealer import Sealer
from slipway.evidence import Evidence
from slipway.keys.signer import AuditSigner, new_signing_key


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


@pytest.fixture
def successor(platform, covered):
    """The key that has taken over."""
    heir = AuditSigner.parse(new_signing_key())
    platform.evidence.hand_over("checkpoints", heir)
    return heir


@pytest.fixture
def heirs(platform, successor):
    """The evidence as a worker with the new key has it."""
    return Evidence(platform.settings.evidence_dir, successor)


async def test_a_worker_that_still_has_the_retired_key_seals_nothing(
    platform, covered, successor, heirs, audit, write, sealer
):
    await write(covered, 2)
    assert ((await sealer.seal()).seals, (await sealer.seal()).failed) == (0, 1)
    assert (await Sealer(platform.database, successor, heirs).seal()).seals == 1
    await Checkpointer(platform.database, heirs, 0.0).checkpoint()
    assert (await audit(successor)).holds


async def test_what_a_thief_signs_with_the_retired_key_does_not_hold(
    platform, covered, stranger, successor, heirs, audit, write, rows
):
    """Whatever time and whatever checkpoint he names."""
    await Sealer(platform.database, successor, heirs).seal()
    await Checkpointer(platform.database, heirs, 0.0).checkpoint()
    await write(covered, 2)
    assert (await Sealer(platform.database, platform.signer).seal()).seals == 1
    report = await audit(successor)
    assert "after that had been retired" in report.fault(covered)
    assert report.fault(stranger.tenant_id) is None


async def test_of_a_tenant_who_came_later_the_retired_key_has_sealed_nothing(
    platform, covered, successor, heirs, audit, rows, write
):
    await Checkpointer(platform.database, heirs, 0.0).checkpoint()
    new = uuid4()
    await rows("INSERT INTO tenants (id, name) VALUES (%s, 'later')", new)
    await write(new)
    await Sealer(platform.database, platform.signer).seal()
    assert "after that had been retired" in (await audit(successor)).fault(new)


async def test_what_a_worker_has_begun_to_seal_with_the_old_key_still_counts(platform, covered, successor, heirs):
    """The successor's first look at a chain waits for it."""
    first = Checkpointer(platform.database, heirs, 0.0)
    async with platform.database.transaction(covered) as sealing:
        await repository.hold_chain(sealing, covered)
        looking = asyncio.create_task(first.checkpoint())
        await asyncio.sleep(0.3)
        assert not looking.done()
    assert str(covered) in (await looking).body["heads"]
    async with platform.database.transaction(covered) as sealing:
        await repository.hold_chain(sealing, covered)
        await asyncio.wait_for(first.checkpoint(), 30)


async def test_a_key_that_was_given_back_seals_again(
    platform, covered, successor, heirs, audit, write, sealer, checkpointer
):
    await Checkpointer(platform.database, heirs, 0.0).checkpoint()
    heirs.hand_over("checkpoints", platform.signer)
    await write(covered)
    assert (await sealer.seal()).seals == 1
    await checkpointer.checkpoint()
    assert (await audit()).holds


async def test_storage_that_hangs_holds_up_no_seal(platform, covered, write, monkeypatch):
    hanging, looks = threading.Event(), []

    def hang(_):
        looks.append(1)
        assert hanging.wait(30)
        return True

    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.1)
    monkeypatch.setattr(platform.evidence, "in_care", hang)
    sealer = Sealer(platform.database, platform.signer, platform.evidence)
    for _ in range(3):
        await write(covered)
        assert (await sealer.seal()).seals == 1
    assert looks == [1], "one thread at most waits for it"
    hanging.set()


async def test_what_another_server_sealed_before_the_change_of_the_key_may_come_back(
    platform, covered, rows, lose, work, write, audit
):
    """It had gone on further than the one that had taken over, under which the key was changed."""
    await work(covered, 2)
    await rows("CREATE TABLE kept_log AS TABLE audit_log; CREATE TABLE kept_seals AS TABLE audit_seals")
    await lose(covered, 4)
    await Declarations(platform.database, platform.evidence).restored("there")
    heir = AuditSigner.parse(new_signing_key())
    platform.evidence.hand_over("checkpoints", heir)
    evidence = Evidence(platform.settings.evidence_dir, heir)
    await Checkpointer(platform.database, evidence, 0.0).checkpoint()
    await write(covered)
    await Sealer(platform.database, heir, evidence).seal()
    await Checkpointer(platform.database, evidence, 0.0).checkpoint()
    assert (await audit(heir)).holds

    await rows("TRUNCATE audit_log, audit_seals")
    await rows("INSERT INTO audit_log TABLE kept_log; INSERT INTO audit_seals TABLE kept_seals")
    await Declarations(platform.database, evidence).restored("and back")
    report = await audit(heir)
    assert report.holds, report
    await write(covered)
    await Sealer(platform.database, platform.signer).seal()
    assert "after that had been retired" in (await audit(heir)).fault(covered)
