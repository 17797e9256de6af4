"""How late the event loop is: what a request waits for that no queue shows."""

import asyncio

_EVERY_SECONDS = 0.05
_MEMORY = 10
"""Looks over which the mean is taken, about: half a second."""


class Lag:
    """The mean of late of how long something that is ready waits for the loop, in seconds.

    A process whose quota is used up, or whose loop has much to do, reads requests late and writes answers late. Neither
    is in any queue of its own. Looks come at a fixed interval, so that a stretch of deafness counts by its length.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    async def follow(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _EVERY_SECONDS
            await asyncio.sleep(_EVERY_SECONDS)
            self.seconds += (max(loop.time() - due, 0.0) - self.seconds) / _MEMORY
