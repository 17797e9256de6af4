"""Callers who want an answer now: each request is sent once, and must be answered."""

import asyncio
import base64
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

TIMEOUT_SECONDS = 30.0


@dataclass(slots=True)
class Tally:
    """What became of the requests."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who sends one request after another."""

    pause: float
    """Seconds between an answer and the next request."""
    keeps: bool
    """Whether on the same connection, for as long as the server lets it."""


CALLERS = (
    *[Caller(0.1, keeps=True)] * 3,
    Caller(0.5, keeps=True),
    Caller(2.0, keeps=True),
    *[Caller(0.1, keeps=False)] * 2,
)
"""Together fewer than the model takes at a time: nobody may be turned away for overload."""


def new_page() -> bytes:
    """Return a page that was never seen before, and does not begin as what the workload takes for an instruction."""
    return b"page " + uuid4().bytes


async def call(url: str, token: str, caller: Caller, tally: Tally, over: asyncio.Event) -> None:
    """Send requests until it is over."""
    async with _clients(url, token, caller) as client:
        while not over.is_set():
            page = new_page()
            began = time.perf_counter()
            failure = await _ask(client, page)
            tally.seconds.append(time.perf_counter() - began)
            if failure:
                tally.failures.append(failure)
            await asyncio.sleep(caller.pause)


@asynccontextmanager
async def _clients(url: str, token: str, caller: Caller) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client that sends nothing twice; one that does not keep connections makes a new one for each request."""
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=int(caller.keeps))
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.AsyncHTTPTransport(limits=limits, retries=0)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS, transport=transport) as client:
        yield client


async def _ask(client: httpx.AsyncClient, page: bytes) -> str | None:
    """Return what was wrong with the answer; None: nothing."""
    try:
        answer = await client.post("/v1/checksum", json={"inputs": [{"page": base64.b64encode(page).decode()}]})
    except httpx.HTTPError as error:
        return repr(error)
    if answer.status_code != httpx.codes.OK:
        return f"{answer.status_code} {answer.text}"
    right = answer.json() == {"results": [{"sha256": hashlib.sha256(page).hexdigest()}]}
    return None if right else f"wrong answer: {answer.text}"
