"""Stops a model that works for nothing: on data of a person who is to be let alone since, or under a lost lease."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from slipway.database import Database
from slipway.errors import Unavailable
from slipway.jobs import leasing
from slipway.jobs.schemas import Claim, SealedItem

LOOK_SECONDS = 2.0
"""Between two looks. Most chunks are done before the first."""


class Barred(Exception):  # noqa: N818  # nothing went wrong
    """What the model would have answered may not be written any more."""


@asynccontextmanager
async def unbarred(database: Database, claimed: Claim, items: Sequence[SealedItem]) -> AsyncIterator[None]:
    """Run the block for as long as its answers to the items may be written.

    A model in a thread cannot be stopped: its call ends by itself, no further one begins, and the answers are lost.

    Raises:
        Barred: some of them may not, and the block was cancelled.
    """
    limit = asyncio.timeout(None)
    watch = asyncio.create_task(_watch(database, claimed, items, limit))
    try:
        async with limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise Barred from error
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


async def _watch(database: Database, claimed: Claim, items: Sequence[SealedItem], limit: asyncio.Timeout) -> None:
    ordinals, barred = [item.ordinal for item in items], False
    while not barred:
        await asyncio.sleep(LOOK_SECONDS)
        # An outage may be over at the next look; until then nothing can change either.
        with suppress(Unavailable):
            barred = await leasing.is_barred(database, claimed, ordinals)
    limit.reschedule(asyncio.get_running_loop().time())
