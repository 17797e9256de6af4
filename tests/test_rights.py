"""Restriction, objection and rectification on the real stack, while a worker of its own has the inputs in hand."""

import asyncio
import base64
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from slipway_cli.keys import new_token
from slipway_cli.stack.local import LocalStack

ANNA, BEN = "anna@example.com", "ben@example.com"
PATIENCE_SECONDS = 45.0
"""The model takes a minute for a page that hangs: what ends sooner was stopped."""
ENVIRONMENT = {
    "SLIPWAY_WORKLOAD": "checksum:Patient",
    "SLIPWAY_POLL_SECONDS": "1",
    "PYTHONPATH": os.pathsep.join(sys.path),
}


@pytest.fixture
def stack(tmp_path, monkeypatch) -> Iterator[LocalStack]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with LocalStack(tmp_path / "var", any_ports=True) as running:
        yield running
        running.hurry()


@pytest.fixture
async def http(stack):
    headers = {"Authorization": f"Bearer {await new_token(stack.settings, 'rights')}"}
    async with httpx.AsyncClient(base_url=stack.api_url, headers=headers, timeout=30) as client:
        yield client


def page(content: str, patient: str) -> dict[str, str]:
    return {"page": base64.b64encode(content.encode()).decode(), "patient": patient}


def sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


async def submitted(http: httpx.AsyncClient, *inputs: dict[str, str]) -> str:
    answer = (await http.post("/v1/jobs", json={"inputs": inputs})).raise_for_status()
    return str(answer.headers["location"])


async def becomes(http: httpx.AsyncClient, job: str, state: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_SECONDS
    while (found := (await http.get(job)).raise_for_status().json())["state"] != state:
        assert time.monotonic() < until, found
        await asyncio.sleep(0.05)
    return dict(found)


async def results(http: httpx.AsyncClient, job: str) -> list[str]:
    found = (await http.get(f"{job}/results")).raise_for_status().json()["results"]
    return [each["output"]["sha256"] if each["output"] else each["error"]["code"] for each in found]


async def change(http: httpx.AsyncClient, name: str, **wanted: bool) -> str:
    found = (await http.post("/v1/subjects/lookup", json={"subject": name})).raise_for_status().json()
    (await http.patch(f"/v1/subjects/{found['id']}", json=wanted)).raise_for_status()
    return str(found["id"])


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("state", "code"), [("restricted", "processing_restricted"), ("objected", "processing_objected")]
)
async def test_what_a_worker_has_in_hand_and_what_waits_behind_it_obeys(stack, http, state, code):
    running = await submitted(http, page("a", BEN), page("hang", ANNA), page("b", BEN))
    await becomes(http, running, "running")
    waiting = [await submitted(http, page(f"{number}", ANNA), page("c", BEN)) for number in range(3)]

    subject = await change(http, ANNA, **{state: True})

    for job in (running, *waiting):
        assert (await becomes(http, job, "completed"))["dead"] == 1
    assert await results(http, running) == [sha256("a"), code, sha256("b")]
    assert [await results(http, job) for job in waiting] == [[code, sha256("c")]] * 3
    assert all("hang" not in log.read_text() for log in stack.folder.logs())

    right = {"job_id": running.rpartition("/")[2], "ordinal": 1, "input": page("no longer", ANNA)}
    (await http.patch(f"/v1/subjects/{subject}", json={state: False})).raise_for_status()
    (await http.post(f"/v1/subjects/{subject}/rectify", json=right)).raise_for_status()
    await becomes(http, running, "completed")
    assert await results(http, running) == [sha256("a"), sha256("no longer"), sha256("b")]
    (await http.post(f"{waiting[0]}/retry")).raise_for_status()
    await becomes(http, waiting[0], "completed")
    assert await results(http, waiting[0]) == [sha256("0"), sha256("c")]


@pytest.mark.timeout(240)
async def test_a_wrong_input_that_a_worker_has_in_hand_is_answered_as_it_was_put_right(http):
    job = await submitted(http, page("hang", ANNA), page("b", BEN))
    await becomes(http, job, "running")
    subject = (await http.post("/v1/subjects/lookup", json={"subject": ANNA})).json()["id"]

    right = {"job_id": job.rpartition("/")[2], "ordinal": 0, "input": page("right", ANNA)}
    (await http.post(f"/v1/subjects/{subject}/rectify", json=right)).raise_for_status()

    await becomes(http, job, "completed")
    assert await results(http, job) == [sha256("right"), sha256("b")]
