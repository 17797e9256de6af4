"""Stops the work for a client that went away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from slipway.errors import MalformedBody


@asynccontextmanager
async def while_connected(request: Request) -> AsyncIterator[None]:
    """Run the block for as long as the client is there. Its body must have been read.

    Raises:
        MalformedBody: the client went away. Nobody will see it; but a request has to end with something.
    """
    try:
        async with asyncio.timeout(None) as limit:
            watching = asyncio.create_task(_watch(request, limit))
            try:
                yield
            finally:
                watching.cancel()
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise MalformedBody("The client went away before its answer.") from error


async def _watch(request: Request, limit: asyncio.Timeout) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    limit.reschedule(asyncio.get_running_loop().time())
