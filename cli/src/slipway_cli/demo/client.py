"""Sends the messages as a customer's program would: through the public API, with a key."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from slipway_cli.demo.messages import Message

CONCURRENCY = 16
"""Requests that are under way at a time on the synchronous route, of one message each."""
_POLL_SECONDS = 0.1
_BUSY = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
_TRIES = 10

Answer = dict[str, Any]
Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class SyncRun:
    """What the synchronous route answered, and how fast."""

    answers: list[Answer]
    seconds: float
    latencies_ms: list[float]


@dataclass(frozen=True, slots=True)
class JobRun:
    """What the job answered, and how fast."""

    answers: list[Answer]
    seconds: float


async def run_sync(api: httpx.AsyncClient, messages: Sequence[Message], advance: Advance) -> SyncRun:
    """Send each message in a request of its own, some at a time."""
    await _predict(api, messages[0])
    slots, began = asyncio.Semaphore(CONCURRENCY), time.perf_counter()

    async def send(message: Message) -> tuple[Answer, float]:
        async with slots:
            sent = time.perf_counter()
            answer = await _predict(api, message)
            advance(1)
            return answer, (time.perf_counter() - sent) * 1000

    answered = await asyncio.gather(*(send(message) for message in messages))
    seconds = time.perf_counter() - began
    return SyncRun([answer for answer, _ in answered], seconds, [latency for _, latency in answered])


async def run_job(api: httpx.AsyncClient, messages: Sequence[Message], advance: Advance) -> JobRun:
    """Send all messages as one job, watch it, and fetch its results."""
    began = time.perf_counter()
    lines = "\n".join(json.dumps(message.input) for message in messages)
    headers = {"Content-Type": "application/x-ndjson"}
    accepted = _checked(await api.post("/v1/jobs", content=lines.encode(), headers=headers))
    await _watch(api, accepted.headers["Location"], advance)
    seconds = time.perf_counter() - began
    results = await api.get(f"{accepted.headers['Location']}/results", headers={"Accept": "application/x-ndjson"})
    return JobRun([json.loads(line)["output"] for line in _checked(results).text.splitlines()], seconds)


async def _watch(api: httpx.AsyncClient, location: str, advance: Advance) -> None:
    done, state = 0, "queued"
    while state in {"queued", "running"}:
        await asyncio.sleep(_POLL_SECONDS)
        job = _checked(await api.get(location)).json()
        state, before, done = job["state"], done, job["succeeded"] + job["dead"]
        advance(done - before)


async def _predict(api: httpx.AsyncClient, message: Message) -> Answer:
    for _ in range(_TRIES):
        response = await api.post("/v1/triage", json={"inputs": [message.input]})
        if response.status_code not in _BUSY:
            break
        await asyncio.sleep(float(response.headers.get("Retry-After", "1")))  # a small machine, told to come back
    answer: Answer = _checked(response).json()["results"][0]
    return answer


def _checked(response: httpx.Response) -> httpx.Response:
    return response.raise_for_status()
