"""What clients notice when the process is asked to stop: nothing but `Connection: close`."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from slipway_cli.servers.ports import free_port

LIVE = b"GET /health/live HTTP/1.1\r\nHost: slipway\r\n\r\n"
MISSING = b"GET /nothing HTTP/1.1\r\nHost: slipway\r\n\r\n"


class Service:
    """The API as a process, on a listening socket that is not its own."""

    def __init__(self, process: asyncio.subprocess.Process, address: tuple[str, int], probes: str, output: Path):
        self.process, self.address, self.probes, self.output = process, address, probes, output

    async def connect(self) -> "Connection":
        return Connection(*await asyncio.open_connection(*self.address))

    async def readiness(self) -> int:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"{self.probes}/health/ready")).status_code

    async def drain(self) -> None:
        """Send SIGTERM, and wait until it has been heeded."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            while await self.readiness() == 200:
                await asyncio.sleep(0.02)

    async def ended(self) -> int:
        return await asyncio.wait_for(self.process.wait(), 30)

    def errors(self) -> list[str]:
        return [line for line in self.output.read_text().splitlines() if '"level": "error"' in line]


class Connection:
    """One connection, and what is said on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def ask(self, request: bytes = LIVE) -> tuple[int, bool]:
        """Send a request; return the status of the answer, and whether it says that the connection closes."""
        self.writer.write(request)
        return await self.answer()

    async def answer(self) -> tuple[int, bool]:
        async with asyncio.timeout(30):
            head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
            length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length: "))
            await self._reader.readexactly(int(length.rpartition(b" ")[2]))
        return int(head.split()[1]), b"\r\nconnection: close\r\n" in head

    async def is_closed(self) -> bool:
        """Tell whether the server closes it within a second."""
        try:
            return await asyncio.wait_for(self._reader.read(1), 1) == b""
        except TimeoutError:
            return False


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held


@pytest.fixture
async def start(shared_settings, listening, tmp_path) -> AsyncIterator[Callable]:
    """A function that starts the API on the socket, and returns it once it has announced that it is ready."""
    started: list[Service] = []

    async def run(**changes: object) -> Service:
        probes, output = free_port(), tmp_path / f"output-{len(started)}"
        ready, theirs = os.pipe()
        here = {"api_fd": listening.fileno(), "ready_fd": theirs, "metrics_port": probes, "drain_seconds": 20.0}
        with output.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "slipway_api"),
                env={**os.environ, **environment(shared_settings.model_copy(update={**here, **changes}))},
                stdout=file,
                stderr=file,
                pass_fds=(listening.fileno(), theirs),
            )
        os.close(theirs)
        started.append(Service(process, listening.getsockname(), f"http://127.0.0.1:{probes}", output))
        with os.fdopen(ready, "rb") as announcement:
            assert await asyncio.to_thread(announcement.read) == b"1", output.read_text()
        return started[-1]

    yield run
    for service in started:
        if service.process.returncode is None:
            service.process.kill()
            await service.process.wait()


def environment(settings) -> dict[str, str]:
    values = {name: getattr(settings, name) for name in type(settings).model_fields if name != "api_port"}
    shown = {n: v.get_secret_value() if isinstance(v, SecretStr) else v for n, v in values.items() if v is not None}
    return {f"SLIPWAY_{n.upper()}": str(v) for n, v in shown.items()} | {"PYTHONPATH": os.pathsep.join(sys.path)}


async def test_idle_connections_get_one_more_answer_that_says_goodbye(start):
    service = await start()
    used, unused = await service.connect(), await service.connect()
    assert await used.ask() == (200, False)
    await asyncio.sleep(0.2)  # both are accepted

    await service.drain()

    assert await used.ask() == (200, True)
    assert await unused.ask(MISSING) == (404, True)
    assert await used.is_closed()
    assert await unused.is_closed()
    assert await service.ended() == 0
    assert service.errors() == []


async def test_while_it_drains_it_is_not_ready(start):
    service = await start()
    connection = await service.connect()
    assert await service.readiness() == 200
    assert await connection.ask() == (200, False)

    await service.drain()

    assert await service.readiness() == 503
    assert await connection.ask(LIVE.replace(b"live", b"ready")) == (503, True)


async def test_an_idle_connection_is_closed_after_the_linger_time(start):
    service = await start(linger_seconds=0.5)
    connection = await service.connect()
    await connection.ask()

    await service.drain()

    assert await connection.is_closed()
    assert await service.ended() == 0
    assert service.errors() == []


async def test_a_request_that_has_begun_to_arrive_is_answered_after_the_linger_time_too(start):
    service = await start(linger_seconds=0.2)
    connection = await service.connect()
    await connection.ask()
    connection.writer.write(LIVE[:20])
    await asyncio.sleep(0.2)

    await service.drain()
    await asyncio.sleep(1)

    assert await connection.ask(LIVE[20:]) == (200, True)
    assert await service.ended() == 0
    assert service.errors() == []


async def test_a_connection_that_says_nothing_does_not_hold_it_up(start):
    service = await start(linger_seconds=0.2, drain_seconds=1.0)
    connection = await service.connect()
    connection.writer.write(LIVE[:20])
    await asyncio.sleep(0.2)

    await service.drain()

    assert await service.ended() == 0


async def test_a_second_signal_changes_nothing(start):
    service = await start()
    connection = await service.connect()
    await connection.ask()

    await service.drain()
    service.process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.3)

    assert await connection.ask() == (200, True)
    assert await service.ended() == 0


async def test_its_end_leaves_the_socket_to_others(start):
    old = await start()
    assert await (await old.connect()).ask() == (200, False)
    await old.drain()
    await old.ended()

    waiting = [await old.connect() for _ in range(20)]
    for connection in waiting:
        connection.writer.write(LIVE)
    await start()

    assert [await connection.answer() for connection in waiting] == [(200, False)] * 20


async def test_two_share_the_socket_and_one_leaves(start):
    old, new = await start(), await start()
    over = asyncio.Event()

    async def call() -> list[int]:
        statuses = []
        while not over.is_set():
            statuses.append((await (await old.connect()).ask())[0])
        return statuses

    calling = [asyncio.create_task(call()) for _ in range(4)]
    await asyncio.sleep(0.5)
    old.process.send_signal(signal.SIGTERM)
    assert await old.ended() == 0
    await asyncio.sleep(0.5)
    over.set()

    statuses = [status for caller in await asyncio.gather(*calling) for status in caller]
    assert len(statuses) > 20
    assert set(statuses) == {200}
    assert await new.readiness() == 200


async def test_what_is_no_socket_is_refused(shared_settings, tmp_path):
    with (tmp_path / "file").open("wb") as file:
        settings = shared_settings.model_copy(update={"api_fd": file.fileno(), "metrics_port": free_port()})
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "slipway_api"),
            env={**os.environ, **environment(settings)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=(file.fileno(),),
        )
        said, _ = await process.communicate()
    assert process.returncode == 1
    assert f"SLIPWAY_API_FD={settings.api_fd} is not the descriptor of a TCP socket".encode() in said
