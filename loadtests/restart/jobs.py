"""Callers who want their answers later: one job after another, each of whose messages must be answered rightly."""

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass
from uuid import uuid4

import httpx

from loadtests.restart.requests import TIMEOUT_SECONDS

_MESSAGES = 500
_POLL_SECONDS = 0.25
_NDJSON = "application/x-ndjson"


@dataclass(slots=True)
class Ledger:
    """What was handed in, and what came of it."""

    jobs: int = 0
    messages: int = 0
    lost: int = 0
    """Messages without their right answer."""


async def order(client: httpx.AsyncClient, ledger: Ledger, over: asyncio.Event) -> None:
    """Hand in a job, wait for it and check it, again and again until it is over."""
    while not over.is_set():
        pages = [uuid4().bytes for _ in range(_MESSAGES)]
        location = await _submit(client, pages)
        ledger.jobs += 1
        ledger.messages += len(pages)
        while (await _get(client, location)).json()["state"] != "completed":  # noqa: ASYNC110  # another process's
            await asyncio.sleep(_POLL_SECONDS)
        ledger.lost += len(pages) - await _right(client, location, pages)


def open_client(url: str, token: str) -> httpx.AsyncClient:
    """Return a client for jobs."""
    return httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_SECONDS)


async def _submit(client: httpx.AsyncClient, pages: list[bytes]) -> str:
    lines = "\n".join(json.dumps({"page": base64.b64encode(page).decode()}) for page in pages)
    accepted = await client.post("/v1/jobs", content=lines, headers={"Content-Type": _NDJSON})
    return accepted.raise_for_status().headers["Location"]


async def _get(client: httpx.AsyncClient, location: str, **headers: str) -> httpx.Response:
    return (await client.get(location, headers=headers)).raise_for_status()


async def _right(client: httpx.AsyncClient, location: str, pages: list[bytes]) -> int:
    """Return how many messages have exactly one answer, and the right one."""
    lines = [json.loads(line) for line in (await _get(client, f"{location}/results", Accept=_NDJSON)).text.splitlines()]
    answers = {line["ordinal"]: line.get("output") for line in lines}
    if len(answers) != len(lines):
        return 0
    return sum(answers.get(n) == {"sha256": hashlib.sha256(page).hexdigest()} for n, page in enumerate(pages))
