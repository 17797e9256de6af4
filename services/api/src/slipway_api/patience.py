"""How long a client may keep a connection without doing anything with it."""

import asyncio
from collections.abc import Callable
from typing import ClassVar, cast

from slipway_api.protocol import Protocol


class Alarm:
    """Rings once, unless it is stopped before."""

    def __init__(self, seconds: float, ring: Callable[[], None]) -> None:
        self._seconds, self._ring = seconds, ring
        self._timer: asyncio.TimerHandle | None = None

    def set(self) -> None:
        """Let it run, if it does not."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._ring)

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class PatientProtocol(Protocol):
    """Cuts off who is silent before the head of a request is complete, and who does not read the answer.

    The pause between two requests is what uvicorn itself limits, and a body what `Body` does.
    """

    head_seconds: ClassVar[float] = 10.0
    """How long the head of a request may take: from the connection for the first, from its first byte for the next."""
    unread_seconds: ClassVar[float] = 30.0
    """How long an answer may stay unread that does not fit into the buffers: of a stream of results, each piece."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        self._head_alarm = Alarm(self.head_seconds, self._cut)
        self._unread_alarm = Alarm(self.unread_seconds, self._cut)
        super().connection_made(cast("asyncio.Transport", transport))
        self._head_alarm.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._head_alarm.stop()
        self._unread_alarm.stop()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Wait for the rest of the head."""
        super().on_message_begin()
        self._head_alarm.set()

    def on_headers_complete(self) -> None:
        """Hand the request on."""
        self._head_alarm.stop()
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._unread_alarm.set()

    def resume_writing(self) -> None:
        """Go on: it has read."""
        self._unread_alarm.stop()
        super().resume_writing()

    def _cut(self) -> None:
        # A close would wait until the buffer is read, which is what does not happen.
        self.transport.abort()
