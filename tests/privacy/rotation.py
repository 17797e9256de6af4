"""Callers of a tenant while its key is rotated, and the rotation is killed: how many of their requests fail."""

import asyncio
import base64
import json
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import text

from slipway.clock import now, use_clock
from slipway.keys.endings import memory
from slipway_cli import keybackup, rotation
from slipway_cli.database import open_database
from slipway_cli.keys import new_token
from slipway_cli.stack.local import LocalStack
from slipway_cli.tenants import find_tenant

ENVIRONMENT = {
    "SLIPWAY_WORKLOAD": "checksum:Checksum",
    "SLIPWAY_LEASE_SECONDS": "2",
    "SLIPWAY_SWEEP_SECONDS": "1",
    "SLIPWAY_RATE_LIMIT_PER_MINUTE": "100000",
    "SLIPWAY_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
}
"""What the stack has to be started with."""

_LONGEST = 60.0
_NDJSON = {"Content-Type": "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of the callers and of the key."""

    calls: int
    failures: list[str]
    """A line for each request that failed, and each answer that was not what it should be."""
    killed: int
    """Rotations that were killed in the middle: a version was ending, and some of what it wraps was wrapped anew."""
    living: int
    """Versions of the key that still open something: one, if all is well."""
    ended: int
    """Versions that were destroyed."""


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
        elif answer.status_code == httpx.codes.ACCEPTED:
            self.jobs.append(answer.headers["Location"])
        return answer

    async def fill(self, people: int) -> None:
        """Fill the tenant with people, so that a rotation takes seconds."""
        lines = "\n".join(json.dumps(scan(f"{number}", f"patient {number}")) for number in range(people))
        await self.call("POST", "/v1/jobs", content=lines, headers=_NDJSON)

    async def submit(self) -> None:
        """Submit small jobs about people who are known, and about new ones."""
        number = 0
        while not self.over:
            number += 1
            people = [f"known {number % 50}", f"new {number}", None]
            inputs = [scan(f"page {number}", person) for person in people]
            await self.call("POST", "/v1/jobs", json={"inputs": inputs}, headers=_key(f"job-{number}"))
            await asyncio.sleep(0.02)

    async def upload(self) -> None:
        """Send large uploads slowly, each longer than a rotation takes to begin."""
        while not self.over:
            await self.call("POST", "/v1/jobs", content=_slowly(1_500), headers=_NDJSON)

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
            answer = await self.call("POST", "/v1/webhooks", json=body, headers=_key(f"hook-{number}"))
            if answer.is_error:
                continue
            made = answer.json()
            path = f"/v1/webhooks/{made['id']}"
            self.expect((await self.call("GET", path)).json().get("url"), body["url"])
            await self.call("POST", f"{path}/rotate-secret", headers=_key(f"secret-{number}"))
            again = await self.call("POST", "/v1/webhooks", json=body, headers=_key(f"hook-{number}"))
            self.expect(again.json().get("id"), made["id"])
            await self.call("DELETE", path)

    async def ended(self) -> None:
        """Wait until every job has come to its end, and look whether each input has its answer."""
        for location in self.jobs:
            while (job := (await self.call("GET", location)).json())["state"] != "completed":
                await asyncio.sleep(0.05)
            self.expect((job["dead"], job["succeeded"]), (0, job["total"]))
            text = (await self.call("GET", f"{location}/results", headers={"Accept": _NDJSON["Content-Type"]})).text
            self.expect([json.loads(line)["state"] for line in text.splitlines()], ["succeeded"] * job["total"])

    def expect(self, found: object, wanted: object) -> None:
        """Note an answer that is not what it should be."""
        if found != wanted:
            self.failures.append(f"{found} instead of {wanted}"[:200])


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


async def rotate_under_load(stack: LocalStack, folder: Path, *, people: int, kills: int, seed: int) -> Trial:
    """Rotate the key of a new tenant with so many people until so many rotations were killed, then once to the end.

    Args:
        stack: one that was started with `ENVIRONMENT`, below `folder`.
        folder: the folder whose `var` it is.
        people: subjects of the tenant, to begin with.
        kills: how many rotations are killed. A worker is killed as well.
        seed: decides on the moments.
    """
    dice = random.Random(seed)
    name = f"clinic-{seed}"
    token = await new_token(stack.settings, name)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=stack.api_url, headers=headers, timeout=_LONGEST) as http:
        load = Load(http)
        await load.fill(people)
        callers = [asyncio.create_task(work()) for work in (load.submit, load.upload, load.read, load.register)]
        killed = 0
        while killed < kills:
            if await _kill_at_work(stack, folder, name, dice):
                killed += 1
            else:
                await _end(stack, folder, name)
            if killed == kills // 2:
                stack.kill("worker")
        await asyncio.to_thread(_rotate(folder, name).wait)
        await _end(stack, folder, name)
        load.over = True
        await asyncio.gather(*callers)
        await load.ended()
    versions = (await rotation.versions(stack.settings, name))[name]
    ended = sum(1 for version in versions if version.destroyed_at is not None)
    return Trial(load.calls, load.failures, killed, len(versions) - ended, ended)


async def _kill_at_work(stack: LocalStack, folder: Path, tenant: str, dice: random.Random) -> bool:
    """Start a rotation and kill it once it is at work; return whether it was killed in the middle of it."""
    before = await _left(stack, tenant)
    process = _rotate(folder, tenant)
    while process.poll() is None:
        left = await _left(stack, tenant)
        # Nobody but a rotation makes it less; and a new version makes it more.
        if left > before or 0 < left < before:
            break
        await asyncio.sleep(0.02)
    await asyncio.sleep(dice.uniform(0.0, 0.3))
    process.kill()
    process.wait()
    return await _left(stack, tenant) > 0 and process.returncode < 0


async def _left(stack: LocalStack, tenant: str) -> int:
    """Return how many keys of subjects an old version still wraps."""
    async with open_database(stack.settings) as database:
        tenant_id = await find_tenant(database, tenant)
        async with database.transaction(tenant_id) as connection:
            found = await connection.scalar(
                text("SELECT count(*) FROM subject_keys WHERE wrapped_by < (SELECT max(version) FROM tenant_keys)")
            )
    return int(found or 0)


async def _end(stack: LocalStack, folder: Path, tenant: str) -> None:
    """Back the keys up, and destroy the old version as if the memory of the processes had ended: they still have it."""
    await keybackup.back_up(stack.settings, folder / "slipway.keys")
    moment = now() + memory(stack.settings)
    with use_clock(lambda: moment):
        await rotation.rotate(stack.settings, tenant)


def _rotate(folder: Path, tenant: str) -> subprocess.Popen[bytes]:
    """Start the command, as a person does."""
    command = [sys.executable, "-m", "slipway_cli", "keys", "rotate", "--tenant", tenant]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
