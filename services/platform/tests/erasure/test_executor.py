"""An erasure takes a person out of every store, keeps the rest right, and is not stopped by a kill or a race."""

import asyncio
import base64
import re
from contextlib import suppress
from datetime import timedelta

import pytest

from slipway.clock import now, use_clock
from slipway.erasure import tracking
from slipway.erasure.receipts import holds
from slipway.erasure.service import Eraser
from slipway.errors import Conflict, InvalidInput, NotFound
from slipway.jobs import leasing
from slipway.jobs.consumer import Consumer
from slipway.jobs.schemas import Answer, ItemState
from slipway.subjects.holds import Hold, hold, release
from slipway.subjects.schemas import Receipt

STORES = ("job_items", "subject_keys", "subjects")


def held_of(receipt, store):
    return next(each for each in receipt.body["stores"] if each["store"] == store)


async def test_a_person_is_gone_from_every_store_and_the_receipt_says_so(registry, platform, rows):
    done = await registry.take_in("ada", "bob", "ada", None)
    await registry.work()
    waiting = await registry.take_in("ada", "bob")
    ada, bob = await registry.id_of("ada"), await registry.id_of("bob")

    asked = await registry.ask("ada")
    assert (asked.kind, asked.state, asked.subject_id) == ("erasure", "received", ada)
    assert timedelta(0) < asked.deadline - asked.created_at < timedelta(minutes=5, seconds=30)
    await registry.executor().run()
    request = await registry.track(asked)

    assert request.state == "done"
    assert request.finished_at is not None
    for store in STORES:
        assert await registry.count(store, ada) == 0
        assert await registry.count(store, bob) > 0
    with pytest.raises(NotFound):
        await registry.id_of("ada")
    rest = await registry.job(done)
    assert (rest.total, rest.succeeded, rest.dead, rest.state) == (2, 2, 0, "completed")
    queued = await registry.job(waiting)
    assert (queued.total, queued.succeeded, queued.state) == (1, 0, "queued")
    await registry.work()
    assert (await registry.job(waiting)).state == "completed"

    shown = request.receipt
    assert held_of(shown, "job_items")["rows"] == 3
    assert held_of(shown, "subject_keys") == {
        "store": "subject_keys",
        "done": "deleted, and its key destroyed",
        "rows": 1,
    }
    assert held_of(shown, "subjects")["rows"] == 1
    assert held_of(shown, "Redis")["done"] == "nothing"
    assert held_of(shown, "idempotency_keys")["done"] == "kept"
    assert shown.body["backups"]["tenant_key_version"] == 1
    receipt = Receipt(shown.body, base64.b64decode(shown.signature), shown.key_id)
    assert holds(receipt, platform.signer.public_key)
    forged = Receipt({**receipt.body, "erased_at": now().isoformat()}, receipt.signature, receipt.key_id)
    assert not holds(forged, platform.signer.public_key)
    assert not re.search(r"\bada\b", str(shown.body)), "in a digest those letters come up by chance"
    found = await rows("SELECT action, resource FROM audit_log WHERE action LIKE 'subject.eras%%' ORDER BY id")
    assert found == [("subject.erasure_asked", f"subject/{ada}"), ("subject.erased", f"subject/{ada}")]


async def test_a_job_of_which_nothing_is_left_is_complete(registry, rows):
    all_hers, some_hers = await registry.take_in("ada", "ada"), await registry.take_in("ada", "bob")
    consumer = Consumer(registry.platform)
    await registry.erase("ada")
    job = await registry.job(all_hers)
    assert (job.state, job.total, job.succeeded, job.dead) == ("completed", 0, 0, 0)
    assert await rows("SELECT 1 FROM job_chunks WHERE job_id = %s", all_hers) == []
    await consumer.turn()
    job = await registry.job(some_hers)
    assert (job.state, job.total, job.succeeded) == ("completed", 1, 1)


async def test_a_chunk_of_which_nothing_is_left_is_no_obstacle(registry):
    job_id = await registry.take_in(*["ada"] * 4, *["bob"] * 4)
    await registry.erase("ada")
    await registry.work()
    job = await registry.job(job_id)
    assert (job.state, job.total, job.succeeded, job.dead) == ("completed", 4, 4, 0)


async def test_what_a_worker_has_in_hand_is_written_for_nobody_who_is_gone(registry, platform, rows):
    job_id = await registry.take_in("ada", "bob", "ada", "bob")
    claimed = await leasing.claim(platform.database, platform.workload.name, 30.0)
    items = await leasing.read_inputs(platform.database, claimed)
    assert len(items) == 4
    await registry.erase("ada")
    answers = [Answer(item.ordinal, ItemState.SUCCEEDED, b"sealed") for item in items]
    assert await leasing.finish(platform.database, claimed, answers, again=[], delay=0.0)
    job = await registry.job(job_id)
    assert (job.state, job.total, job.succeeded) == ("completed", 2, 2)
    assert await rows("SELECT ordinal FROM job_items ORDER BY 1") == [(1,), (3,)]


