"""A whole job, as its caller has it: the upload, the worker, all results."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, Self

import httpx

from loadtests.bench.systems.processes import family, processor_seconds, used
from loadtests.sealing.stacks import Side

_POLL_SECONDS = 0.25
"""The database says when a job was finished, so that looking seldom costs no precision; looking often costs speed."""
_NDJSON = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a job took."""

    seconds: float
    """From the first byte of the upload to the last answer that was written, and the download of the results."""
    cpu_seconds: float
    """Of all processes of the stack, PostgreSQL's and Redis's among them."""


class Jobs:
    """Sends jobs to one side. As a context manager it lets go of its connection."""

    def __init__(self, side: Side) -> None:
        """Send nothing yet."""
        self._stack, self._people = side.stack, count()
        headers = {"Authorization": f"Bearer {side.token}"}
        self._api = httpx.Client(base_url=side.stack.api_url, headers=headers, timeout=120.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._api.close()

    def run(self, texts: Sequence[str], *, people: bool) -> tuple[Cost, list[dict[str, Any]]]:
        """Have a job done; return what it took, and its outputs.

        Args:
            texts: an input each.
            people: whether each is about somebody of its own, of whom nothing is stored yet; or all about nobody.

        Raises:
            RuntimeError: not every input was answered.
        """
        lines = "\n".join(json.dumps(self._input(text, people=people)) for text in texts)
        before, began = self._processor(), datetime.now(UTC)
        accepted = self._api.post("/v1/jobs", content=lines, headers={"Content-Type": _NDJSON}).raise_for_status()
        finished = self._finished(accepted.headers["Location"])
        fetching = time.perf_counter()
        results = self._api.get(f"{accepted.headers['Location']}/results", headers={"Accept": _NDJSON})
        seconds = (finished - began).total_seconds() + time.perf_counter() - fetching
        return Cost(seconds, used(before, self._processor())), _outputs(results.raise_for_status(), len(texts))

    def _input(self, text: str, *, people: bool) -> dict[str, str]:
        return {"text": text} | ({"subject": f"customer-{next(self._people):08d}"} if people else {})

    def _finished(self, job: str) -> datetime:
        while (found := self._api.get(job).raise_for_status().json())["state"] != "completed":
            time.sleep(_POLL_SECONDS)
        return datetime.fromisoformat(found["finished_at"])

    def _processor(self) -> dict[int, float]:
        running = (status.pid for status in self._stack.processes.values())
        return processor_seconds(family(*(pid for pid in running if pid is not None)))


def _outputs(results: httpx.Response, wanted: int) -> list[dict[str, Any]]:
    outputs = [json.loads(line)["output"] for line in results.text.splitlines()]
    if len(outputs) != wanted or not all(outputs):
        answered = sum(map(bool, outputs))
        raise RuntimeError(f"{answered} of {wanted} inputs were answered: what the job took says nothing.")
    return outputs
