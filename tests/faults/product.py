"""The product as a user meets it, and what comes of each operation."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx
import uvicorn
from tests.faults.matrix import Operation, Outcome
from tests.faults.peers import Peer

from slipway.settings import Settings
from slipway.telemetry.tracing import configure_tracing
from slipway_api.app import create_app
from slipway_api.server import options

ANSWER_SECONDS = 10.0
"""Within this any operation must come to an end, whatever fails: several times the sum of its time limits here."""
RECOVERY_SECONDS = 20.0


class RefusedError(Exception):
    """The API ended instead of starting."""


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """End with an exception of this module: pytest would take uvicorn's as its own end."""
        try:
            await super().startup(sockets)
        except SystemExit as error:
            raise RefusedError from error

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to pytest."""
        yield


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[str]:
    """Run the API in this process; yield where it listens.

    Raises:
        RefusedError: it ended instead of starting.
    """
    server = _Server(uvicorn.Config(create_app(settings, configure_tracing("api", settings)), **options(settings)))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        if serving.done():
            serving.result()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


class Product:
    """A tenant's view of a running product."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient, peer: Peer) -> None:
        self._settings = settings
        self._http = http
        self._peer = peer

    async def register(self, url: str) -> None:
        """Ask to be told of every event."""
        (await self._http.post("/v1/webhooks", json={"url": url, "events": ["job.completed"]})).raise_for_status()

    async def is_told(self, location: str) -> bool:
        """Wait for the webhook about a job; return whether it came."""
        end = time.monotonic() + RECOVERY_SECONDS
        job_id = location.rsplit("/", 1)[1]
        while not (told := any(job_id in body for body in list(self._peer.told))) and time.monotonic() < end:
            await asyncio.sleep(0.05)
        return told

    async def submit(self, inputs: int) -> str:
        """Send a job; return its address."""
        answer = await self._post("/v1/jobs", inputs)
        answer.raise_for_status()
        return answer.headers["Location"]

    async def job(self, location: str) -> dict:
        return (await self._http.get(location, timeout=60)).raise_for_status().json()

    async def retry(self, location: str) -> None:
        """Ask for another try of the dead inputs."""
        (await self._http.post(f"{location}/retry")).raise_for_status()

    async def ends(self, location: str) -> dict:
        """Wait until a job has ended."""
        async with asyncio.timeout(RECOVERY_SECONDS):
            while (job := await self.job(location))["state"] != "completed":
                await asyncio.sleep(0.05)
        return job

    async def observe(self, operation: Operation, location: str) -> str:
        """Do it, and return what came of it: one of the outcomes, or words for what should never happen."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._do(operation, location)
        except TimeoutError:
            return f"no answer within {ANSWER_SECONDS:g} s"

    async def progress(self, location: str, seconds: float) -> str:
        """Watch a job for so long, and return what came of it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = await self._http.get(location, timeout=60)
            if answer.is_success and (job := answer.json())["state"] == "completed":
                return Outcome.DEAD if job["dead"] else Outcome.USUAL
            await asyncio.sleep(0.1)
        return Outcome.WAITS

    async def _do(self, operation: Operation, location: str) -> str:
        match operation:
            case Operation.PREDICT:
                return await self._outcome(self._post("/v1/obedient", 3))
            case Operation.SUBMIT:
                return await self._outcome(self._post("/v1/jobs", 3))
            case Operation.READ:
                return await self._outcome(self._http.get(location, timeout=60))
            case Operation.RESULTS:
                return await self._outcome(self._http.get(f"{location}/results", timeout=60))
            case Operation.READY:
                return await self._readiness(self._http)
            case Operation.START:
                return await self._start()
        raise ValueError(operation)

    async def _post(self, path: str, inputs: int) -> httpx.Response:
        notes = [{"text": "one two three"}] * inputs
        return await self._http.post(path, json={"inputs": notes}, timeout=60)

    async def _outcome(self, asking: Awaitable[httpx.Response]) -> str:
        answer = await asking
        match answer.status_code:
            case 200 | 202:
                return Outcome.USUAL
            case 503 if "Retry-After" in answer.headers:
                return Outcome.UNAVAILABLE
            case 504:
                return Outcome.TIMEOUT
            case 500 if answer.json()["type"].endswith("/internal-error"):
                return Outcome.DEFECT
        return f"{answer.status_code}: {answer.text}"

    async def _readiness(self, http: httpx.AsyncClient) -> str:
        answer = await http.get("/health/ready", timeout=60)
        return {200: Outcome.USUAL, 503: Outcome.NOT_READY}.get(answer.status_code, answer.text)

    async def _start(self) -> str:
        """Start another API, ask it once, and stop it."""
        try:
            async with running(self._settings) as url, httpx.AsyncClient(base_url=url) as http:
                ready = await self._readiness(http)
                return Outcome.STARTS if ready is Outcome.NOT_READY else ready
        except RefusedError:
            return Outcome.REFUSES
