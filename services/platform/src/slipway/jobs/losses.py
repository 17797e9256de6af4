"""What happens to a chunk whose attempt came to nothing: tried again, split, or given up.

A chunk that is lost twice is split into single items, so that one of them alone can be to blame. A single item is a
dead letter after the attempts of the settings.
"""

from enum import StrEnum

from slipway.database import Database
from slipway.jobs import leasing, queue
from slipway.jobs.schemas import Answer, Claim, ItemState

_ATTEMPTS_TOGETHER = 2


class Fate(StrEnum):
    """What became of a lost chunk."""

    WAITS_AGAIN = "waits_again"
    SPLIT = "split"
    DEAD = "dead"
    GONE = "gone"
    """It was finished, cancelled or taken by another worker in the meantime."""


async def lose(database: Database, lost: Claim, max_attempts: int, *, suspect: bool = True) -> Fate:
    """Decide on a lost chunk; `suspect`: it may have been its own doing."""
    fate, done = await _decide(database, lost, max_attempts, suspect=suspect)
    return fate if done else Fate.GONE


async def _decide(database: Database, lost: Claim, max_attempts: int, *, suspect: bool) -> tuple[Fate, bool]:
    if lost.attempts < (max_attempts if lost.single else _ATTEMPTS_TOGETHER):
        delay = queue.backoff(lost.attempts)
        return Fate.WAITS_AGAIN, await queue.wait_again(database, lost, delay, suspect=suspect)
    if not lost.single:
        return Fate.SPLIT, await queue.split(database, lost)
    given_up = Answer(lost.first, ItemState.DEAD, None)
    return Fate.DEAD, await leasing.finish(database, lost, [given_up], again=[], delay=0.0)
