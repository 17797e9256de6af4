"""What happens to a chunk whose attempt came to nothing: tried again, split, or given up.

A chunk that is lost twice is split into single items, so that one of them alone can be to blame. A single item is a
dead letter after the attempts of the settings.
"""

from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.jobs import queue
from slipway.jobs.schemas import Answer, Claim, ItemState

_ATTEMPTS_TOGETHER = 2


class Fate(StrEnum):
    """What became of a lost chunk."""

    WAITS_AGAIN = "waits_again"
    SPLIT = "split"
    DEAD = "dead"
    GONE = "gone"
    """It was finished, cancelled or taken by another worker in the meantime."""


async def lose(connection: AsyncConnection, lost: Claim, max_attempts: int) -> Fate:
    """Decide on a lost chunk, in a transaction of its tenant."""
    given_up = lost.attempts >= (max_attempts if lost.single else _ATTEMPTS_TOGETHER)
    if not given_up:
        waits = await queue.wait_again(connection, lost, queue.backoff(lost.attempts))
        return Fate.WAITS_AGAIN if waits else Fate.GONE
    if not await queue.fence(connection, lost):
        return Fate.GONE
    if not lost.single:
        await queue.split(connection, lost)
        return Fate.SPLIT
    await queue.answer(connection, lost, [Answer(lost.first, ItemState.DEAD, None)])
    return Fate.DEAD
