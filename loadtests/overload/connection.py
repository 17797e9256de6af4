"""A client that costs little: raw HTTP over kept connections, one request at a time on each."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

_OK, _STATUS = 200, slice(9, 12)


@dataclass(slots=True)
class Exchange:
    """One request and what became of it. Times are seconds of the monotonic clock."""

    due: float
    sent: float
    done: float = 0.0
    status: int = 0
    """0: no answer."""
    retry_after: bool = False


class Connection(asyncio.Protocol):
    """Sends a request, notes status, times and Retry-After, and tells when it is free for the next."""

    def __init__(self, freed: Callable[["Connection", Exchange], None]) -> None:
        self._freed = freed
        self._transport: asyncio.Transport | None = None
        self._read = b""
        self.exchange: Exchange | None = None

    @property
    def open(self) -> bool:
        """Whether it can be used."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, due: float) -> Exchange:
        """Send a request that was due at a time."""
        self.exchange = Exchange(due, time.monotonic())
        cast("asyncio.Transport", self._transport).write(request)
        return self.exchange

    def data_received(self, data: bytes) -> None:
        """Read on, until the answer is complete."""
        self._read += data
        head, found, body = self._read.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            self._finish(head)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that there will be no answer."""
        del exc
        if self.exchange is not None:
            exchange, self.exchange = self.exchange, None
            exchange.done = time.monotonic()
            self._freed(self, exchange)

    def close(self) -> None:
        """Hang up."""
        self.exchange = None
        if self._transport is not None:
            self._transport.close()

    def _finish(self, head: bytes) -> None:
        exchange, self.exchange, self._read = cast("Exchange", self.exchange), None, b""
        exchange.done, exchange.status = time.monotonic(), int(head[_STATUS])
        if exchange.status != _OK:
            exchange.retry_after = b"\r\nretry-after: " in head
            if b"\r\nconnection: close" in head:
                self.close()
        self._freed(self, exchange)


def _length(head: bytes) -> int:
    name = b"\r\ncontent-length: "
    start = head.index(name) + len(name)
    return int(head[start:].partition(b"\r")[0])
