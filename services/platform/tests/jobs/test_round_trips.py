"""What a chunk costs, counted on the wire: between the worker's engine and PostgreSQL stands a relay."""

import asyncio
from contextlib import asynccontextmanager

from pydantic import SecretStr

from slipway.composition import open_platform
from slipway.database.engine import driver_url
from slipway.jobs.consumer import Consumer
from slipway.telemetry.tracing import configure_tracing

CHUNKS = 20
MOST_TRIPS = 4
ROLES = ("app", "system")


class Relay:
    """Passes bytes on, and counts how often an answer is followed by another question."""

    def __init__(self, port):
        self.port = port
        self.trips = 0

    async def connect(self, reader, writer):
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.port)
        answered = asyncio.Event()
        answered.set()
        await asyncio.gather(self._ask(reader, server_writer, answered), self._answer(server_reader, writer, answered))

    async def _ask(self, reader, writer, answered):
        while piece := await reader.read(2**16):
            self.trips += answered.is_set()
            answered.clear()
            writer.write(piece)
        writer.close()

    async def _answer(self, reader, writer, answered):
        while piece := await reader.read(2**16):
            answered.set()
            writer.write(piece)
        writer.close()


@asynccontextmanager
async def relayed(settings):
    """Settings whose roles reach the server through a relay."""
    urls = {role: driver_url(getattr(settings, f"database_{role}_url")) for role in ROLES}
    relay = Relay(urls["app"].port)
    server = await asyncio.start_server(relay.connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    changed = {
        f"database_{role}_url": SecretStr(url.set(port=port).render_as_string(hide_password=False))
        for role, url in urls.items()
    }
    yield relay, settings.model_copy(update=changed)
    server.close()


async def test_a_chunk_costs_at_most_four_round_trips(small_settings, engine, submit, principal, rows):
    warm_up, job_id = await submit([b"warm"] * 40), await submit([b"page"] * (CHUNKS * small_settings.chunk_inputs))
    await rows("UPDATE job_chunks SET available_at = now() + interval '1 h' WHERE job_id = %s", job_id)
    async with (
        relayed(small_settings) as (relay, settings),
        open_platform(settings, configure_tracing("test", settings)) as platform,
    ):
        await platform.predictor.load()
        consumer = Consumer(platform)
        await consumer.turn()
        assert (await engine.job(principal, warm_up)).succeeded == 40
        await engine.delays_end()
        before = relay.trips
        await consumer.turn()
        trips = relay.trips - before

    assert (await engine.job(principal, job_id)).succeeded == CHUNKS * small_settings.chunk_inputs
    last_look = 1
    assert CHUNKS <= trips <= CHUNKS * MOST_TRIPS + last_look
    assert trips / CHUNKS <= 3.2, "claim, read, finish"
