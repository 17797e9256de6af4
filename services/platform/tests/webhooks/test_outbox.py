"""An event is there exactly when its job has ended, whichever code ended it."""

import asyncio
import json
from datetime import datetime

import pytest
from sqlalchemy import text

from slipway.jobs.consumer import Consumer
from slipway.jobs.service import cancel_job, get_job, retry_dead
from slipway.jobs.sweeper import Sweeper
from slipway.webhooks.schemas import EventType

EVENTS = "SELECT id, type, payload FROM webhook_events ORDER BY created_at, id"


@pytest.fixture
def events(rows):
    """A function that returns all events: (id, type, payload)."""
    return lambda: rows(EVENTS)


async def test_a_completed_job_is_an_event_for_each_endpoint(desk, events):
    first, second = await desk.register("https://one.example/"), await desk.register("https://two.example/")

    job_id = await desk.complete(b"one", b"bad", b"two")

    ((event_id, kind, payload),) = await events()
    assert event_id.startswith("msg_")
    assert kind == "job.completed"
    async with desk.platform.database.transaction(desk.principal.tenant_id) as connection:
        job = await get_job(connection, job_id)
    content = json.loads(payload)
    assert content["type"] == "job.completed"
    shown = job.model_dump(include=set(content["data"]))
    times = {name: datetime.fromisoformat(content["data"][name]) for name in content["data"] if name.endswith("_at")}
    assert content["data"] | times | {"id": job.id} == shown
    assert (job.succeeded, job.dead) == (2, 1)
    assert datetime.fromisoformat(content["timestamp"]) == job.finished_at
    for webhook in (first, second):
        (delivery,) = await desk.log(webhook.id)
        assert (delivery.event_id, delivery.state, delivery.attempts) == (event_id, "pending", [])


async def test_a_cancelled_job_is_an_event(desk, events):
    await desk.register("https://one.example/")
    job_id = await desk.cancel()
    ((_, kind, payload),) = await events()
    assert kind == "job.cancelled"
    assert json.loads(payload)["data"]["id"] == str(job_id)


async def test_a_job_whose_last_input_the_sweeper_gives_up_is_an_event(desk, events, submit, rows):
    await desk.register("https://one.example/")
    await submit([b"one"])
    await rows(
        "UPDATE job_chunks SET state = 'running', attempts = 99, token = 1, lease_until = now() - interval '1 s'"
    )
    await Sweeper(desk.platform.database, desk.platform.settings, desk.platform.metrics).sweep()
    ((_, kind, payload),) = await events()
    assert kind == "job.completed"
    assert json.loads(payload)["data"]["dead"] == 1


async def test_a_retried_job_that_completes_again_is_a_new_event(desk, events):
    await desk.register("https://one.example/")
    job_id = await desk.complete(b"bad")
    async with desk.platform.database.transaction(desk.principal.tenant_id) as connection:
        await retry_dead(connection, desk.principal, job_id, 4, most_queued=1000)
    assert len(await events()) == 1
    await Consumer(desk.platform).turn()
    found = await events()
    assert [kind for _, kind, _ in found] == ["job.completed"] * 2
    assert len({event_id for event_id, _, _ in found}) == 2


async def test_without_a_subscribed_and_enabled_endpoint_there_is_no_event(desk, events, stranger):
    await desk.register("https://one.example/", EventType.JOB_CANCELLED)
    switched_off = await desk.register("https://two.example/")
    await desk.change(switched_off.id, enabled=False)
    await desk.register("https://theirs.example/", principal=stranger)
    await desk.complete()
    assert await events() == []
    await desk.cancel()
    assert [kind for _, kind, _ in await events()] == ["job.cancelled"]


async def test_what_is_rolled_back_is_no_event(desk, events, submit):
    await desk.register("https://one.example/")
    job_id = await submit([b"one"])

    async def fail():
        async with desk.platform.database.transaction(desk.principal.tenant_id) as connection:
            await cancel_job(connection, desk.principal, job_id)
            found = await connection.execute(text("SELECT count(*) FROM webhook_deliveries"))
            assert found.scalar_one() == 1
            raise RuntimeError("the process dies before it commits")

    with pytest.raises(RuntimeError, match="dies"):
        await fail()
    assert await events() == []


async def test_cancelling_twice_is_one_event(desk, events):
    await desk.register("https://one.example/")
    job_id = await desk.cancel()
    async with desk.platform.database.transaction(desk.principal.tenant_id) as connection:
        await cancel_job(connection, desk.principal, job_id)
    assert len(await events()) == 1


async def test_nothing_of_the_inputs_is_in_an_event(desk, events):
    await desk.register("https://one.example/")
    await desk.complete(b"eleanor@example.com")
    assert "eleanor" not in str(await events())


async def test_an_endpoint_that_is_being_deleted_does_not_fail_the_job(desk, events, submit):
    """The foreign key would, if the outbox did not wait for the deletion."""
    webhook, job_id = await desk.register("https://one.example/"), await submit([b"one"])

    async def cancel():
        async with desk.platform.database.transaction(desk.principal.tenant_id) as connection:
            await cancel_job(connection, desk.principal, job_id)

    async with desk.opened() as webhooks:
        await webhooks.delete(webhook.id)
        cancelling = asyncio.create_task(cancel())
        done, _ = await asyncio.wait([cancelling], timeout=0.3)
        assert not done
    await cancelling
    assert await events() == []
