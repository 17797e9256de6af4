"""Callers who want their answers later: one job after another, each of whose messages must be answered rightly."""

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass, field

import httpx

from loadtests.restart.requests import TIMEOUT_SECONDS, new_page

_MESSAGES = 500
_POLL_SECONDS = 0.25
_NDJSON = "application/x-ndjson"


@dataclass(slots=True)
class Ledger:
    """What was handed in, and what came of it."""

    jobs: int = 0
    messages: int = 0
    lost: list[str] = field(default_factory=list)
    """Messages without their right answer, and what they had instead."""


async def order(client: httpx.AsyncClient, ledger: Ledger, over: asyncio.Event) -> None:
    """Hand in a job, wait for it and check it, again and again until it is over."""
    while not over.is_set():
        pages = [new_page() for _ in range(_MESSAGES)]
        location = await _submit(client, pages)
        ledger.jobs += 1
        ledger.messages += len(pages)
        while (await _get(client, location)).json()["state"] != "completed":  # noqa: ASYNC110  # another process's
            await asyncio.sleep(_POLL_SECONDS)
        ledger.lost += await _wrong(client, location, pages)


def open_client(url: str, token: str) -> httpx.AsyncClient:
    """Return a client for jobs."""
    return httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_SECONDS)


async def _submit(client: httpx.AsyncClient, pages: list[bytes]) -> str:
    lines = "\n".join(json.dumps({"page": base64.b64encode(page).decode()}) for page in pages)
    accepted = await client.post("/v1/jobs", content=lines, headers={"Content-Type": _NDJSON})
    return accepted.raise_for_status().headers["Location"]


async def _get(client: httpx.AsyncClient, location: str, **headers: str) -> httpx.Response:
    return (await client.get(location, headers=headers)).raise_for_status()


async def _wrong(client: httpx.AsyncClient, location: str, pages: list[bytes]) -> list[str]:
    """Return the messages that have not exactly one answer, and the right one."""
    lines = (await _get(client, f"{location}/results", Accept=_NDJSON)).text.splitlines()
    found: dict[int, list[str]] = {}
    for line in lines:
        found.setdefault(json.loads(line)["ordinal"], []).append(line)
    return [f"{location}#{n}: {found.get(n)}" for n, page in enumerate(pages) if not _is_right(found.get(n, []), page)]


def _is_right(lines: list[str], page: bytes) -> bool:
    return [json.loads(line)["output"] for line in lines] == [{"sha256": hashlib.sha256(page).hexdigest()}]
