"""A restored backup is cleared of whom was erased since, before anybody is let in."""

import re

import pytest

from slipway.erasure.backups import BackupSchedule
from slipway.erasure.replay import Comparison
from slipway.erasure.schemas import Tombstone
from slipway.errors import Unavailable
from slipway.evidence import BrokenEvidenceError

PEOPLE = ("tenants", "subjects", "subject_keys", "jobs", "job_items", "tombstones", "subject_requests")


@pytest.fixture
async def backup(rows):
    """Functions: copy what lies in the tables, and put it back as a restore does."""
    saved = {}

    async def save() -> None:
        for table in PEOPLE:
            await rows(f"CREATE TABLE IF NOT EXISTS saved_{table} AS SELECT * FROM {table}")

    async def restore() -> None:
        for table in reversed(PEOPLE):
            if table != "tenants":
                await rows(f"DELETE FROM {table}")
        for table in PEOPLE:
            if table != "tenants":
                await rows(f"INSERT INTO {table} SELECT * FROM saved_{table}")

    saved.update(save=save, restore=restore)
    return saved


async def test_whom_a_backup_brings_back_is_erased_again(registry, backup, rows):
    job_id = await registry.take_in("ada", "bob", "ada")
    await registry.work()
    ada, bob = await registry.id_of("ada"), await registry.id_of("bob")
    await backup["save"]()
    await registry.erase("ada")
    await backup["restore"]()
    assert await registry.count("job_items", ada) == 2

    gate = registry.gate()
    await gate.look()
    assert re.search(r"has 1 people who were erased.*slipway privacy replay", gate.trouble)
    assert await registry.replay().run() == 1
    await gate.wait()

    assert gate.trouble is None
    assert [await registry.count(store, ada) for store in ("job_items", "subject_keys", "subjects")] == [0, 0, 0]
    assert await registry.count("job_items", bob) == 1
    job = await registry.job(job_id)
    assert (job.total, job.succeeded, job.state) == (1, 1, "completed")
    assert await registry.replay().run() == 0
    assert await rows("SELECT detail->>'line' FROM audit_log WHERE action = 'subject.erased_again'") == [("1",)]


async def test_other_backups_die_of_whom_a_backup_has_brought_back(registry, backup, platform, rows):
    """The rotation that the erasure had asked for was lost with the database: the replay asks for it anew."""
    await registry.take_in("ada", "bob")
    await backup["save"]()
    await registry.erase("ada")
    await backup["restore"]()
    schedule = BackupSchedule(platform.database, platform.rotation, platform.signer, platform.settings)
    await schedule.run()
    versions = "SELECT version, retired_at IS NULL FROM tenant_keys WHERE tenant_id = %s ORDER BY version"
    assert await rows(versions, registry.principal.tenant_id) == [(1, True)]

    assert await registry.replay().run() == 1
    await schedule.run()
    assert await rows(versions, registry.principal.tenant_id) == [(1, False), (2, True)]
    assert await registry.id_of("bob")


@pytest.fixture
def begin_erasure(registry, monkeypatch):
    """A function that asks for the erasure of somebody and has its worker killed in the middle; returns the request."""

    async def killed(*_):
        raise KeyboardInterrupt

    async def begin(name):
        request = await registry.ask(name)
        with monkeypatch.context() as patch:
            patch.setattr("slipway.erasure.service.Eraser.empty", killed)
            with pytest.raises(KeyboardInterrupt):
                await registry.executor().run()
        return request

    return begin


async def test_a_backup_from_the_middle_of_an_erasure_goes_on_with_it(registry, backup, begin_erasure):
    await registry.take_in("ada")
    ada = await registry.id_of("ada")
    request = await begin_erasure("ada")
    await backup["save"]()
    await registry.free()
    await registry.executor().run()
    assert await registry.count("subjects", ada) == 0

    await backup["restore"]()
    await registry.free()
    await registry.executor().run()
    assert await registry.count("subjects", ada) == 0
    assert (await registry.track(request)).state == "done"
    assert await Comparison(registry.database, registry.ledger()).missing() == []


async def test_nobody_is_let_in_before_an_erasure_of_the_backup_s_time_is_done(registry, backup, begin_erasure):
    """Its tombstone is in the backup, and so is the person. Nobody's lease lives any more."""
    await registry.take_in("ada")
    ada = await registry.id_of("ada")
    request = await begin_erasure("ada")
    await backup["save"]()
    await registry.free()
    await registry.executor().run()
    await backup["restore"]()
    await registry.free()
    gate = registry.gate()
    await gate.look()
    assert "has 1 people who were erased" in gate.trouble

    assert await registry.replay().run() == 1
    await gate.look()
    assert gate.trouble is None
    assert [await registry.count(store, ada) for store in ("job_items", "subject_keys", "subjects")] == [0, 0, 0]
    await registry.executor().run()
    done = await registry.track(request)
    assert done.state == "done"
    assert {"store": "job_items", "done": "deleted, and its key destroyed", "rows": 1} in done.receipt.body["stores"]


