"""What a change in a real Unleash server does to a running stack, and how soon.

Each check leaves the flags as they are declared.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Any

import httpx

from slipway.flags import Flag

LIVE_SECONDS = 15.0
"""Within this a change in Unleash holds everywhere."""
_IN_A_ROW = 10
"""So many answers alike: several processes serve the address."""
_WAITS_SECONDS = 5.0
_JOB_SECONDS = 60.0
_INPUTS = {"inputs": [{"text": "I was charged twice for invoice 4711"}]}


class UnleashAdmin:
    """The flags of one environment, changed as a person would."""

    def __init__(self, http: httpx.AsyncClient, environment: str) -> None:
        self._http = http
        self._environment = environment

    async def switch(self, flag: Flag, *, on: bool) -> None:
        (await self._http.post(f"{self._place(flag)}/{'on' if on else 'off'}")).raise_for_status()

    async def split(self, flag: Flag, variants: dict[str, str]) -> None:
        """Split all tenants evenly over variants, by name and payload; none: as declared."""
        (strategy,) = (await self._http.get(f"{self._place(flag)}/strategies")).raise_for_status().json()
        rows = [
            {"name": name, "weight": 0, "weightType": "variable", "stickiness": "userId", "payload": _text(payload)}
            for name, payload in variants.items()
        ]
        changed = {"name": strategy["name"], "parameters": strategy["parameters"], "variants": rows}
        address = f"{self._place(flag)}/strategies/{strategy['id']}"
        (await self._http.put(address, json=changed)).raise_for_status()

    def _place(self, flag: Flag) -> str:
        return f"/admin/projects/default/features/{flag.flag}/environments/{self._environment}"


@asynccontextmanager
async def opened(
    api_url: str,
    api_key: str,
    unleash_url: str,
    admin_token: str,
    *,
    ca: SSLContext | bool = True,
    environment: str = "production",
) -> AsyncIterator[tuple[httpx.AsyncClient, UnleashAdmin]]:
    """Open a tenant's client, and the flags.

    Args:
        api_url: where the API or its gateway is.
        api_key: a key with all scopes.
        unleash_url: as in `SLIPWAY_UNLEASH_URL`, with `/api` at its end.
        admin_token: one of `INIT_ADMIN_API_TOKENS`, or a personal access token.
        ca: what the API's certificate is checked with.
        environment: that of the services' token.
    """
    key, admin = {"Authorization": f"Bearer {api_key}"}, {"Authorization": admin_token}
    async with (
        httpx.AsyncClient(base_url=api_url, headers=key, verify=ca, timeout=30) as api,
        httpx.AsyncClient(base_url=unleash_url, headers=admin, timeout=30) as http,
    ):
        yield api, UnleashAdmin(http, environment)


async def kill_switches_work(api: httpx.AsyncClient, flags: UnleashAdmin) -> dict[str, float]:
    """Switch off, and on again, what callers meet at once; return the seconds that each took to be off everywhere."""
    job = await _submit(api)
    operations: dict[Flag, Callable[[], Awaitable[httpx.Response]]] = {
        Flag.SYNC_PREDICT: lambda: _predict(api),
        Flag.JOB_INTAKE: lambda: api.post("/v1/jobs", json=_INPUTS),
        Flag.JOB_UPLOADS: lambda: _upload(api),
        Flag.EVENT_STREAMS: lambda: _watch(api, job),
    }
    took = {}
    for flag, operation in operations.items():
        try:
            await flags.switch(flag, on=False)
            took[flag.flag], refused = await _all_are(503, operation)
            assert refused.headers["content-type"] == "application/problem+json", refused.text
            assert int(refused.headers["retry-after"]) > 0
        finally:
            await flags.switch(flag, on=True)
        await _all_are(None, operation)
    return took


async def jobs_wait(api: httpx.AsyncClient, flags: UnleashAdmin) -> None:
    """Switch the processing of jobs off: a job is accepted and waits; on again: it is done, and nothing is lost."""
    try:
        await flags.switch(Flag.JOB_PROCESSING, on=False)
        await asyncio.sleep(LIVE_SECONDS)
        location = await _submit(api)
        await asyncio.sleep(_WAITS_SECONDS)
        waiting = (await api.get(location)).raise_for_status().json()
        assert waiting["state"] == "queued", waiting
    finally:
        await flags.switch(Flag.JOB_PROCESSING, on=True)
    async with asyncio.timeout(_JOB_SECONDS):
        while (job := (await api.get(location)).raise_for_status().json())["state"] != "completed":
            await asyncio.sleep(0.2)
    assert job["succeeded"] == job["total"], job


async def variants_are_sticky(
    tenants: Sequence[httpx.AsyncClient], flags: UnleashAdmin, payloads: dict[str, str]
) -> list[str]:
    """Split the tenants over models; return which model answered each, always the same one.

    Args:
        tenants: clients of different tenants.
        flags: the server.
        payloads: for each variant, how `SLIPWAY_MODEL` or `SLIPWAY_MODEL_VARIANTS` names its model.
    """
    usual = [await _model(tenant) for tenant in tenants]
    assert len(set(usual)) == 1, usual
    try:
        await flags.split(Flag.MODEL_VARIANT, payloads)
        await flags.switch(Flag.MODEL_VARIANT, on=True)
        await asyncio.sleep(LIVE_SECONDS)
        first = [await _model(tenant) for tenant in tenants]
        for _ in range(_IN_A_ROW):
            assert [await _model(tenant) for tenant in tenants] == first
    finally:
        await flags.switch(Flag.MODEL_VARIANT, on=False)
        await flags.split(Flag.MODEL_VARIANT, {})
    await asyncio.sleep(LIVE_SECONDS)
    assert [await _model(tenant) for tenant in tenants] == usual
    return first


async def _all_are(
    status: int | None, operation: Callable[[], Awaitable[httpx.Response]]
) -> tuple[float, httpx.Response]:
    """Wait until answers in a row have a status (None: a good one); return the seconds until the first of them."""
    began, since, alike = time.monotonic(), 0.0, 0
    while alike < _IN_A_ROW:
        answer = await operation()
        holds = answer.is_success if status is None else answer.status_code == status
        since = since if alike else time.monotonic() - began
        alike = alike + 1 if holds else 0
        assert alike or time.monotonic() - began < LIVE_SECONDS, f"still {answer.status_code}: {answer.text}"
        await asyncio.sleep(0.1)
    return since, answer


async def _workload(api: httpx.AsyncClient) -> str:
    found: list[dict[str, Any]] = (await api.get("/v1/models")).raise_for_status().json()["models"]
    return str(found[0]["workload"])


async def _predict(api: httpx.AsyncClient) -> httpx.Response:
    return await api.post(f"/v1/{await _workload(api)}", json=_INPUTS)


async def _model(api: httpx.AsyncClient) -> str:
    return (await _predict(api)).raise_for_status().headers["slipway-model"]


async def _upload(api: httpx.AsyncClient) -> httpx.Response:
    headers = {"Content-Type": "application/x-ndjson"}
    return await api.post("/v1/jobs", content='{"text": "Where is my parcel?"}\n', headers=headers)


async def _submit(api: httpx.AsyncClient) -> str:
    return (await api.post("/v1/jobs", json=_INPUTS)).raise_for_status().headers["location"]


async def _watch(api: httpx.AsyncClient, location: str) -> httpx.Response:
    return await api.get(f"{location}/events")


def _text(payload: str) -> dict[str, str]:
    return {"type": "string", "value": payload}
