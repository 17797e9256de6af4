"""The job path through the real stack: the API, PostgreSQL and one worker."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import psutil
import psycopg

from slipway_cli.keys import new_token
from slipway_cli.stack.local import LocalStack

_JOB_INPUTS = 2_000
_POLL_SECONDS = 0.5
"""The database says when a job was finished, so that looking seldom costs no precision; looking often costs speed."""
_NDJSON = {"Content-Type": "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a phase took: seconds, CPU seconds of all processes of the stack, bytes of write-ahead log."""

    seconds: float
    cpu_seconds: float
    wal_bytes: int


class JobPath:
    """Sends messages as jobs, and measures what happens to them."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        headers = {"Authorization": f"Bearer {asyncio.run(self._token())}"}
        self._api = httpx.Client(base_url=stack.api_url, headers=headers, timeout=120.0)

    def take_in(self, texts: list[str]) -> tuple[list[str], Cost]:
        """Upload the messages; return where the jobs are, and what it took."""
        with self._measured() as costs:
            parts = (texts[first : first + _JOB_INPUTS] for first in range(0, len(texts), _JOB_INPUTS))
            jobs = [self._submit(part) for part in parts]
        return jobs, costs[0]

    def work_off(self, texts: list[str]) -> Cost:
        """Queue the messages while the worker stands still; then, from the first claim to the last answer."""
        self._stack.pause("worker")
        jobs, _ = self.take_in(texts)
        with self._measured() as costs:
            self._stack.unpause("worker")
            done = self._wait(jobs)
        began = min(datetime.fromisoformat(job["started_at"]) for job in done)
        return replace(costs[0], seconds=(_end(done) - began).total_seconds())

    def from_end_to_end(self, texts: list[str]) -> Cost:
        """Upload the messages and wait: from the first byte to the last answer."""
        began = datetime.now(UTC)
        with self._measured() as costs:
            done = self._wait([self._submit(texts)])
        return replace(costs[0], seconds=(_end(done) - began).total_seconds())

    def close(self) -> None:
        """Let go of the connection."""
        self._api.close()

    def _submit(self, texts: list[str]) -> str:
        lines = "\n".join(json.dumps({"text": text}) for text in texts)
        accepted = self._api.post("/v1/jobs", content=lines, headers=_NDJSON).raise_for_status()
        return accepted.headers["Location"]

    def _wait(self, jobs: list[str]) -> list[dict[str, Any]]:
        done = []
        for job in jobs:
            while (found := self._api.get(job).raise_for_status().json())["state"] != "completed":
                time.sleep(_POLL_SECONDS)
            done.append(found)
        return done

    @contextmanager
    def _measured(self) -> Iterator[list[Cost]]:
        costs: list[Cost] = []
        wal, cpu, began = self._wal(), self._cpu(), time.perf_counter()
        yield costs
        seconds, spent = time.perf_counter() - began, self._cpu() - cpu
        costs.append(Cost(seconds, spent, self._wal() - wal))

    def _wal(self) -> int:
        url = self._stack.settings.database_owner_url
        if url is None:
            raise RuntimeError("the local stack always knows the owner's URL")
        with psycopg.connect(url.get_secret_value()) as connection:
            return int(connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchall()[0][0])

    def _cpu(self) -> float:
        """Return the CPU seconds of all processes that run now. Few begin or end within a measurement."""
        total = 0.0
        for status in self._stack.processes.values():
            if status.pid is not None:
                process = psutil.Process(status.pid)
                for member in (process, *process.children(recursive=True)):
                    times = member.cpu_times()
                    total += times.user + times.system
        return total

    async def _token(self) -> str:
        return await new_token(self._stack.settings, f"bench-{uuid4().hex[:8]}")


def _end(done: list[dict[str, Any]]) -> datetime:
    return max(datetime.fromisoformat(job["finished_at"]) for job in done)
