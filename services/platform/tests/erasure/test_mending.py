"""A ledger that was lost is written anew from the database, so that a later restore brings nobody back."""

import shutil

from slipway.erasure.gate import TombstoneGate
from slipway.erasure.ledger import Ledger
from slipway.erasure.mending import mend
from slipway.evidence import Evidence


def as_another_process(platform):
    """Return the ledger as a process sees it that has read none of it yet."""
    return Ledger(Evidence(platform.settings.evidence_dir, platform.signer))


async def test_a_ledger_that_vanished_is_written_anew(registry, platform, monkeypatch):
    monkeypatch.setattr("slipway.erasure.mending._AT_ONCE", 2)
    names = [f"person {number}" for number in range(5)]
    await registry.take_in(*names, "bob")
    erased = {(await registry.erase(name)).subject_id for name in names}
    shutil.rmtree(platform.settings.evidence_dir / "tombstones")

    ledger = as_another_process(platform)
    assert await mend(registry.database, ledger) == 5
    assert {entry.person.id for entry in await ledger.verified()} == erased
    assert await mend(registry.database, ledger) == 0
    gate = TombstoneGate(registry.database, ledger)
    await gate.look()
    assert gate.trouble is None


async def test_a_ledger_that_was_set_back_gets_its_end_again(registry, platform):
    await registry.take_in("ada", "bob", "carl")
    await registry.erase("ada")
    path = next(platform.settings.evidence_dir.glob("tombstones/*.jsonl"))
    older = path.read_bytes()
    await registry.erase("bob")
    path.write_bytes(older)

    ledger = as_another_process(platform)
    assert await mend(registry.database, ledger) == 1
    assert [entry.number for entry in await ledger.verified()] == [1, 2]


async def test_whoever_is_erased_next_comes_after_what_was_lost(registry, platform):
    await registry.take_in("ada", "bob", "carl")
    await registry.erase("ada")
    await registry.erase("bob")
    shutil.rmtree(platform.settings.evidence_dir / "tombstones")
    platform.evidence._seen.clear()
    await registry.erase("carl")
    assert len(await registry.ledger().verified()) == 3
