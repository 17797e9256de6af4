"""Stops a model that works on data of a person who is to be let alone since."""

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
    """Somebody whom the chunk is about was restricted, or has objected, while the model worked."""


@asynccontextmanager
async def unbarred(database: Database, claimed: Claim, items: Sequence[SealedItem]) -> AsyncIterator[None]:
    """Run the block for as long as the items may be processed.

    A model in a thread cannot be stopped: its call ends by itself, no further one begins, and the answers are lost.

    Raises:
        Barred: one of them may not be processed any more, and the block was cancelled.
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
        # An outage may be over at the next look; until then nobody can be restricted.
        with suppress(Unavailable):
            barred = await leasing.is_barred(database, claimed, ordinals)
    limit.reschedule(asyncio.get_running_loop().time())
