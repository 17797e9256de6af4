"""Marked personal values through every endpoint of a real stack: do any appear where they must not?

`leaked(folder, seed)` starts the stack below a folder, and returns how often. Searched are all logs, exported traces,
metrics, what Redis was told and holds, webhooks, error answers, listings, and every file that the stack writes,
PostgreSQL's included.
"""

import asyncio
import base64
import json
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from privacy.collecting import Collected, collecting, everything_in, monitoring
from privacy.orders import JSON, NIL, Order, Orders, broken
from privacy.scanning import Hit, Marks

from slipway_cli.keys import new_token
from slipway_cli.servers.ports import LOCALHOST
from slipway_cli.stack.local import LocalStack

WORKLOADS = Path(__file__).parents[1] / "workloads"
PREDICT = "POST /v1/confiding"
OWN_DATA = frozenset(
    {
        PREDICT,
        "GET /v1/jobs/{job_id}/results",
        "POST /v1/webhooks",
        "GET /v1/webhooks",
        "GET /v1/webhooks/{webhook_id}",
        "PATCH /v1/webhooks/{webhook_id}",
        "POST /v1/webhooks/{webhook_id}/rotate-secret",
    }
)
"""Operations whose good answers give callers their own data: results, or the URL of a webhook. Their errors do not."""
_FOLLOWED = "/v1/subjects/{subject_id}/requests/{request_id}"
_ERROR = 400
_PATIENCE_SECONDS = 90.0
_SETTINGS = {
    "SLIPWAY_WORKLOAD": "confiding:Confiding",
    "SLIPWAY_LEASE_SECONDS": "2",
    "SLIPWAY_SWEEP_SECONDS": "1",
    "SLIPWAY_POLL_SECONDS": "1",
    "SLIPWAY_MAX_JSON_BYTES": "2000000",
    "SLIPWAY_MAX_WEBHOOKS": "100",
    "SLIPWAY_MAX_JOB_INPUTS": "1500",
    "SLIPWAY_MAX_QUEUED_INPUTS": "1500",
    "SLIPWAY_RATE_LIMIT_PER_MINUTE": "1000000",
    "SLIPWAY_TRACE_RATIO": "1",
    "SLIPWAY_TRACES_PER_SECOND": "1000",
    "SLIPWAY_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
}


@dataclass
class Leaks:
    """What was sent, and what was found."""

    hits: list[Hit] = field(default_factory=list)
    """There must be none."""
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    """How often each operation was answered with each status; 0: the connection ended without an answer."""
    searched: Counter[str] = field(default_factory=Counter)
    """Bytes by place."""
    marks: int = 0
    """How many different values were sent."""
    returned: int = 0
    """Answers in which callers got their own values back, as they should: the values do pass through the stack."""

    def search(self, marks: Marks, place: str, content: bytes) -> None:
        """Look for marks in what came from a place."""
        self.searched[place.partition(":")[0]] += len(content)
        self.hits += marks.find(place, content)


def leaked(folder: Path, seed: int) -> int:
    """Return how often a mark was found: see `find_leaks`."""
    return len(find_leaks(folder, seed).hits)


def find_leaks(folder: Path, seed: int) -> Leaks:
    """Start a stack below an empty folder, send marks of a seed through it, stop it, and search everywhere."""
    marks, leaks = Marks(seed), Leaks()
    with collecting() as collected, _environment(collected.url):
        with LocalStack(folder, any_ports=True) as stack:
            token = asyncio.run(new_token(stack.settings, "leaks"))
            redis_url = stack.settings.redis_url.get_secret_value()
            with monitoring(redis_url, collected):
                asyncio.run(_Client(stack, collected, marks, leaks, token).send_everything())
            _search_live(stack, marks, leaks)
            leaks.search(marks, "Redis", everything_in(redis_url))
            asyncio.run(_Client(stack, collected, marks, leaks, token).send_in_outages())
            _search_live(stack, marks, leaks)
        _search_wires(collected, marks, leaks)
    leaks.hits += marks.find_in_files(folder)
    leaks.searched["files"] = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    leaks.marks = marks.count
    return leaks


