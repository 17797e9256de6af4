"""Keeps a lease while its chunk is worked on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from slipway.database import Database
from slipway.errors import Unavailable
from slipway.jobs import leasing
from slipway.jobs.schemas import Claim

_RENEWALS_A_LEASE = 3


@asynccontextmanager
async def kept(database: Database, claimed: Claim, lease: float) -> AsyncIterator[None]:
    """Renew a lease in the background until the block ends. A lost lease is noticed by the fence, not here."""
    renewals = asyncio.create_task(_renew(database, claimed, lease))
    try:
        yield
    finally:
        renewals.cancel()
        (ended,) = await asyncio.gather(renewals, return_exceptions=True)
        if isinstance(ended, Exception):
            raise ended


async def _renew(database: Database, claimed: Claim, lease: float) -> None:
    held = True
    while held:
        await asyncio.sleep(lease / _RENEWALS_A_LEASE)
        # An outage may be over before the lease is: try again at the next renewal.
        with suppress(Unavailable):
            held = await leasing.renew(database, claimed, lease)