async def test_an_erasure_that_a_worker_is_at_keeps_nobody_waiting(registry, begin_erasure):
    await registry.take_in("ada", "bob")
    await begin_erasure("ada")
    gate = registry.gate()
    await gate.look()
    assert gate.trouble is None
    assert await registry.replay().run() == 0


async def test_the_gate_is_open_where_nobody_was_ever_erased(registry):
    gate = registry.gate()
    await gate.look()
    assert gate.trouble is None


async def test_the_gate_stays_closed_while_the_database_is_away(registry, monkeypatch):
    await registry.take_in("ada")
    await registry.erase("ada")

    async def away(*_):
        raise Unavailable("PostgreSQL does not answer.")

    gate = registry.gate()
    with monkeypatch.context() as patch:
        patch.setattr("slipway.erasure.repository.ledger_end", away)
        await gate.look()
        assert gate.trouble == "PostgreSQL does not answer."
    await gate.look()
    assert gate.trouble is None


async def test_people_of_tenants_that_are_not_there_keep_nobody_waiting(registry, rows):
    await registry.take_in("ada")
    await registry.erase("ada")
    await rows("DELETE FROM audit_log")
    await rows("DELETE FROM tenants")
    gate = registry.gate()
    await gate.look()
    assert gate.trouble is None
    assert await registry.replay().run() == 0


async def test_a_ledger_that_was_tampered_with_erases_nobody(registry, backup, platform):
    await registry.take_in("ada", "bob")
    await backup["save"]()
    ada, bob = await registry.id_of("ada"), await registry.id_of("bob")
    await registry.erase("ada")
    await backup["restore"]()
    path = next(platform.settings.evidence_dir.glob("tombstones/*.jsonl"))
    path.write_text(path.read_text().replace(str(ada), str(bob)))

    with pytest.raises(BrokenEvidenceError):
        await registry.replay().run()
    gate = registry.gate()
    await gate.look()
    assert gate.trouble is not None
    assert await registry.count("subjects", bob) == 1


async def test_a_line_that_is_made_another_kind_lets_nobody_in(registry, backup, platform):
    """Then the ledger names nobody who is missing, but it does not hold."""
    await registry.take_in("ada")
    await backup["save"]()
    await registry.erase("ada")
    await backup["restore"]()
    path = next(platform.settings.evidence_dir.glob("tombstones/*.jsonl"))
    path.write_text(path.read_text().replace('"kind":"tombstone"', '"kind":"something"'))
    platform.evidence._seen.clear()

    gate = registry.gate()
    await gate.look()
    assert re.search(r"cannot be relied on: line 1: it was changed.*\. docs/erasure\.md", gate.trouble)
    with pytest.raises(BrokenEvidenceError):
        await registry.replay().run()


async def test_a_ledger_that_ends_before_the_database_lets_nobody_in_until_it_is_written_anew(registry, platform):
    await registry.take_in("ada", "bob")
    await registry.erase("ada")
    path = next(platform.settings.evidence_dir.glob("tombstones/*.jsonl"))
    older = path.read_bytes()
    await registry.erase("bob")
    path.write_bytes(older)
    platform.evidence._seen.clear()

    gate = registry.gate()
    await gate.look()
    assert re.search(r"line 2: it is missing.*the database knows lines up to 2.*slipway privacy replay", gate.trouble)
    assert await registry.replay().run() == 0
    await gate.look()
    assert gate.trouble is None
    assert [entry.number for entry in await registry.ledger().verified()] == [1, 2]


async def test_a_replay_that_is_killed_begins_again(registry, backup, monkeypatch):
    await registry.take_in("ada", "bob")
    await backup["save"]()
    await registry.erase("ada")
    await registry.erase("bob")
    await backup["restore"]()

    async def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("slipway.erasure.repository.lay_tombstone", killed)
        with pytest.raises(KeyboardInterrupt):
            await registry.replay().run()
    gate = registry.gate()
    await gate.look()
    assert "has 2 people" in gate.trouble
    assert await registry.replay().run() == 2


async def test_what_was_compared_once_is_not_read_again_until_others_may_be_missing(registry, backup, monkeypatch):
    """A line that is there twice, as after a kill, makes the short way round impossible."""
    await registry.take_in("ada", "bob")
    await backup["save"]()
    await registry.erase("ada")
    entry = (await registry.ledger().verified())[0]
    await registry.ledger().append(Tombstone(entry.person, entry.begun_at, None))
    comparison = Comparison(registry.database, registry.ledger())
    assert await comparison.missing() == []

    with monkeypatch.context() as patch:
        patch.setattr("slipway.erasure.ledger.Ledger.verified", None)
        assert await comparison.missing() == []
        bob = (await registry.erase("bob")).subject_id
        assert await comparison.missing() == []
    await backup["restore"]()
    assert {found.person.id for found in await comparison.missing()} == {entry.person.id, bob}
    assert await registry.replay().run() == 2
