"""What a run must show besides a clean audit: Redis that is not missed, a herd, and a tenant that is not starved."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import cycle
from typing import Self

import httpx

from chaos.client import NDJSON, lines
from chaos.faults import Injected
from chaos.records import Records
from chaos.schedule import Kind
from chaos.stage import Stage
from chaos.watch import Watch

HERD = 1_000
FAIR_SECONDS = 10.0
_GREEDY_JOBS, _GREEDY_MESSAGES, _MODEST_MESSAGES = 10, 10_000, 10
_EDGE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One of the promises, and whether it held."""

    name: str
    held: bool
    found: str


def redis_bars(injected: list[Injected], records: Records, watch: Watch, down: list[tuple[float, float]]) -> list[Bar]:
    """Judge the outages of Redis: jobs accepted, reads answered, no 5xx of Redis's making, answers written."""
    return [_redis_bar(outage, records, watch, down) for outage in injected if outage.kind is Kind.REDIS_OUTAGE]


def _redis_bar(outage: Injected, records: Records, watch: Watch, down: list[tuple[float, float]]) -> Bar:
    begin, end = outage.at + _EDGE_SECONDS, outage.until
    calls = [
        call
        for call in records.calls
        if begin <= call.at and call.until <= end and not any(b <= call.until and call.at <= e for b, e in down)
    ]
    told = Counter((call.route, call.status) for call in calls)
    failed = sum(call.failed for call in calls)
    advanced = watch.written_between(begin, end)
    accepted, read = told["submit", 202], told["read", 200]
    held = bool(accepted and read and advanced and not failed)
    found = f"{accepted} jobs accepted, {read} reads, {failed} failures, {advanced:,} messages answered"
    return Bar(f"Redis down for {outage.until - outage.at:.0f} s", held, found)


class Crowd:
    """Many clients of one tenant. A single one would be busy with its own thousand connections."""

    _CLIENTS = 25

    def __init__(self, base_url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": NDJSON}
        each = httpx.Limits(max_connections=HERD // self._CLIENTS)
        self._clients = [
            httpx.AsyncClient(base_url=base_url, headers=headers, timeout=60, limits=each, verify=False)
            for _ in range(self._CLIENTS)
        ]
        self._turn = cycle(self._clients)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        for client in self._clients:
            await client.aclose()

    async def post(self, body: bytes, key: str) -> httpx.Response:
        """Send a job under an Idempotency-Key."""
        return await next(self._turn).post("/v1/jobs", content=body, headers={"Idempotency-Key": key})


Post = Callable[[bytes, str], Awaitable[httpx.Response]]


async def herd_bar(post: Post, body: bytes, other: bytes, key: str, count: int = HERD) -> Bar:
    """Post the same body `count` times at once under one key, then another body under the same key.

    Args:
        post: sends a body under a key, and returns the answer.
        body: what is posted.
        other: another body, to be refused.
        key: the Idempotency-Key.
        count: how many at once.
    """
    answers = await asyncio.gather(*(post(body, key) for _ in range(count)))
    told = Counter(answer.status_code for answer in answers)
    jobs = {answer.json()["id"] for answer in answers if answer.status_code == 202}
    first = sum(answer.status_code == 202 and "Idempotency-Replayed" not in answer.headers for answer in answers)
    repeat, changed = await post(body, key), await post(other, key)
    held = (
        len(jobs) == 1
        and first == 1
        and set(told) <= {202, 409}
        and repeat.status_code == 202
        and repeat.json()["id"] in jobs
        and changed.status_code == 422
    )
    found = f"{len(jobs)} job, answers {dict(told)}, later {repeat.status_code}, another body {changed.status_code}"
    return Bar(f"{count:,} posts at once with one Idempotency-Key", held, found)


@dataclass(frozen=True, slots=True)
class Rival:
    """A tenant in the contest for the workers."""

    http: httpx.AsyncClient

    async def submit(self, content: bytes) -> str:
        """Send a job, and return its path."""
        answer = await self.http.post("/v1/jobs", content=content, headers={"Content-Type": NDJSON})
        answer.raise_for_status()
        return answer.headers["Location"]

    async def done(self, path: str, limit: float) -> float | None:
        """Return the seconds until a job is completed; None when that takes over `limit` seconds."""
        began = time.monotonic()
        while time.monotonic() - began < limit:
            if (await self.http.get(path)).json()["state"] == "completed":
                return time.monotonic() - began
            await asyncio.sleep(0.05)
        return None


async def fairness_bar(greedy: Rival, modest: Rival, many: bytes, few: bytes, jobs: int = _GREEDY_JOBS) -> Bar:
    """Let one tenant queue `jobs` large jobs, then another a small one; the large ones are cancelled at the end."""
    paths = [await greedy.submit(many) for _ in range(jobs)]
    seconds = await modest.done(await modest.submit(few), FAIR_SECONDS)
    waiting = [(await greedy.http.get(path)).json() for path in paths]
    still = sum(job["total"] - job["succeeded"] for job in waiting)
    for path in paths:
        await greedy.http.post(f"{path}/cancel")
    took = f"{seconds:.1f} s" if seconds is not None else f"over {FAIR_SECONDS:.0f} s"
    # With nothing left of the large jobs there was no contest.
    return Bar("A small job beside a tenant's large ones", seconds is not None and still > 0, f"{took}, {still:,} left")


def rival(base_url: str, token: str) -> Rival:
    """Return a tenant that takes part in a contest."""
    headers = {"Authorization": f"Bearer {token}"}
    return Rival(httpx.AsyncClient(base_url=base_url, headers=headers, timeout=60))


async def afterwards(stage: Stage, *, fairness: bool) -> list[Bar]:
    """Judge herd and fairness on a stage whose run is over and audited."""
    url = stage.stack.api_url
    async with Crowd(url, stage.tokens[0][0]) as crowd:
        bars = [await herd_bar(crowd.post, lines(["Where is it?"]), lines(["Where is he?"]), "herd")]
    if fairness:
        greedy, modest = rival(url, stage.tokens[0][0]), rival(url, stage.tokens[1][0])
        many = lines([f"Where is parcel {number}?" for number in range(_GREEDY_MESSAGES)])
        few = lines([f"Where is letter {number}?" for number in range(_MODEST_MESSAGES)])
        async with greedy.http, modest.http:
            bars.append(await fairness_bar(greedy, modest, many, few))
    return bars