async def test_asked_twice_it_is_one_request(registry):
    await registry.take_in("ada")
    first, second = await asyncio.gather(registry.ask("ada"), registry.ask("ada"))
    assert first.id == second.id
    await registry.executor().run()
    assert (await registry.ask(str(first.subject_id))).id == first.id
    with pytest.raises(NotFound):
        await registry.ask("ada")
    with pytest.raises(NotFound):
        await registry.ask("nobody")


async def test_the_same_name_afterwards_is_somebody_new(registry):
    await registry.take_in("ada")
    gone = (await registry.erase("ada")).subject_id
    job = await registry.take_in("ada")
    assert await registry.id_of("ada") != gone
    await registry.work()
    assert (await registry.job(job)).succeeded == 1


async def test_a_stranger_of_the_same_name_stays(registry, stranger, rows):
    await registry.take_in("ada")
    theirs = await registry.take_in("ada", caller=stranger)
    await registry.erase("ada")
    assert await rows("SELECT job_id FROM job_items") == [(theirs,)]
    assert await rows("SELECT tenant_id FROM subjects WHERE pseudonym IS NOT NULL") == [(stranger.tenant_id,)]


async def test_a_legal_hold_is_respected_seen_and_waited_for(registry, platform):
    await registry.take_in("ada")
    ada, tenant = await registry.id_of("ada"), registry.principal.tenant_id
    until = now() + timedelta(days=3)
    async with platform.database.transaction(tenant) as connection:
        await hold(connection, tenant, Hold(ada, until, "case 7"), "test")
    request = await registry.erase("ada")
    assert (request.state, request.held_until, request.receipt) == ("held", until, None)
    assert await registry.count("job_items", ada) == 1
    await registry.free()
    await registry.executor().run()
    assert (await registry.track(request)).state == "held"
    assert platform.metrics.registry.get_sample_value("slipway_erasures_total", {"outcome": "held"}) == 2

    async with platform.database.transaction(tenant) as connection:
        await release(connection, tenant, ada, "test")
    await registry.free()
    await registry.executor().run()
    assert (await registry.track(request)).state == "done"
    assert await registry.count("subjects", ada) == 0


async def test_a_hold_that_ends_lets_the_erasure_go_on(registry, platform):
    await registry.take_in("ada")
    ada, tenant = await registry.id_of("ada"), registry.principal.tenant_id
    async with platform.database.transaction(tenant) as connection:
        await hold(connection, tenant, Hold(ada, now() + timedelta(days=3), "case 7"), "test")
    request = await registry.erase("ada")
    await registry.free()
    later = now() + timedelta(days=4)
    with use_clock(lambda: later):
        await registry.executor().run()
    assert (await registry.track(request)).state == "done"


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize(
    "place", ["Eraser.bury", "Ledger.append", "Eraser.empty", "Eraser.end", "repository.end", "requests.settle"]
)
async def test_it_goes_on_elsewhere_after_a_kill(registry, monkeypatch, place):
    await registry.take_in(*["ada", "bob"] * 5)
    await registry.work()
    ada = await registry.id_of("ada")
    request = await registry.ask("ada")

    async def killed(*_, **__):
        raise Killed

    holder, _, name = place.partition(".")
    target = {
        "Eraser": "slipway.erasure.service.Eraser",
        "Ledger": "slipway.erasure.ledger.Ledger",
        "repository": "slipway.erasure.repository",
        "requests": "slipway.subjects.requests",
    }[holder]
    with monkeypatch.context() as patch:
        patch.setattr(f"{target}.{name}", killed)
        with pytest.raises(Killed):
            await registry.executor().run()
    assert (await registry.track(request)).state == "running"
    await registry.executor().run()
    assert (await registry.track(request)).state == "running", "its lease still holds"
    await registry.free()
    await registry.executor().run()

    after = await registry.track(request)
    assert after.state == "done"
    assert held_of(after.receipt, "job_items")["rows"] == 5
    assert all([await registry.count(store, ada) == 0 for store in STORES])
    assert {entry.person.id for entry in await registry.ledger().verified()} == {ada}


async def test_once_begun_no_hold_stops_it(registry, platform, monkeypatch):
    await registry.take_in("ada")
    ada, tenant = await registry.id_of("ada"), registry.principal.tenant_id

    async def killed(*_):
        raise Killed

    await registry.ask("ada")
    with monkeypatch.context() as patch:
        patch.setattr("slipway.erasure.service.Eraser.empty", killed)
        with pytest.raises(Killed):
            await registry.executor().run()
    with pytest.raises(Conflict, match="too late"):
        async with platform.database.transaction(tenant) as connection:
            await hold(connection, tenant, Hold(ada, now() + timedelta(days=1), "case 7"), "test")


