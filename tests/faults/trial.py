"""One row of the matrix, tried out: what comes of each operation during the fault, and whether all recovers."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.faults.matrix import Dependency, Operation, Outcome, Row
from tests.faults.product import RECOVERY_SECONDS, Product
from tests.faults.proxy import Fault, Proxy

Break = Callable[[Dependency, Fault], AbstractContextManager[None]]

_WAITING_SECONDS = 2.0
"""How long a job is watched that should wait."""
_REMEMBERED_SECONDS = 0.5
"""How long what was known before the fault may still be used: more than the lives of the caches in these tests."""
_ASKED = [operation for operation in Operation if operation is not Operation.PROGRESS]


async def observed(row: Row, product: Product, breaking: Break, proxy: Proxy | None) -> dict[str, str]:
    """Return what came of each operation during the fault, and behind `left behind` what did not recover from it."""
    finished = await product.submit(3)
    await product.ends(finished)
    dies = row.expected(Operation.PROGRESS) is Outcome.DEAD
    queued = await product.submit(1 if dies else 40)
    watched = _WAITING_SECONDS if row.expected(Operation.PROGRESS) is Outcome.WAITS else RECOVERY_SECONDS
    with breaking(row.dependency, row.fault):
        await asyncio.sleep(_REMEMBERED_SECONDS)
        asked = proxy.asked if proxy else 0
        outcomes, progress = await asyncio.gather(_ask(product, finished), product.progress(queued, watched))
        if proxy is not None and row.fault is not Fault.DOWN:
            await _is_asked(proxy, asked)
    left: list[str] = [operation for operation in _ASKED if not await _recovers(product, operation, finished)]
    job = await product.ends(queued)
    if job["dead"]:
        await product.retry(queued)
        job = await product.ends(queued)
    if job["succeeded"] != job["total"]:
        left.append(Operation.PROGRESS)
    if not await product.is_told(queued):
        left.append("the webhook")
    return {**outcomes, Operation.PROGRESS: progress, "left behind": ", ".join(left)}


async def _ask(product: Product, finished: str) -> dict[str, str]:
    outcomes = await asyncio.gather(*(product.observe(operation, finished) for operation in _ASKED))
    return dict(zip(_ASKED, outcomes, strict=True))


async def _is_asked(proxy: Proxy, before: int) -> None:
    """Wait until somebody has asked the dependency: a fault that nobody meets would prove nothing."""
    async with asyncio.timeout(RECOVERY_SECONDS):
        while proxy.asked == before:
            await asyncio.sleep(0.05)


async def _recovers(product: Product, operation: Operation, finished: str) -> bool:
    end = time.monotonic() + RECOVERY_SECONDS
    while await product.observe(operation, finished) is not Outcome.USUAL:
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.1)
    return True
