"""Keys are rotated under load on the real stack, and the rotation is killed again and again: no request fails."""

import asyncio
import base64
import json
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from slipway_cli import rotation
from slipway_cli.keys import new_token
from slipway_cli.stack.local import LocalStack

PEOPLE = 6_000
KILLS = 4
SEED = 8
_RATE = 100_000


@pytest.fixture
def stack(tmp_path, monkeypatch) -> Iterator[LocalStack]:
    environment = {
        "WORKLOAD": "checksum:Checksum",
        "LEASE_SECONDS": "2",
        "SWEEP_SECONDS": "1",
        "RATE_LIMIT_PER_MINUTE": str(_RATE),
        "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    for name, value in environment.items():
        monkeypatch.setenv(f"SLIPWAY_{name}", value)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    with LocalStack(tmp_path / "var", any_ports=True) as running:
        yield running
        running.hurry()


@dataclass
class Load:
    """Callers that submit, read, register webhooks and upload slowly, until they are told to stop."""

    http: httpx.AsyncClient
    failures: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    calls: int = 0
    over: bool = False

    async def call(self, method: str, path: str, **options: object) -> httpx.Response:
        """Ask, and note what failed."""
        answer = await self.http.request(method, path, **options)  # type: ignore[arg-type]  # as httpx takes them
        self.calls += 1
        if answer.is_error:
            self.failures.append(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer

    async def submit(self) -> None:
        """Submit small jobs about people who are known, and about new ones."""
        number = 0
        while not self.over:
            number += 1
            people = [f"known {number % 50}", f"new {number}", None]
            inputs = [scan(f"page {number}", person) for person in people]
            answer = await self.call("POST", "/v1/jobs", json={"inputs": inputs}, headers=_key(f"job {number}"))
            self.jobs.append(answer.headers["Location"])
            await asyncio.sleep(0.02)

    async def upload(self) -> None:
        """Send large uploads slowly, each longer than a rotation takes to begin."""
        while not self.over:
            headers = {"Content-Type": "application/x-ndjson"}
            answer = await self.call("POST", "/v1/jobs", content=_slowly(1_500), headers=headers)
            self.jobs.append(answer.headers["Location"])

    async def read(self) -> None:
        """Read the results of jobs as they are."""
        while not self.over:
            for location in self.jobs[-20:]:
                await self.call("GET", f"{location}/results")
            await asyncio.sleep(0.02)

    async def register(self) -> None:
        """Make webhooks, look at them, give them new secrets, repeat the making, and delete them."""
        number = 0
        while not self.over:
            number += 1
            body = {"url": f"http://127.0.0.1:9/{number}", "events": ["job.cancelled"]}
            made = (await self.call("POST", "/v1/webhooks", json=body, headers=_key(f"hook {number}"))).json()
            path = f"/v1/webhooks/{made['id']}"
            assert (await self.call("GET", path)).json()["url"] == body["url"]
            await self.call("POST", f"{path}/rotate-secret", headers=_key(f"secret {number}"))
            again = await self.call("POST", "/v1/webhooks", json=body, headers=_key(f"hook {number}"))
            assert again.json()["id"] == made["id"]
            await self.call("DELETE", path)

    async def ended(self) -> None:
        """Wait until every job has come to its end, with an answer to each input."""
        for location in self.jobs:
            while (job := (await self.call("GET", location)).json())["state"] != "completed":
                await asyncio.sleep(0.05)
            assert (job["dead"], job["succeeded"]) == (0, job["total"])


def scan(text: str, person: str | None) -> dict[str, str]:
    page = {"page": base64.b64encode(text.encode()).decode()}
    return page if person is None else page | {"patient": person}


def _key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name}


async def _slowly(lines: int) -> AsyncIterator[bytes]:
    for number in range(lines):
        yield json.dumps(scan(f"slow {number}", f"known {number % 700}")).encode() + b"\n"
        if number % 100 == 0:
            await asyncio.sleep(0.1)


def rotate(folder: Path) -> subprocess.Popen[bytes]:
    """Start the command, as a person does."""
    command = [sys.executable, "-m", "slipway_cli", "keys", "rotate", "--tenant", "clinic"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


async def people(stack: LocalStack, load: Load) -> None:
    """Fill the tenant with people, so that a rotation takes seconds."""
    lines = "\n".join(json.dumps(scan(f"{number}", f"patient {number}")) for number in range(PEOPLE))
    answer = await load.call("POST", "/v1/jobs", content=lines, headers={"Content-Type": "application/x-ndjson"})
    load.jobs.append(answer.headers["Location"])


@pytest.mark.timeout(300)
async def test_no_request_fails_while_keys_are_rotated_and_the_rotation_is_killed(stack, tmp_path):
    dice = random.Random(SEED)  # when a process is killed
    token = await new_token(stack.settings, "clinic")
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=stack.api_url, headers=headers, timeout=60) as http:
        load = Load(http)
        await people(stack, load)
        callers = [asyncio.create_task(work()) for work in (load.submit, load.upload, load.read, load.register)]
        killed = 0
        while killed < KILLS:
            process = rotate(tmp_path)
            await asyncio.sleep(dice.uniform(1.0, 3.0))
            killed += process.poll() is None
            process.kill()
            process.communicate()
            if killed == KILLS // 2:
                stack.kill("worker")
        last = await asyncio.to_thread(rotate(tmp_path).communicate)
        load.over = True
        await asyncio.gather(*callers)
        await load.ended()
        for location in (load.jobs[0], load.jobs[-1]):
            text = (await load.call("GET", f"{location}/results", headers={"Accept": "application/x-ndjson"})).text
            assert {json.loads(line)["state"] for line in text.splitlines()} == {"succeeded"}

    assert load.failures == []
    assert load.calls > 100
    found = (await rotation.versions(stack.settings, "clinic"))["clinic"]
    assert b"clinic:" in last[0], last[0].decode()
    assert len(found) >= 2
    assert [version.destroyed_at is not None for version in found] == [True] * (len(found) - 1) + [False]
