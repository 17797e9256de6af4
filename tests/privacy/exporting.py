"""The proof of the exports: does everybody in a running stack get each mark that was sent about them, and no other?

Two tenants have people of the same names, with marks of their own; each job is about many of them, and about nobody in
particular as well. What an export gives is opened with the requester's key and searched for marks; so is, byte by byte,
the package before it is opened, and every file of the stack.
"""

import asyncio
import io
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from privacy.scanning import Hit, Marks

from slipway.exports.archive import DATA, unpack
from slipway.exports.package import decrypt_parts
from slipway_cli.keys import new_token
from slipway_cli.stack.local import LocalStack

ENVIRONMENT = {
    "SLIPWAY_WORKLOAD": "confiding:Confiding",
    "SLIPWAY_POLL_SECONDS": "1",
    "SLIPWAY_MAX_JSON_BYTES": "2000000",
    "SLIPWAY_MAX_QUEUED_INPUTS": "1000000",
    "SLIPWAY_RATE_LIMIT_PER_MINUTE": "1000000",
}
"""What the stack has to be started with."""
_AT_ONCE = 400
"""Inputs of a job."""
_CALLS = 8
_PATIENCE_SECONDS = 300.0
_RESTRICTED_EACH = 10
"""Each so many's processing is restricted: they get what is held all the same."""


@dataclass
class Recall:
    """What came of it."""

    subjects: int = 0
    planted: int = 0
    """Marks that are to be found, each in the export of one person."""
    found: int = 0
    foreign: list[str] = field(default_factory=list)
    """Marks in an export that are not that person's: there must be none."""
    readable: list[Hit] = field(default_factory=list)
    """Marks in packages that nobody has opened, and in files: there must be none."""
    answers: int = 0
    """Lines with an answer or a failure in them, as the model gave it."""
    slowest: float = 0.0
    """Seconds from asking for an export until it was ready."""

    @property
    def share(self) -> float:
        """Which share of the marks was found: 1.0 is all."""
        return self.found / self.planted if self.planted else 0.0


async def export_and_compare(
    stack: LocalStack,
    *,
    subjects: int,
    seed: int,
    rounds: int = 2,
    progress: Callable[[str], None] = lambda _: None,
) -> Recall:
    """Plant people of two tenants, have everybody of the first one exported, and compare.

    Args:
        stack: a running one with `ENVIRONMENT`.
        subjects: how many people of each tenant.
        seed: of the marks.
        rounds: inputs about each.
        progress: is told what is done next.
    """
    marks = Marks(seed)
    names = [f"{marks.new()}@example.org" for _ in range(subjects)]
    recall = Recall()
    async with await _client(stack, "exporting") as http, await _client(stack, "exporting-beside") as beside:
        asking, other = Tenant(http, marks), Tenant(beside, marks)
        progress("planting")
        for tenant in (other, asking):
            await tenant.plant(names, rounds)
        progress("exporting")
        await asking.restrict(names[::_RESTRICTED_EACH])
        await asyncio.gather(*(asking.export(name, recall) for name in names))
        progress("searching files")
        recall.readable += await asyncio.to_thread(lambda: list(marks.find_in_files(stack.folder.root)))
    return recall


async def _client(stack: LocalStack, tenant: str) -> httpx.AsyncClient:
    token = await new_token(stack.settings, tenant)
    return httpx.AsyncClient(base_url=stack.api_url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


class Tenant:
    """The people of one tenant, and what was sent about each."""

    def __init__(self, http: httpx.AsyncClient, marks: Marks) -> None:
        self._http = http
        self._marks = marks
        self._mark = re.compile(rf"{marks.beginning}n[0-9]+")
        self._wanted: dict[str, set[str]] = defaultdict(set)
        self._calls = asyncio.Semaphore(_CALLS)

    async def plant(self, names: Sequence[str], rounds: int) -> None:
        """Send jobs about them, and wait until all is answered."""
        for number in range(rounds):
            for first in range(0, len(names), _AT_ONCE):
                inputs = [self._confession(name, fails=number == 1) for name in names[first : first + _AT_ONCE]]
                body = {"inputs": [*inputs, {"text": f"tell {self._marks.new()}"}]}
                (await self._http.post("/v1/jobs", json=body)).raise_for_status()
        for state in ("queued", "running"):
            await self._until(lambda state=state: self._has_none(state), "The jobs do not come to an end.")

    async def restrict(self, names: Iterable[str]) -> None:
        """Have the processing of some of them restricted."""
        for name in names:
            subject = await self._id(name)
            (await self._http.patch(f"/v1/subjects/{subject}", json={"restricted": True})).raise_for_status()

    async def export(self, name: str, recall: Recall) -> None:
        """Have somebody exported, open it, and note what is in it."""
        key = X25519PrivateKey.generate()
        async with self._calls:
            package = await self._fetch(await self._id(name), key, recall)
        recall.readable += self._marks.find(f"the package of {name}", package)
        text, answers = await asyncio.to_thread(_opened, package, key)
        found = set(self._mark.findall(text))
        recall.subjects += 1
        recall.planted += len(self._wanted[name])
        recall.found += len(self._wanted[name] & found)
        recall.foreign += sorted(found - self._wanted[name])
        recall.answers += answers

    async def _id(self, name: str) -> str:
        found = await self._http.post("/v1/subjects/lookup", json={"subject": name})
        return str(found.raise_for_status().json()["id"])

    async def _fetch(self, subject: str, key: X25519PrivateKey, recall: Recall) -> bytes:
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        began = time.monotonic()
        asked = await self._http.post(f"/v1/subjects/{subject}/export", json={"public_key": public})
        place = asked.raise_for_status().headers["Location"]

        async def ready() -> bool:
            return bool((await self._http.get(place)).raise_for_status().json()["state"] == "ready")

        await self._until(ready, f"The export {place} does not get ready.")
        recall.slowest = max(recall.slowest, time.monotonic() - began)
        return (await self._http.get(f"{place}/package")).raise_for_status().content

    async def _has_none(self, state: str) -> bool:
        page = await self._http.get("/v1/jobs", params={"state": state, "limit": "1"})
        return page.raise_for_status().json()["jobs"] == []

    async def _until(self, happened: Callable[[], Any], complaint: str) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while not await happened():
            if time.monotonic() > until:
                raise TimeoutError(complaint)
            await asyncio.sleep(0.2)

    def _confession(self, name: str, *, fails: bool) -> dict[str, Any]:
        text, address, sin = (self._marks.new() for _ in range(3))
        self._wanted[name] |= {text, address, sin, *self._mark.findall(name)}
        contact = {"kind": "mail", "address": address}
        return {"text": f"{'fail' if fails else 'tell'} {text}", "person": name, "contact": contact, "sins": {sin: 7}}


def _opened(package: bytes, key: X25519PrivateKey) -> tuple[str, int]:
    """Return the data as text, and how many of its lines have an answer or a failure."""
    with TemporaryDirectory() as folder:
        unpack(decrypt_parts(io.BytesIO(package), key), Path(folder) / "opened")
        text = (Path(folder) / "opened" / DATA).read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    return text, sum(bool(line.get("job_items", {}).get("output")) for line in lines)
