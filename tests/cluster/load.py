"""Requests at a steady rate while something is changed or broken: each is sent once, whatever became of the others."""

import asyncio
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from e2e.failure import UnmetError, demand
from loadtests.samples.outcome import Outcome, judge
from loadtests.scenario.messages import message

from cluster.stage import Stage

_SECONDS = 30.0
_NEW_CONNECTION_EVERY = 4
"""Of so many requests one opens a connection of its own, the others reuse one."""
_PATH = "/v1/triage"
_BATCH_EVERY, _BATCH = 7, (16, 32)
"""With batches, of so many requests one has so many messages: it is still under way when a pod is told to end."""
_SENT = 0.9
"""Least share of what was due that must have been sent: a load that stood still shows nothing."""


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
    error: BaseException | None = None
    """What ended the load before its time."""

    def of(self, outcome: Outcome) -> list[Call]:
        """Return those that ended in one way."""
        return [call for call in self.made if call.outcome == outcome]

    def kinds(self) -> Sequence[str]:
        """Return how many errors there were of each kind."""
        details = [call.detail for call in self.of(Outcome.ERROR)]
        return [f"{details.count(detail)} times {detail}" for detail in sorted(set(details))]

    def last_bad_due(self, moment: float) -> float:
        """Return how many seconds after a moment the last request was due that ended badly; 0: none was."""
        return max([0.0, *(call.due - moment for call in self.made if call.outcome is not Outcome.OK)])

    def quiet_after(self, moment: float) -> float:
        """Return after how many seconds from a moment on no request ended badly any more."""
        bad = [call.ended for call in self.made if call.outcome is not Outcome.OK and call.ended >= moment]
        return max(bad, default=moment) - moment


@contextmanager
def load(stage: Stage, rate: float | None = None, *, batches: bool = False) -> Iterator[Calls]:
    """Send requests until the block ends, and wait for their answers. What fails is not this one's to judge.

    Args:
        stage: whose release.
        rate: requests a second; None: that of the options.
        batches: whether some requests have many messages.

    Raises:
        UnmetError: nothing was answered before the block began, or the load was not sent to its end.
    """
    calls, over = Calls(), threading.Event()
    load = _Load(rate or stage.options.rate, batches, calls, over)
    caller = threading.Thread(target=_keep_error, args=(stage, load), name="load")
    caller.start()
    try:
        _await_answers(calls)
        yield calls
    finally:
        over.set()
        caller.join()
    if calls.error:
        raise UnmetError(f"The load was not sent to its end: {_told(calls.error)}") from calls.error


@dataclass(frozen=True, slots=True)
class _Load:
    rate: float
    batches: bool
    calls: Calls
    over: threading.Event


def _keep_error(stage: Stage, load: _Load) -> None:
    try:
        asyncio.run(_call(stage, load))
    except BaseException as error:  # noqa: BLE001  # raised where the load is waited for: this is a thread
        load.calls.error = error


def _told(error: BaseException) -> str:
    first = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error
    return f"{type(first).__name__}: {first}"


def _await_answers(calls: Calls) -> None:
    began = time.monotonic()
    while not calls.of(Outcome.OK):
        if calls.error:
            raise UnmetError(f"The load could not begin: {_told(calls.error)}") from calls.error
        if time.monotonic() - began > _SECONDS:
            raise UnmetError(f"No request was answered within {_SECONDS:.0f} s: {'; '.join(calls.kinds()) or 'none'}.")
        time.sleep(0.1)


async def _call(stage: Stage, load: _Load) -> None:
    dice, began, number = random.Random(7), time.time(), 0
    keeping, closing = httpx.Limits(), httpx.Limits(max_keepalive_connections=0)
    async with (
        stage.async_client(_SECONDS, keeping) as kept,
        stage.async_client(_SECONDS, closing) as fresh,
        asyncio.TaskGroup() as requests,
    ):
        while not load.over.is_set():
            due = began + number / load.rate
            await asyncio.sleep(max(0.0, due - time.time()))
            client = kept if number % _NEW_CONNECTION_EVERY else fresh
            many = load.batches and number % _BATCH_EVERY == 0
            texts = [message(dice) for _ in range(dice.randint(*_BATCH) if many else 1)]
            requests.create_task(_send(client, texts, due, load.calls))
            number += 1
        demand_sent(number, load.rate * (time.time() - began))


def demand_sent(sent: int, due: float) -> None:
    """Demand that nearly all requests that were due were sent.

    Raises:
        UnmetError: too few were.
    """
    demand(
        sent >= _SENT * due, f"Only {sent} of {due:.0f} requests that were due were sent: this machine was too slow."
    )


async def _send(client: httpx.AsyncClient, texts: Sequence[str], due: float, calls: Calls) -> None:
    try:
        response = await client.post(_PATH, json={"inputs": [{"text": text} for text in texts]})
    except httpx.HTTPError as error:
        calls.made.append(
            Call(due, time.time() - due, Outcome.ERROR, f"no answer ({type(error).__name__}: {str(error)[:80]})")
        )
    else:
        status, retry_after = response.status_code, "Retry-After" in response.headers
        outcome, detail = judge(status, (httpx.codes.OK,), retry_after=retry_after)
        calls.made.append(Call(due, time.time() - due, outcome, detail))
