"""Stops the work for a client that went away."""

import asyncio
from collections.abc import Callable
from types import TracebackType

from fastapi import Request

from slipway.errors import MalformedBody

CLIENT = "client"
"""Where the endpoint finds the client of a request that came through our protocol: this key of its state."""


class Client:
    """Who is at the other end of a connection, and may leave."""

    def __init__(self) -> None:
        self._gone = False
        self._on_leaving: Callable[[], None] | None = None

    def leave(self) -> None:
        """Tell who works for this client that it went away."""
        self._gone = True
        if self._on_leaving is not None:
            self._on_leaving()

    def watch(self, on_leaving: Callable[[], None] | None) -> None:
        """Call a function once the client leaves, or now if it has left; None: no more."""
        self._on_leaving = on_leaving
        if self._gone and on_leaving is not None:
            on_leaving()


class WhileConnected:
    """Runs a block for as long as the client is there, without a task that waits for its departure.

    Raises, at the end of the block:
        MalformedBody: the client went away. Nobody will see it; but a request has to end with something.
    """

    def __init__(self, request: Request) -> None:
        """Watch the client of a request. Behind another server than ours, no client ever leaves."""
        self._client: Client = request.scope.get("state", {}).get(CLIENT) or Client()
        self._limit = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        self._client.watch(self._stop)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.watch(None)
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError:
            raise MalformedBody("The client went away before its answer.") from error

    def _stop(self) -> None:
        self._limit.reschedule(asyncio.get_running_loop().time())
