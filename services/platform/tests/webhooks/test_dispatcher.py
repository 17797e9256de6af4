"""Events arrive: signed, at least once, always under the same id."""

import asyncio
from collections import Counter
from contextlib import redirect_stdout
from io import StringIO

import pytest

from slipway.errors import Unavailable
from slipway.telemetry.logs import configure_logs
from slipway.webhooks import deliveries
from slipway.webhooks.dispatcher import Dispatcher
from slipway.webhooks.schedule import MAX_ATTEMPTS
from slipway.webhooks.schemas import AttemptOutcome, DeliveryState, DisabledReason, Reason
from slipway.webhooks.sending import Sender

FOREVER = 60


async def hang(reader, writer):
    await asyncio.sleep(FOREVER)


async def test_an_event_arrives_signed_and_once(desk, receiver, metric):
    webhook = await desk.register(receiver.url)
    job_id = await desk.complete(b"one")

    await desk.dispatch()
    await desk.dispatch()

    (request,) = receiver.requests
    assert request.event["data"]["id"] == str(job_id)
    assert request.is_signed_by(webhook.secret)
    (delivery,) = await desk.log(webhook.id)
    assert (delivery.state, delivery.event_id) == (DeliveryState.DELIVERED, request.id)
    (attempt,) = delivery.attempts
    assert (attempt.outcome, attempt.status, attempt.reason) == (AttemptOutcome.DELIVERED, 200, None)
    assert attempt.duration_ms >= 0
    assert delivery.next_attempt_at is None
    assert delivery.finished_at is not None
    assert metric("slipway_webhook_attempts_total", outcome="delivered") == 1


async def test_repeats_have_the_same_id_and_the_same_bytes(desk, new_receiver, says):
    receiver = await new_receiver(says(500))
    webhook = await desk.register(receiver.url)
    await desk.complete(b"one")
    for _ in range(3):
        await desk.dispatch()
        await desk.delays_end()
        await desk.pauses_end()
    receiver.answer = says(200)
    await desk.dispatch()

    assert len(receiver.requests) == 4
    assert len({(request.id, request.body) for request in receiver.requests}) == 1
    assert all(request.is_signed_by(webhook.secret) for request in receiver.requests)
    (delivery,) = await desk.log(webhook.id)
    assert [attempt.status for attempt in delivery.attempts] == [200, 500, 500, 500]
    assert delivery.state is DeliveryState.DELIVERED


async def test_a_failed_attempt_waits_for_its_time(desk, new_receiver, says):
    receiver = await new_receiver(says(500))
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id)
    await desk.dispatch()
    await desk.dispatch()
    assert len(receiver.requests) == 1
    (delivery,) = await desk.log(webhook.id)
    assert 0 < (delivery.next_attempt_at - delivery.attempts[0].at).total_seconds() < 7


async def test_more_time_is_given_when_asked_for(desk, new_receiver, says):
    receiver = await new_receiver(says(503, "retry-after: 900"))
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id)
    await desk.dispatch()
    (delivery,) = await desk.log(webhook.id)
    assert 890 < (delivery.next_attempt_at - delivery.attempts[0].at).total_seconds() < 910


async def test_after_the_last_attempt_it_is_given_up_and_can_be_sent_again(desk, new_receiver, says, rows):
    receiver = await new_receiver(says(500))
    webhook = await desk.register(receiver.url)
    (delivery_id,) = await desk.test(webhook.id)
    await rows("UPDATE webhook_deliveries SET attempts = %s", MAX_ATTEMPTS - 1)
    await desk.dispatch()
    (delivery,) = await desk.log(webhook.id)
    assert (delivery.state, delivery.next_attempt_at) == (DeliveryState.FAILED, None)
    await desk.delays_end()
    await desk.dispatch()
    assert len(receiver.requests) == 1

    receiver.answer = says(200)
    async with desk.platform.database.transaction(desk.principal.tenant_id) as connection:
        again = await deliveries.redeliver(connection, desk.principal, webhook.id, delivery_id)
    assert again.state is DeliveryState.PENDING
    await desk.dispatch()
    assert [request.id for request in receiver.requests] == [delivery.event_id] * 2
    assert (await desk.log(webhook.id))[0].state is DeliveryState.DELIVERED


