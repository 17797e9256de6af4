"""Closed and open loops over kept connections, in a process that does nothing else."""

import asyncio
import gc
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

import uvloop

from loadtests.overload.connection import Connection, Exchange

_PAUSE_SECONDS = 0.1
"""How long a closed loop waits after a refusal."""
_PATIENCE_SECONDS = 5.0
"""How long the last answers are waited for."""
_MOST_CONNECTIONS = 2_000


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent for how long: `clients` that each wait for their answer, or `rate` requests a second."""

    port: int
    requests: list[bytes]
    seconds: float
    """From the first request to the last."""
    clients: int = 0
    rate: float = 0.0
    """With it, requests come at random (Poisson), whatever becomes of those before."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened."""

    began: float
    exchanges: list[Exchange]
    unsent: int
    """Requests for which no connection was free: then the figures mean nothing."""


def generate(load: Load) -> Outcome:
    """Send the load from this process."""
    gc.disable()
    try:
        return uvloop.run(_Generator(load).run())
    finally:
        gc.enable()


class _Generator:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._requests: Iterator[bytes] = cycle(load.requests)
        self._idle: list[Connection] = []
        self._exchanges: list[Exchange] = []
        self._unsent = 0
        self._ends = 0.0
        self._opening: set[asyncio.Task[None]] = set()

    async def run(self) -> Outcome:
        load = self._load
        count = load.clients or min(max(int(load.rate * 2.5), 32), _MOST_CONNECTIONS)
        for _ in range(count):
            await self._open()
        began = time.monotonic()
        self._ends = began + load.seconds
        await (self._closed(began) if load.clients else self._opened(began))
        await self._last_answers()
        return Outcome(began, self._exchanges, self._unsent)

    async def _closed(self, began: float) -> None:
        for _ in range(self._load.clients):
            self._launch(began)
        await _sleep_until(self._ends)

    async def _opened(self, began: float) -> None:
        draw = random.Random(self._load.seed)  # noqa: S311  # a load is to be repeatable, not secret
        due = began
        while (due := due + draw.expovariate(self._load.rate)) < self._ends:
            await _sleep_until(due)
            self._launch(due)

    def _launch(self, due: float) -> None:
        while self._idle:
            if (connection := self._idle.pop()).open:
                self._exchanges.append(connection.send(next(self._requests), due))
                return
        self._unsent += 1

    async def _last_answers(self) -> None:
        patience = time.monotonic() + _PATIENCE_SECONDS
        for exchange in self._exchanges:
            while not exchange.done and time.monotonic() < patience:  # noqa: ASYNC110  # events would cost more
                await asyncio.sleep(0.02)
        for task in self._opening:
            task.cancel()
        for connection in self._idle:
            connection.close()

    async def _open(self) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: Connection(self._freed), "127.0.0.1", self._load.port)
        self._idle.append(connection)
        return connection

    def _freed(self, connection: Connection, exchange: Exchange) -> None:
        if not connection.open:
            task = asyncio.get_running_loop().create_task(self._replace())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
            return
        self._idle.append(connection)
        if self._load.clients:
            pause = _PAUSE_SECONDS if exchange.retry_after else 0
            asyncio.get_running_loop().call_later(pause, self._again)

    async def _replace(self) -> None:
        await self._open()
        if self._load.clients:
            self._again()

    def _again(self) -> None:
        if time.monotonic() < self._ends:
            self._launch(time.monotonic())


async def _sleep_until(moment: float) -> None:
    if (seconds := moment - time.monotonic()) > 0:
        await asyncio.sleep(seconds)
