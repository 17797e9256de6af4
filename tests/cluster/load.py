"""Requests at a steady rate while something is changed or broken: each is sent once, whatever became of the others."""

import asyncio
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from e2e.failure import UnmetError
from loadtests.samples.outcome import Outcome, judge
from loadtests.scenario.messages import message

from cluster.stage import Stage

_SECONDS = 30.0
_NEW_CONNECTION_EVERY = 4
"""Of so many requests one opens a connection of its own, the others reuse one."""
_PATH = "/v1/triage"


@dataclass(frozen=True, slots=True)
class Call:
    """A request, and what became of it."""

    due: float
    """When it was to be sent, in Unix seconds."""
    seconds: float
    """From then to the end of the answer."""
    outcome: Outcome
    detail: str = ""

    @property
    def ended(self) -> float:
        """When its answer had come, in Unix seconds."""
        return self.due + self.seconds


@dataclass(slots=True)
class Calls:
    """The requests of a load, in the order in which they ended."""

    made: list[Call] = field(default_factory=list)

    def of(self, outcome: Outcome) -> list[Call]:
        """Return those that ended in one way."""
        return [call for call in self.made if call.outcome == outcome]

    def kinds(self) -> Sequence[str]:
        """Return how many errors there were of each kind."""
        details = [call.detail for call in self.of(Outcome.ERROR)]
        return [f"{details.count(detail)} times {detail}" for detail in sorted(set(details))]

    def quiet_after(self, moment: float) -> float:
        """Return after how many seconds from a moment on no request ended badly any more."""
        bad = [call.ended for call in self.made if call.outcome is not Outcome.OK and call.ended >= moment]
        return max(bad, default=moment) - moment


@contextmanager
def load(stage: Stage, rate: float | None = None) -> Iterator[Calls]:
    """Send requests until the block ends, and wait for their answers. What fails is not this one's to judge.

    Raises:
        UnmetError: nothing was answered before the block began.
    """
    calls, over = Calls(), threading.Event()
    caller = threading.Thread(
        target=lambda: asyncio.run(_call(stage, rate or stage.options.rate, calls, over)), name="load"
    )
    caller.start()
    try:
        _await_answers(calls)
        yield calls
    finally:
        over.set()
        caller.join()


def _await_answers(calls: Calls) -> None:
    began = time.monotonic()
    while not calls.of(Outcome.OK):
        if time.monotonic() - began > _SECONDS:
            raise UnmetError(f"No request was answered within {_SECONDS:.0f} s: {'; '.join(calls.kinds()) or 'none'}.")
        time.sleep(0.1)


async def _call(stage: Stage, rate: float, calls: Calls, over: threading.Event) -> None:
    dice, began, number = random.Random(7), time.time(), 0
    keeping, closing = httpx.Limits(), httpx.Limits(max_keepalive_connections=0)
    async with (
        stage.async_client(_SECONDS, keeping) as kept,
        stage.async_client(_SECONDS, closing) as fresh,
        asyncio.TaskGroup() as requests,
    ):
        while not over.is_set():
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.time()))
            client = kept if number % _NEW_CONNECTION_EVERY else fresh
            requests.create_task(_send(client, message(dice), due, calls))
            number += 1


async def _send(client: httpx.AsyncClient, text: str, due: float, calls: Calls) -> None:
    try:
        response = await client.post(_PATH, json={"inputs": [{"text": text}]})
    except httpx.HTTPError as error:
        calls.made.append(
            Call(due, time.time() - due, Outcome.ERROR, f"no answer ({type(error).__name__}: {str(error)[:80]})")
        )
    else:
        status, retry_after = response.status_code, "Retry-After" in response.headers
        outcome, detail = judge(status, (httpx.codes.OK,), retry_after=retry_after)
        calls.made.append(Call(due, time.time() - due, outcome, detail))
