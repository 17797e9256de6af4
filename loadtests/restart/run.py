"""One run: callers of all kinds, and restarts under them."""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from loadtests.restart.attempts import Attempts
from loadtests.restart.jobs import Ledger, open_client, order
from loadtests.restart.requests import CALLERS, Tally, call
from loadtests.restart.stage import issue_token, open_stack
from slipway_cli.stack.local import LocalStack

_BETWEEN_SECONDS = 2.0
_ORDERING = 2
"""Jobs that are under way at a time."""


async def run(var: Path, restarts: int, workers: int) -> dict[str, Any]:
    """Return the figures of a run; times are in milliseconds."""
    with open_stack(var, workers) as stack:
        tally, ledger, attempts = Tally(), Ledger(), Attempts(stack)
        over, token = asyncio.Event(), await issue_token(stack)
        async with AsyncExitStack() as clients, asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(attempts.watch())
            callers = [
                tasks.create_task(call(stack.api_url, token, caller, tally, over), name="caller") for caller in CALLERS
            ]
            for _ in range(_ORDERING):
                client = await clients.enter_async_context(open_client(stack.api_url, token))
                callers.append(tasks.create_task(order(client, ledger, over)))
            seconds = await _restart(stack, restarts)
            over.set()
            await asyncio.gather(*callers)
            watching.cancel()
        return _figures(restarts, seconds, tally, ledger, attempts)


async def _restart(stack: LocalStack, restarts: int) -> float:
    """Restart so many times; return the seconds that one took on average."""
    spent = 0.0
    for number in range(1, restarts + 1):
        await asyncio.sleep(_BETWEEN_SECONDS)
        began = time.monotonic()
        await asyncio.to_thread(stack.restart, _Steps())
        spent += time.monotonic() - began
        _say(f"restart {number} of {restarts} took {time.monotonic() - began:.1f} s")
    return spent / restarts


def _figures(restarts: int, seconds: float, tally: Tally, ledger: Ledger, attempts: Attempts) -> dict[str, Any]:
    for failure in tally.failures[:20]:
        _say(f"failed: {failure}")
    for message in ledger.lost[:20]:
        _say(f"lost: {message}")
    ordered = sorted(tally.seconds)
    return {
        "restarts": restarts,
        "restart_s": round(seconds, 1),
        "requests": len(ordered),
        "failed": len(tally.failures),
        "jobs": ledger.jobs,
        "messages": ledger.messages,
        "lost": len(ledger.lost),
        "attempts_counted": attempts.count(),
        "p50_ms": round(1000 * ordered[len(ordered) // 2], 1),
        "p99_ms": round(1000 * ordered[int(0.99 * len(ordered))], 1),
        "max_ms": round(1000 * ordered[-1], 1),
    }


class _Steps:
    """Prints what a restart does, with the seconds since its beginning."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        _say(text)

    def step(self, text: str | None) -> None:
        if text:
            _say(f"{time.monotonic() - self._began:6.1f} s  {text}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
