"""An HTTP server that a load is sent to, and Locust as a user starts it."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[3]
DECISION = {"category": "billing", "priority": "normal"}


@dataclass
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def decide(asked: Asked) -> tuple[int, dict[str, str], bytes]:
    """Answer as the API does."""
    inputs = json.loads(asked.body)["inputs"]
    return 200, {}, json.dumps({"results": [DECISION] * len(inputs)}).encode()


@dataclass
class Target:
    """A server that remembers what it was asked."""

    answer: Callable[[Asked], tuple[int, dict[str, str], bytes]] = decide
    """Returns status, headers and body."""
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    slots: int = 1_000
    """How many requests are answered at the same time; the others wait."""
    seconds: float = 0.0
    """How long an answer takes."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, started: threading.Event, stop: asyncio.Event) -> None:
        self._free = asyncio.Semaphore(self.slots)
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=500)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await stop.wait()
        server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                await self._exchange(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split()
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
        asked = Asked(method, path, headers, await _body(reader, headers))
        self.asked.append(asked)
        async with self._free:
            await asyncio.sleep(self.seconds)
        status, more, content = self.answer(asked)
        lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in more.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        await writer.drain()


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "transfer-encoding" not in headers:
        return await reader.readexactly(int(headers.get("content-length", 0)))
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return body


@pytest.fixture
def target():
    """Start targets; they are stopped at the end."""
    running = []

    def start(**changed: Any) -> Target:
        target = Target(**changed)
        started, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()
        thread = threading.Thread(target=_run, args=(loop, target.serve(started, stop)))
        thread.start()
        running.append((loop, stop, thread))
        assert started.wait(10)
        return target

    yield start
    for loop, stop, thread in running:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def _run(loop: asyncio.AbstractEventLoop, main: Any) -> None:
    loop.run_until_complete(main)
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0.05))  # connections are closed


@dataclass
class Ran:
    """A load that is over."""

    folder: Path
    code: int
    output: str

    @property
    def samples(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "samples.ndjson").read_text().splitlines()]

    @property
    def seconds(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "generator.ndjson").read_text().splitlines()]

    @property
    def load(self) -> dict[str, Any]:
        return json.loads((self.folder / "load.json").read_text())


@pytest.fixture
def locust(tmp_path):
    """Start Locust with the load's locustfile; return the process."""
    processes = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        (tmp_path / "keys").write_text("slw_one\nslw_two\n")
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("LOADTEST_", "LOCUST_"))
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "locust", "--locustfile", "loadtests/locustfile.py", "--only-summary", *arguments],
            cwd=CHECKOUT,
            env={**environment, "LOADTEST_KEY_FILE": str(tmp_path / "keys")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def load(locust, tmp_path):
    """Send a load to its end."""

    def run(target: Target, *arguments: str) -> Ran:
        folder = tmp_path / "out"
        process = locust("--headless", "--host", target.url, "--out", str(folder), "--clients", "20", *arguments)
        output, _ = process.communicate(timeout=100)
        return Ran(folder, process.returncode, output)

    return run