async def test_a_worker_that_dies_after_it_has_sent_makes_a_repeat_under_the_same_id(desk, receiver, metric):
    """A kill between sending and settling: nobody can know, so it is sent again."""
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id)
    dying = Dispatcher(desk.platform)

    async def die(*_):
        await asyncio.sleep(FOREVER)

    dying._settle = die
    victim = asyncio.create_task(dying.dispatch())
    async with asyncio.timeout(60):
        while not receiver.requests:
            await asyncio.sleep(0.01)
    victim.cancel()
    for task in dying._tasks:
        # As SIGKILL does: nothing is given back.
        task.cancel()

    await desk.dispatch()
    assert len(receiver.requests) == 1
    await desk.leases_end()
    await desk.sweep()
    await desk.dispatch()

    assert len({(request.id, request.body) for request in receiver.requests}) == 1
    assert len(receiver.requests) == 2
    (delivery,) = await desk.log(webhook.id)
    assert [attempt.outcome for attempt in delivery.attempts] == ["delivered", "interrupted"]
    assert await desk.attempts() == [1]
    assert metric("slipway_webhook_attempts_total", outcome="lost") == 1


async def test_a_sleeper_whose_lease_was_lost_writes_nothing(desk, receiver, metric):
    """SIGSTOP in the middle of sending, and another worker delivers meanwhile."""
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id)
    go_on, sleeper = asyncio.Event(), desk.dispatcher(webhook_poll_seconds=600.0)
    send = sleeper._sender.send

    async def sleep(message):
        await go_on.wait()
        return await send(message)

    sleeper._sender.send = sleep
    sleeping = asyncio.create_task(sleeper.dispatch())
    async with asyncio.timeout(60):
        while await desk.attempts() != [1]:
            await asyncio.sleep(0.01)
    await desk.leases_end()
    await desk.sweep()
    await desk.dispatch()
    before = await desk.log(webhook.id)
    go_on.set()
    await sleeping

    assert await desk.log(webhook.id) == before
    assert metric("slipway_webhook_attempts_total", outcome="stale") == 1


async def test_two_dispatchers_share_the_work_and_lose_nothing(desk, receiver):
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id, 60)
    await asyncio.gather(*(desk.dispatch() for _ in range(2)))
    assert Counter(request.id for request in receiver.requests).most_common(1)[0][1] == 1
    assert len(receiver.requests) == 60
    assert {delivery.state for delivery in await desk.log(webhook.id)} == {DeliveryState.DELIVERED}
    assert receiver.most_open <= 2 * desk.platform.settings.webhook_endpoint_concurrency


async def test_the_deliveries_to_one_endpoint_at_a_time_are_bounded(desk, new_receiver):
    async def take_time(_, writer):
        await asyncio.sleep(0.05)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    receiver = await new_receiver(take_time)
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id, 20)
    await desk.dispatch()
    assert len(receiver.requests) == 20
    assert 1 < receiver.most_open <= desk.platform.settings.webhook_endpoint_concurrency


async def test_endpoints_that_hang_hold_up_no_others(desk, new_receiver, stranger, platform):
    """One tenant's dead endpoints, ten of them, and a few places to send from."""
    dead, alive = await new_receiver(hang), await new_receiver()
    for _ in range(10):
        webhook = await desk.register(dead.url)
        await desk.test(webhook.id, 10)
    mine = await desk.register(alive.url, principal=stranger)
    await desk.test(mine.id, 5, stranger)

    async with desk.dispatcher(drain_seconds=0.1) as dispatcher:
        sending = asyncio.create_task(dispatcher.dispatch())
        async with asyncio.timeout(60):
            while len(alive.requests) < 5:
                await asyncio.sleep(0.01)
        dispatcher.drain()
        await sending
    assert dead.most_open <= 4 * platform.settings.webhook_endpoint_concurrency