async def test_one_that_fails_does_not_hold_up_the_others(registry, platform, monkeypatch):
    await registry.take_in("ada", "bob")
    ada = await registry.id_of("ada")
    first, second = await registry.ask("ada"), await registry.ask("bob")
    real = Eraser.empty

    async def broken(self, who):
        if who.id == ada:
            raise ValueError("a defect")
        await real(self, who)

    monkeypatch.setattr(Eraser, "empty", broken)
    await registry.executor().run()
    assert (await registry.track(first)).state == "running"
    assert (await registry.track(second)).state == "done"
    assert platform.metrics.registry.get_sample_value("slipway_erasures_total", {"outcome": "failed"}) == 1
    later = now() + timedelta(minutes=7)
    with use_clock(lambda: later):
        await registry.executor().measure()
    assert 100 < platform.metrics.registry.get_sample_value("slipway_erasure_overdue_seconds") < 130


async def test_an_upload_that_has_named_the_person_ends_and_says_why(registry, rows):
    intake = registry.intake()
    async with registry.platform.keyring.transaction(registry.principal.tenant_id) as (connection, keyset):
        await intake.add(registry.platform.workload.Input(page=b"page", patient="ada"))
        await intake._store_part(connection, keyset)
    request = await registry.erase("ada")
    assert request.state == "done"
    assert held_of(request.receipt, "job_items")["rows"] == 1
    await intake.add(registry.platform.workload.Input(page=b"page", patient="ada"))
    with pytest.raises(InvalidInput, match="erased"):
        await intake.close(b"")
    assert await rows("SELECT (SELECT count(*) FROM job_items), (SELECT count(*) FROM jobs)") == [(0, 0)]
    with pytest.raises(NotFound):
        await registry.id_of("ada")


async def test_an_upload_with_somebody_under_a_legal_hold_loses_only_who_is_erased(registry, platform, rows):
    """The hold is respected: what was received about the other one stays, in a job that nobody works on."""
    intake, tenant = registry.intake(), registry.principal.tenant_id
    async with platform.keyring.transaction(tenant) as (connection, keyset):
        for person in ("ada", "bob", "ada"):
            await intake.add(platform.workload.Input(page=b"page", patient=person))
        await intake._store_part(connection, keyset)
    bob = await registry.id_of("bob")
    async with platform.database.transaction(tenant) as connection:
        await hold(connection, tenant, Hold(bob, now() + timedelta(days=3), "case 7"), "test")
    request = await registry.erase("ada")
    assert request.state == "done"
    assert held_of(request.receipt, "job_items")["rows"] == 2
    assert await rows("SELECT subject_id FROM job_items") == [(bob,)]
    job = await registry.job(intake.job_id)
    assert (job.state, job.total) == ("cancelled", 1)
    await intake.add(platform.workload.Input(page=b"page", patient="ada"))
    with pytest.raises(InvalidInput, match="erased"):
        await intake.close(b"")
    await intake.abort()
    assert await registry.count("job_items", bob) == 1


async def test_asked_for_while_the_erasure_ends_it_is_still_one_request(registry, rows, monkeypatch):
    await registry.take_in("ada")
    first = await registry.ask("ada")
    real = tracking.find_subject

    async def found_just_before_the_end(*asked):
        found = await real(*asked)
        await registry.executor().run()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(tracking, "find_subject", found_just_before_the_end)
        assert (await registry.ask("ada")).id == first.id
    assert await rows("SELECT count(*) FROM subject_requests") == [(1,)]


async def test_erasures_amid_uploads_and_work_leave_right_counts_and_nobody(registry, rows):
    """Uploads name her, a worker answers, erasures run: all at once, and no lock waits in a circle."""
    jobs = []

    async def upload() -> None:
        jobs.extend([await registry.take_in("ada", "bob", "ada", None, "carl") for _ in range(12)])

    async def work() -> None:
        for _ in range(20):
            await Consumer(registry.platform).turn()
            await asyncio.sleep(0.01)

    async def erase() -> None:
        for _ in range(10):
            try:
                await registry.ask("ada")
            except NotFound:
                await asyncio.sleep(0.02)
            await registry.executor().run()

    async with asyncio.timeout(120):
        await asyncio.gather(upload(), upload(), work(), erase(), erase())
    with suppress(NotFound):
        await registry.ask("ada")
    await registry.executor().run()
    await registry.work()
    with pytest.raises(NotFound):
        await registry.id_of("ada")
    for job_id in jobs:
        job = await registry.job(job_id)
        assert (job.state, job.total, job.succeeded, job.dead) == ("completed", 3, 3, 0)
    assert await rows("SELECT count(*) FROM job_items") == [(len(jobs) * 3,)]
