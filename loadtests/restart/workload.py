"""A model that takes its time without using the processor: workers are busy, and the machine is not."""

import asyncio
from collections.abc import Sequence

from checksum import Digest, Patient, Scan

from slipway.workload import Failure

_SECONDS = 0.1


class Unhurried(Patient):
    """A chunk of 64 takes about a second; two workers answer some 250 messages a second."""

    async def predict(self, batch: Sequence[Scan]) -> Sequence[Digest | Failure]:
        """Take the SHA-256 of each page."""
        await asyncio.sleep(_SECONDS)
        return await super().predict(batch)