@contextmanager
def _environment(collector: str) -> Iterator[None]:
    before = dict(os.environ)
    try:
        for name in [name for name in os.environ if name.startswith("SLIPWAY_")]:
            del os.environ[name]
        path = os.pathsep.join([str(WORKLOADS), *sys.path])
        os.environ.update(_SETTINGS | {"SLIPWAY_OTLP_ENDPOINT": collector, "PYTHONPATH": path})
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _search_live(stack: LocalStack, marks: Marks, leaks: Leaks) -> None:
    assert stack._plan
    for name, port in stack._plan.metrics_ports.items():
        if name in stack.processes:
            shown = httpx.get(f"http://{LOCALHOST}:{port}/metrics", timeout=10)
            leaks.search(marks, f"metrics: {name}", shown.content)


def _search_wires(collected: Collected, marks: Marks, leaks: Leaks) -> None:
    for place, contents in (
        ("spans", collected.spans),
        ("webhooks", collected.webhooks),
        ("commands to Redis", collected.commands),
    ):
        for content in contents:
            leaks.search(marks, place, content)


class _Client:
    """Sends the orders, and looks at the answers."""

    def __init__(self, stack: LocalStack, collected: Collected, marks: Marks, leaks: Leaks, token: str) -> None:
        self._stack = stack
        self._receiver = collected.url
        self._marks = marks
        self._leaks = leaks
        self._key = {"Authorization": f"Bearer {token}"}

    async def send_everything(self) -> None:
        """Send every order to every operation, wait for the jobs, and look at all listings."""
        async with self._client() as http:
            document, ids = await self._prepare(http)
            orders = Orders(document, self._marks.new, ids, self._receiver)
            for method, path in _operations(document):
                for order in orders.of(method, path):
                    await self._send(http, order)
            for what, content in broken(self._marks.new, self._key["Authorization"]):
                answer = await asyncio.to_thread(_exchange, self._stack.api_url, content)
                self._leaks.search(self._marks, f"errors: {what}", answer)
            await self._wait_for_jobs(http)
            await self._read_listings(http)

    async def send_in_outages(self) -> None:
        """Send proper orders to every operation while Redis, then PostgreSQL, is away."""
        async with self._client() as http:
            document, ids = await self._prepare(http)
            for server in ("redis", "postgres"):
                self._stack.halt(server)
                orders = Orders(document, self._marks.new, ids, self._receiver)
                for method, path in _operations(document):
                    for order in list(orders.proper(method, path))[:1]:
                        await self._send(http, order)
                self._stack.resume(server)
                await asyncio.to_thread(self._stack.wait_ready)
            await self._wait_for_jobs(http)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._stack.api_url, timeout=20)

    async def _prepare(self, http: httpx.AsyncClient) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the document, and ids of a job, a person in it and their export, a webhook and a delivery."""
        document = (await http.get("/openapi.json")).json()
        texts = [f"{word} {self._marks.new()}" for word in ("tell", "fail")]
        inputs = [{"text": text, "person": self._marks.new()} for text in texts]
        body: dict[str, Any] = {"inputs": inputs}
        job = (await http.post("/v1/jobs", json=body, headers=self._key)).raise_for_status().json()
        body = {"url": f"{self._receiver}/{self._marks.new()}?{self._marks.new()}", "events": ["job.completed"]}
        hook = (await http.post("/v1/webhooks", json=body, headers=self._key)).raise_for_status().json()
        sent = (await http.post(f"/v1/webhooks/{hook['id']}/test", headers=self._key)).raise_for_status().json()
        await self._wait_for_jobs(http)
        ids = {"job_id": job["id"], "webhook_id": hook["id"], "delivery_id": sent.get("id", NIL)}
        subject = await self._put_right(http, job["id"], inputs[0]["person"])
        ids |= {"subject_id": subject, "export_id": await self._export(http, subject)}
        return document, ids | {_FOLLOWED: await self._erase(http, inputs[1]["person"])}

    async def _erase(self, http: httpx.AsyncClient, person: str) -> str:
        """Ask for the erasure of a person, by their name; return where it is followed."""
        answer = await http.delete(f"/v1/subjects/{person}", headers=self._key)
        self._leaks.answers["DELETE /v1/subjects/{subject_id}", answer.status_code] += 1
        self._leaks.search(self._marks, "answers: DELETE /v1/subjects/{subject_id}", answer.content)
        return answer.raise_for_status().headers["Location"]

    async def _put_right(self, http: httpx.AsyncClient, job_id: str, person: str) -> str:
        """Correct an input about a person, with marks; return the person's id."""
        found = await http.post("/v1/subjects/lookup", json={"subject": person}, headers=self._key)
        self._leaks.answers["POST /v1/subjects/lookup", found.status_code] += 1
        subject = str(found.raise_for_status().json()["id"])
        right = {"text": f"tell {self._marks.new()}", "person": person, "sins": {self._marks.new(): 1}}
        body = json.dumps({"job_id": job_id, "ordinal": 0, "input": right}).encode()
        path, kind = f"/v1/subjects/{subject}/rectify", {"Content-Type": JSON}
        await self._send(http, Order("POST /v1/subjects/{subject_id}/rectify", "right", "POST", path, kind, body=body))
        return subject

    async def _export(self, http: httpx.AsyncClient, subject: str) -> str:
        """Have all that is held about a person exported; return the export's id once it can be fetched."""
        public = base64.b64encode(X25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
        asked = await http.post(f"/v1/subjects/{subject}/export", json={"public_key": public}, headers=self._key)
        self._leaks.answers["POST /v1/subjects/{subject_id}/export", asked.status_code] += 1
        place, until = asked.raise_for_status().headers["Location"], time.monotonic() + _PATIENCE_SECONDS
        while (await http.get(place, headers=self._key)).raise_for_status().json()["state"] != "ready":
            if time.monotonic() > until:
                raise TimeoutError("The export does not get ready.")
            await asyncio.sleep(0.2)
        return str(asked.json()["id"])

    async def _send(self, http: httpx.AsyncClient, order: Order) -> None:
        headers = dict(order.headers) if order.anonymous else self._key | dict(order.headers)
        try:
            async with asyncio.timeout(10):
                answer = await http.request(
                    order.method, order.path, headers=headers, params=dict(order.params), content=order.body
                )
        except (httpx.HTTPError, TimeoutError):
            self._leaks.answers[order.operation, 0] += 1
            return
        self._leaks.answers[order.operation, answer.status_code] += 1
        place = f"{'errors' if answer.status_code >= _ERROR else 'answers'}: {order.operation}, {order.what}"
        self._leaks.search(self._marks, place, str(answer.headers.multi_items()).encode())
        if answer.status_code >= _ERROR or order.operation not in OWN_DATA:
            self._leaks.search(self._marks, place, answer.content)
        elif self._marks.beginning in answer.text:
            self._leaks.returned += 1

    async def _wait_for_jobs(self, http: httpx.AsyncClient) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while not all([await self._has_none(http, state) for state in ("receiving", "queued", "running")]):
            if time.monotonic() > until:
                raise TimeoutError("There are jobs that do not come to an end.")
            await asyncio.sleep(0.2)

    async def _has_none(self, http: httpx.AsyncClient, state: str) -> bool:
        """Tell whether no job is in a state; while nobody can say, one may be."""
        answer = await http.get("/v1/jobs", params={"state": state, "limit": "1"}, headers=self._key)
        return answer.is_success and answer.json()["jobs"] == []

    async def _read_listings(self, http: httpx.AsyncClient) -> None:
        cursor: str | None = ""
        while cursor is not None:
            params = {"limit": "100", **({"cursor": cursor} if cursor else {})}
            page = (await http.get("/v1/jobs", params=params, headers=self._key)).raise_for_status()
            self._leaks.search(self._marks, "listings: jobs", page.content)
            for job in page.json()["jobs"]:
                shown = await http.get(f"/v1/jobs/{job['id']}", headers=self._key)
                self._leaks.search(self._marks, "listings: job", shown.content)
            cursor = page.json()["next"]
        for webhook in (await http.get("/v1/webhooks", headers=self._key)).json()["webhooks"]:
            shown = await http.get(f"/v1/webhooks/{webhook['id']}/deliveries", headers=self._key)
            self._leaks.search(self._marks, "listings: deliveries", shown.content)


def _exchange(url: str, content: bytes) -> bytes:
    """Return what is answered to bytes that are followed by nothing."""
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port or 80), timeout=10) as connection:
        with suppress(OSError):
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            return b"".join(iter(lambda: connection.recv(65_536), b""))
    return b""


def _operations(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (method, path), what deletes last: until then there is something to ask for."""
    found = [(method, path) for path, methods in document["paths"].items() for method in methods]
    return sorted(found, key=lambda operation: (operation[0] == "delete", operation[1].endswith("cancel"), operation))