async def test_a_dead_endpoint_gets_one_trial_at_a_time_and_the_others_wait_uncounted(desk, new_receiver, says):
    receiver = await new_receiver(says(500))
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id, 30)
    await desk.dispatch()
    first = len(receiver.requests)
    assert 3 <= first <= 3 + desk.platform.settings.webhook_endpoint_concurrency
    assert (await desk.webhook(webhook.id)).broken_until is not None
    assert sorted(await desk.attempts(), reverse=True) == [1] * first + [0] * (30 - first)

    for trial in range(1, 4):
        await desk.dispatch()
        assert len(receiver.requests) == first + trial - 1, "the breaker is open: nothing goes out"
        await desk.pauses_end()
        await asyncio.gather(desk.dispatch(), desk.dispatch())
        assert len(receiver.requests) == first + trial, "one trial when its pause is over"

    receiver.answer = says(200)
    await desk.pauses_end()
    await desk.delays_end()
    await desk.dispatch()
    assert {delivery.state for delivery in await desk.log(webhook.id)} == {DeliveryState.DELIVERED}
    healthy = await desk.webhook(webhook.id)
    assert (healthy.broken_until, healthy.failing_since, healthy.enabled) == (None, None, True)


async def test_410_switches_the_endpoint_off(desk, new_receiver, says, rows):
    receiver = await new_receiver(says(410))
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id)
    await desk.dispatch()
    gone = await desk.webhook(webhook.id)
    assert (gone.enabled, gone.disabled_reason) == (False, DisabledReason.GONE)
    assert gone.disabled_at is not None
    (delivery,) = await desk.log(webhook.id)
    assert delivery.state is DeliveryState.FAILED
    await desk.complete()
    assert len(await desk.log(webhook.id)) == 1
    assert await rows("SELECT actor, detail FROM audit_log WHERE action = 'webhook.disabled'") == [
        ("system", {"reason": "gone"})
    ]


async def test_an_endpoint_that_fails_for_days_is_switched_off(desk, new_receiver, says, rows):
    receiver = await new_receiver(says(500))
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id)
    await desk.dispatch()
    days = "UPDATE webhook_endpoints SET failing_since = now() - interval '6 days', failed_at = now() - interval '%s d'"
    await rows(days % 3)
    await desk.delays_end()
    await desk.dispatch()
    assert (await desk.webhook(webhook.id)).enabled, "it was quiet for days in between"

    await rows(days % 1)
    await desk.delays_end()
    await desk.dispatch()
    found = await desk.webhook(webhook.id)
    assert (found.enabled, found.disabled_reason) == (False, DisabledReason.FAILING)
    await desk.delays_end()
    await desk.dispatch()
    assert len(receiver.requests) == 3


async def test_an_endpoint_that_is_enabled_again_goes_on_with_what_waits(desk, new_receiver, says):
    receiver = await new_receiver(says(500))
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id, 5)
    await desk.change(webhook.id, enabled=False)
    await desk.dispatch()
    assert receiver.requests == []
    receiver.answer = says(200)
    enabled = await desk.change(webhook.id, enabled=True)
    assert (enabled.enabled, enabled.disabled_reason, enabled.disabled_at) == (True, None, None)
    await desk.dispatch()
    assert len(receiver.requests) == 5


async def test_during_a_rotation_both_secrets_sign_and_afterwards_the_new_one_only(desk, receiver, rows):
    old = await desk.register(receiver.url)
    async with desk.opened() as webhooks:
        new = await webhooks.rotate_secret(old.id)
    assert new.secret != old.secret
    await desk.test(old.id)
    await desk.dispatch()
    await rows("UPDATE webhook_endpoints SET previous_until = now() - interval '1 s'")
    await desk.test(old.id)
    await desk.dispatch()

    overlapping, later = receiver.requests
    assert overlapping.is_signed_by(old.secret)
    assert overlapping.is_signed_by(new.secret)
    assert later.is_signed_by(new.secret)
    assert not later.is_signed_by(old.secret)


async def test_an_endpoint_that_is_deleted_while_it_is_sent_to_is_gone(desk, new_receiver):
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_, writer):
        arrived.set()
        await go_on.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    receiver = await new_receiver(wait)
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id)
    sending = asyncio.create_task(desk.dispatch())
    await arrived.wait()
    async with desk.opened() as webhooks:
        await webhooks.delete(webhook.id)
    go_on.set()
    await sending
    assert await desk.attempts() == []


