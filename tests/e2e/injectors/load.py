"""Callers that ask for too much, or for the wrong things."""

import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from types import TracebackType
from typing import Self

import httpx
from loadtests.scenario.messages import message

from e2e.making import NOBODY
from e2e.stage import Stage

_MOST_A_REQUEST = 64
_OVERLOAD_CALLERS = 24
_SLOW_CALLERS, _SLOW_INPUTS = 4, 20
_JOB_TEXTS = 500
_DICE = random.Random(11)
_UNDECIDABLE = "lorem zzz qwrt 12 ?? so la la"


class Callers:
    """Threads that call again and again until the block ends. A call that gets no answer is nobody's concern here."""

    def __init__(self, stage: Stage, threads: int, call: Callable[[Stage, int], None], *, pause: float = 0.0) -> None:
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(stage, call, pause)) for _ in range(threads)]

    def _run(self, stage: Stage, call: Callable[[Stage, int], None], pause: float) -> None:
        for number in count():
            try:
                call(stage, number)
            except httpx.HTTPError:
                self._over.wait(1.0)
            if self._over.wait(pause):
                return

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


def _messages(count: int) -> list[str]:
    """Return messages as they usually come, so that a load does not look like drift as well."""
    return [message(_DICE) for _ in range(count)]


def send_job(client: httpx.Client, texts: list[str]) -> httpx.Response:
    """Hand in a job, and return the answer."""
    lines = "\n".join(json.dumps({"text": text}) for text in texts)
    return client.post("/v1/jobs", content=lines, headers={"Content-Type": "application/x-ndjson"})


@contextmanager
def overload(stage: Stage) -> Iterator[None]:
    """Ask for more than the model can answer in time."""

    def call(stage: Stage, _: int) -> None:
        with stage.client() as client:
            client.post("/v1/triage", json={"inputs": [{"text": text} for text in _messages(_MOST_A_REQUEST)]})

    with Callers(stage, _OVERLOAD_CALLERS, call):
        yield


@contextmanager
def send_undecidable(stage: Stage) -> Iterator[None]:
    """Ask about texts that the model leaves to people, all of them alike."""

    def call(stage: Stage, number: int) -> None:
        with stage.client() as client:
            client.post("/v1/triage", json={"inputs": [{"text": f"{_UNDECIDABLE} {number}"}] * _MOST_A_REQUEST})

    with Callers(stage, 1, call, pause=1.0):
        yield


@contextmanager
def pile_up_jobs(stage: Stage, callers: str = "12", pause: str = "10") -> Iterator[None]:
    """Hand in jobs faster than they are done, by so many callers, each resting some seconds; at the end they go."""
    accepted: list[str] = []

    def call(stage: Stage, _: int) -> None:
        with stage.client() as client:
            answer = send_job(client, _messages(_JOB_TEXTS))
        if answer.status_code == httpx.codes.ACCEPTED:
            accepted.append(answer.headers["Location"])

    try:
        with Callers(stage, int(callers), call, pause=float(pause)):
            yield
    finally:
        with stage.client() as client:
            for location in accepted:
                client.delete(location)


@contextmanager
def ask_slowly(stage: Stage) -> Iterator[None]:
    """Ask for answers that take a while, a few at a time, so that none is refused."""

    def call(stage: Stage, _: int) -> None:
        with stage.client() as client:
            client.post("/v1/triage", json={"inputs": [{"text": text} for text in _messages(_SLOW_INPUTS)]})

    with Callers(stage, _SLOW_CALLERS, call):
        yield


@contextmanager
def leave_webhooks(stage: Stage) -> Iterator[None]:
    """Let an event be due for an address that has not failed yet."""
    with stage.client() as client:
        made = _register(client)
        try:
            client.post(f"/v1/webhooks/{made}/test").raise_for_status()
            yield
        finally:
            client.delete(f"/v1/webhooks/{made}")


@contextmanager
def break_webhooks(stage: Stage) -> Iterator[None]:
    """Register an address where nobody listens, and let jobs end, so that events for it fail."""
    with stage.client() as client:
        made = _register(client)

        def call(stage: Stage, _: int) -> None:
            with stage.client() as caller:
                caller.post(f"/v1/webhooks/{made}/test")

        try:
            with Callers(stage, 1, call, pause=1.0):
                yield
        finally:
            client.delete(f"/v1/webhooks/{made}")


def _register(client: httpx.Client) -> str:
    """Register an address where nobody listens, and return the endpoint's id."""
    body = {"url": f"https://{NOBODY}/slipway", "events": ["job.completed"]}
    made: str = client.post("/v1/webhooks", json=body).raise_for_status().json()["id"]
    return made
