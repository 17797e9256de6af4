"""A tenant's HTTP client: it writes down every call, and what it was told."""

import asyncio
import json
import time
from collections.abc import AsyncIterable, Mapping
from typing import Any

import httpx

from chaos.records import NO_ANSWER, Call, Records

JSON, NDJSON = "application/json", "application/x-ndjson"
_TIMEOUT_SECONDS = 30.0
_LONGEST_PAUSE_SECONDS = 5.0


class Client:
    """Calls the API with one key."""

    def __init__(self, base_url: str, token: str, records: Records) -> None:
        limits = httpx.Limits(max_connections=1_200, max_keepalive_connections=20)
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.AsyncClient(base_url=base_url, headers=headers, timeout=_TIMEOUT_SECONDS, limits=limits)
        self._records = records

    async def aclose(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        route: str,
        content: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response | None:
        """Return the answer, or None when there was none; either is recorded."""
        at, began = time.time(), time.monotonic()
        try:
            answer = await self._http.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            self._note(at, began, route, NO_ANSWER, type(error).__name__)
            return None
        self._note(at, began, route, answer.status_code, answer.text[:200] if answer.status_code >= 500 else "")
        return answer

    def _note(self, at: float, began: float, route: str, status: int, detail: str) -> None:
        self._records.calls.append(Call(at, time.monotonic() - began, route, status, detail))


def lines(texts: list[str]) -> bytes:
    """Return texts as an NDJSON upload."""
    return b"".join(json.dumps({"text": text}).encode() + b"\n" for text in texts)


def document(texts: list[str]) -> bytes:
    """Return texts as a JSON body."""
    return json.dumps({"inputs": [{"text": text} for text in texts]}).encode()


async def pause(answer: httpx.Response | None) -> None:
    """Wait as long as an answer asks for, within limits; a second when there was none."""
    asked = answer.headers.get("Retry-After", "1") if answer is not None else "1"
    await asyncio.sleep(min(float(asked), _LONGEST_PAUSE_SECONDS))


def told(answer: httpx.Response) -> dict[str, Any]:
    """Return the job that an answer tells of."""
    job: dict[str, Any] = answer.json()
    return job
