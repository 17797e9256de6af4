"""A worker sends webhooks beside its work, and neither its end nor its death loses one."""

import asyncio
import signal
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from slipway.webhooks import deliveries
from slipway.webhooks.schemas import EventType
from slipway.webhooks.service import Webhooks

PAGES = [f"page {number}".encode() for number in range(20)]


@pytest.fixture
def small_settings(small_settings):
    ours = {"webhook_allowed_networks": "127.0.0.0/8", "webhook_poll_seconds": 0.1, "sweep_seconds": 0.2}
    return small_settings.model_copy(update=ours)


@dataclass
class Receiver:
    """Notes the ids that it is sent. Until `go_on` it answers nobody."""

    port: int = 0
    ids: list[str] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader, writer):
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.ids.append(head.partition("webhook-id: ")[2].partition("\r\n")[0])
            await self.go_on.wait()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
        writer.close()

    async def reached(self, times: int) -> None:
        async with asyncio.timeout(30):
            while len(self.ids) < times:
                await asyncio.sleep(0.02)


@pytest.fixture
async def receiver():
    found = Receiver()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    found.go_on.set()
    server.close()


@pytest.fixture
async def webhook(platform, principal, receiver):
    keyset = await platform.keyring.keyset(principal.tenant_id)
    async with platform.database.transaction(principal.tenant_id) as connection:
        webhooks = Webhooks(connection, principal, keyset)
        return await webhooks.create(f"http://127.0.0.1:{receiver.port}/", [EventType.JOB_COMPLETED], 10)


@pytest.fixture
def log(platform, principal, webhook):
    """A function that waits for the webhook's one delivery to be in a state, and returns it."""

    async def wait(state: str):
        async with asyncio.timeout(30):
            while True:
                async with platform.database.transaction(principal.tenant_id) as connection:
                    found = await deliveries.list_deliveries(connection, webhook.id, state=None, before=None, limit=9)
                if [delivery.state for delivery in found] == [state]:
                    return found[0]
                await asyncio.sleep(0.05)

    return wait


async def test_the_end_of_a_job_is_told(start, submit, receiver, log):
    receiver.go_on.set()
    worker = await start()
    await submit(PAGES)
    delivery = await log("delivered")
    assert receiver.ids == [delivery.event_id]
    await worker.reaches('slipway_webhook_attempts_total{outcome="delivered"}', 1)
    assert await worker.stop() == 0


async def test_a_receiver_that_does_not_answer_holds_up_no_job(start, submit, receiver, webhook):
    worker = await start()
    await submit(PAGES)
    await receiver.reached(1)
    await submit(PAGES)
    await worker.reaches('slipway_job_items_finished_total{outcome="succeeded"}', 2 * len(PAGES))
    await receiver.reached(2)


async def test_a_killed_worker_is_followed_by_another_under_the_same_id(start, submit, receiver, log, platform):
    victim = await start()
    await submit(PAGES)
    await receiver.reached(1)
    victim.send(signal.SIGKILL)
    await victim.ended()
    async with platform.database.system_transaction() as connection:
        await connection.exec_driver_sql("UPDATE webhook_deliveries SET lease_until = now() - interval '1 s'")
    receiver.go_on.set()
    await start()

    delivery = await log("delivered")
    assert receiver.ids == [delivery.event_id] * 2
    assert [attempt.outcome for attempt in delivery.attempts] == ["delivered", "interrupted"]


async def test_a_worker_that_is_stopped_gives_back_what_hangs(start, submit, receiver, log, platform):
    worker = await start(settings=platform.settings.model_copy(update={"drain_seconds": 0.5}))
    await submit(PAGES)
    await receiver.reached(1)
    assert await worker.stop() == 0, worker.log()
    delivery = await log("pending")
    assert delivery.attempts == []
    assert "Traceback" not in worker.log()
