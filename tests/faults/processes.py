"""The processes of the product as they are in operation."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from pydantic import SecretStr

from slipway.settings import Settings
from slipway_cli.servers.ports import free_port

START_SECONDS = 60.0
END_SECONDS = 30.0
"""Within this a process must have ended, whatever hangs: the time to drain here, and the time limits behind it."""


class Process:
    """One of them: `slipway_api`, `slipway_worker` or `slipway_worker.scheduler`."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, probes: int, log: Path) -> None:
        self._process, self._log = process, log
        self._probe = f"http://127.0.0.1:{port}/health/ready"
        self._probes = f"http://127.0.0.1:{probes}/health"

    async def ready(self) -> None:
        """Wait until it says that it can take work."""
        end = time.monotonic() + START_SECONDS
        async with httpx.AsyncClient(timeout=5) as http:
            while not await self._says_so(http):
                assert self._process.returncode is None, self.log()
                assert time.monotonic() < end, self.log()
                await asyncio.sleep(0.05)

    async def answers(self, probe: str) -> tuple[int, str]:
        """Ask a probe on the port that is not public; return status and words. 0: nobody answers."""
        async with httpx.AsyncClient(timeout=5) as http:
            try:
                answer = await http.get(f"{self._probes}/{probe}")
            except httpx.TransportError:
                return 0, ""
        return answer.status_code, answer.text.strip()

    async def stops(self) -> bool:
        """Ask it to end; return whether it did so by itself."""
        self._process.send_signal(signal.SIGTERM)
        return await self.ends()

    async def ends(self) -> bool:
        """Wait for its end; return whether it was no crash."""
        async with asyncio.timeout(END_SECONDS):
            return await self._process.wait() == 0

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def log(self) -> str:
        return self._log.read_text()

    async def _says_so(self, http: httpx.AsyncClient) -> bool:
        try:
            return (await http.get(self._probe)).is_success
        except httpx.TransportError:
            return False


@asynccontextmanager
async def process(module: str, settings: Settings, folder: Path) -> AsyncIterator[Process]:
    """Start one, and leave nothing of it behind."""
    port, log = free_port(), folder / f"{module}.log"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")},
        **_environment(settings.model_copy(update={"metrics_port": port})),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path]),
    }
    with log.open("wb") as output:
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, env=environment, stdout=output, stderr=output
        )
    made = Process(started, settings.api_port if module == "slipway_api" else port, port, log)
    try:
        yield made
    finally:
        await made.kill()


def _environment(settings: Settings) -> dict[str, str]:
    return {
        f"SLIPWAY_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name in Settings.model_fields
        if (value := getattr(settings, name)) is not None
    }