@pytest.mark.parametrize("outage", ["key provider", "database"])
async def test_an_outage_of_ours_is_not_counted(desk, receiver, metric, outage, monkeypatch):
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id)
    async with Dispatcher(desk.platform) as dispatcher:
        if outage == "key provider":
            monkeypatch.setattr(dispatcher, "_keyring", Broken(OSError("no answer")))
        else:
            monkeypatch.setattr(dispatcher, "_keyring", Broken(Unavailable("no answer")))
        await dispatcher.dispatch()
        monkeypatch.undo()
        await dispatcher.dispatch()
        assert await desk.attempts() == [0]
        assert receiver.requests == []
        assert metric("slipway_webhook_attempts_total", outcome="postponed") == 1
        await desk.delays_end()
        await dispatcher.dispatch()
    assert len(receiver.requests) == 1


class Broken:
    """A keyring whose provider is away."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def read(self, tenant, work):
        raise self._error


async def test_an_outcome_is_written_through_a_short_outage(desk, receiver, rows, monkeypatch):
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id)
    (name,) = (await rows("SELECT current_database()::text"))[0]
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename LIKE %s"
    )
    send = Sender.send

    async def send_and_lose_the_database(sender, message):
        outcome = await send(sender, message)
        await rows(f"REVOKE CONNECT ON DATABASE {name} FROM slipway_app")
        await rows(cut, "slipway_app")
        asyncio.get_running_loop().call_later(1.5, asyncio.ensure_future, come_back())
        return outcome

    async def come_back():
        await rows(f"GRANT CONNECT ON DATABASE {name} TO slipway_app")

    monkeypatch.setattr(Sender, "send", send_and_lose_the_database)
    await desk.dispatch()
    (delivery,) = await desk.log(webhook.id)
    assert delivery.state is DeliveryState.DELIVERED
    assert len(receiver.requests) == 1


async def test_a_drained_dispatcher_finishes_what_it_sends_and_begins_nothing(desk, new_receiver):
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_, writer):
        arrived.set()
        await go_on.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    receiver = await new_receiver(wait)
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id, 6)
    async with Dispatcher(desk.platform) as dispatcher:
        sending = asyncio.create_task(dispatcher.dispatch())
        await arrived.wait()
        dispatcher.drain()
        await desk.test(webhook.id, 5)
        asyncio.get_running_loop().call_later(0.1, go_on.set)
    await sending
    states = Counter(delivery.state for delivery in await desk.log(webhook.id))
    assert states == {
        DeliveryState.DELIVERED: len(receiver.requests),
        DeliveryState.PENDING: 11 - len(receiver.requests),
    }
    assert sum(await desk.attempts()) == len(receiver.requests) <= 4


async def test_what_outlasts_the_drain_is_given_back_uncounted(desk, new_receiver):
    receiver = await new_receiver(hang)
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id)
    dispatcher = desk.dispatcher(drain_seconds=0.1)
    sending = asyncio.create_task(dispatcher.dispatch())
    async with asyncio.timeout(60):
        while not receiver.requests:
            await asyncio.sleep(0.01)
    await dispatcher.__aexit__(None, None, None)
    await sending
    (delivery,) = await desk.log(webhook.id)
    assert (delivery.state, await desk.attempts()) == (DeliveryState.PENDING, [0])


async def test_no_transaction_is_open_while_the_receiver_is_awaited(desk, new_receiver, rows):
    open_ones = []

    async def look(_, writer):
        query = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND state LIKE 'idle in transaction%%'"
        )
        open_ones.append((await rows(query))[0][0])
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    webhook = await desk.register((await new_receiver(look)).url)
    await desk.test(webhook.id)
    # It does not look for more meanwhile.
    await desk.dispatch(webhook_poll_seconds=60.0)
    assert open_ones == [0]


async def test_the_log_says_why_and_nothing_of_the_address(desk, new_receiver, says):
    receiver = await new_receiver(says(302, "location: https://elsewhere.example/"))
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id)
    with redirect_stdout(StringIO()) as written:
        configure_logs("worker", "DEBUG", strict=True)
    await desk.dispatch()
    configure_logs("test", "INFO", strict=True)
    (delivery,) = await desk.log(webhook.id)
    assert delivery.attempts[0].reason is Reason.REDIRECT
    assert "redirect_not_followed" in written.getvalue()
    for secret in ("t0psecret", "/hook", webhook.secret, "127.0.0.1", "elsewhere"):
        assert secret not in written.getvalue()
