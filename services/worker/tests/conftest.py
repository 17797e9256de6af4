"""Fixtures of the worker's tests: worker and scheduler as the processes that they are."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from slipway.settings import Settings
from slipway_cli.servers.ports import free_port

_START_SECONDS = 30


class Process:
    """A worker or a scheduler."""

    def __init__(self, process: asyncio.subprocess.Process, metrics_port: int, log: Path) -> None:
        self._process = process
        self._url = f"http://127.0.0.1:{metrics_port}"
        self._log = log

    async def ready(self) -> None:
        async with asyncio.timeout(_START_SECONDS), httpx.AsyncClient() as client:
            while not await self._is_ready(client):
                assert self._process.returncode is None, self.log()
                await asyncio.sleep(0.05)

    async def reaches(self, metric: str, value: float) -> None:
        async with asyncio.timeout(_START_SECONDS), httpx.AsyncClient() as client:
            while await self._metric(client, metric) < value:
                await asyncio.sleep(0.02)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self) -> int:
        async with asyncio.timeout(_START_SECONDS):
            return await self._process.wait()

    async def stop(self) -> int:
        if self._process.returncode is None:
            self.send(signal.SIGTERM)
        return await self.ended()

    def log(self) -> str:
        return self._log.read_text()

    async def metrics(self) -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"{self._url}/metrics")).text

    async def _metric(self, client: httpx.AsyncClient, name: str) -> float:
        lines = (await client.get(f"{self._url}/metrics")).text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    async def _is_ready(self, client: httpx.AsyncClient) -> bool:
        try:
            return (await client.get(f"{self._url}/health/ready")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


@pytest.fixture
async def launch(small_settings: Settings, tmp_path: Path) -> AsyncIterator[Callable]:
    """A function that starts `slipway_worker`, or `slipway_worker.scheduler`, and does not wait for it."""
    started: list[Process] = []

    async def run(module: str = "slipway_worker", *, settings: Settings = small_settings, path: Path | None = None):
        port, log = free_port(), tmp_path / f"{module}-{len(started)}.log"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")},
            **_environment(settings.model_copy(update={"metrics_port": port})),
            "PYTHONPATH": os.pathsep.join([*([str(path)] if path else []), *sys.path]),
        }
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, env=environment, stdout=output, stderr=output
            )
        started.append(Process(process, port, log))
        return started[-1]

    yield run
    for process in started:
        if process._process.returncode is None:
            process.send(signal.SIGKILL)
            await process.ended()


@pytest.fixture
def start(launch: Callable) -> Callable:
    """The same, and waits until it is ready."""

    async def run(*arguments: str, **more: Settings) -> Process:
        process = await launch(*arguments, **more)
        await process.ready()
        return process

    return run


def _environment(settings: Settings) -> dict[str, str]:
    return {
        f"SLIPWAY_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name in Settings.model_fields
        if (value := getattr(settings, name)) is not None
    }
