"""How many requests are under way: what the autoscaler goes by.

A number that is read every few seconds says little about requests that take milliseconds. The mean over time says all,
so what is kept is its integral, and nothing is sampled.
"""

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slipway_api.middleware import EVENT_STREAM

WINDOW_SECONDS = 10.0
"""The time that the mean is over."""

_PROBES = "/health/"
_WINDOW = int(WINDOW_SECONDS * 1e9)
_STEP = 100_000_000
"""Nanoseconds. The window begins where a step does, so that it is up to one step shorter; the mean over it is exact."""

_Point = tuple[int, int, int]
"""When the number last changed (nanoseconds), its integral up to then (request-nanoseconds), and the number since."""


class InFlight:
    """A number that one thread changes, and its mean over the last seconds, which any thread may ask for, unlocked."""

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        """Begin with none; `clock` gives nanoseconds that never go back."""
        self._clock = clock
        self._last: _Point = (clock() - _WINDOW - _STEP, 0, 0)
        self._past: tuple[_Point, ...] = (self._last,)
        """The last point of each step that had one, as far back as a window may begin; never changed, only replaced."""

    def change(self, by: int) -> None:
        """Add to the number."""
        now = self._clock()
        at, area, number = self._last
        if now // _STEP != at // _STEP:
            self._keep(now)
        self._last = (now, area + number * (now - at), number + by)

    def mean(self) -> float:
        """Return the mean over the last ten seconds; before the first change there were none."""
        # In this order: what is added to the past meanwhile is the point that was read as the last one.
        now, last = self._clock(), self._last
        now = max(now, last[0])
        begin = -((_WINDOW - now) // _STEP) * _STEP
        before = next((point for point in (last, *reversed(self._past)) if point[0] <= begin), (begin, 0, 0))
        return (_area(last, now) - _area(before, begin)) / (now - begin)

    def _keep(self, now: int) -> None:
        """Keep the last point, and forget those that no window needs any more, nor that of a reader who is late."""
        past = (*self._past, self._last)
        needless = sum(point[0] <= now - 2 * _WINDOW for point in past) - 1
        self._past = past[max(needless, 0) :]


def _area(point: _Point, at: int) -> int:
    """Return the integral up to a time at which the point's number still holds."""
    return point[1] + point[2] * (at - point[0])


class CountInFlight:
    """Counts a request from its headers to the end of its answer, but for the time that it waits for its client.

    A client that sends or reads slowly takes none of what more processes would add; nor does the stream of a job's
    events, which is open for hours, or a probe.
    """

    def __init__(self, app: ASGIApp, in_flight: InFlight) -> None:
        self._app = app
        self._in_flight = in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["path"].startswith(_PROBES):
            await self._app(scope, receive, send)
            return
        visit = _Visit(self._in_flight, receive, send)
        visit.resume()
        try:
            await self._app(scope, visit.receive, visit.send)
        finally:
            visit.pause()


class _Visit:
    """One request, which counts unless something of it waits for the client."""

    __slots__ = ("_complete", "_in_flight", "_pauses", "_receive", "_send")

    def __init__(self, in_flight: InFlight, receive: Receive, send: Send) -> None:
        self._in_flight, self._receive, self._send = in_flight, receive, send
        self._pauses = 1
        self._complete = False

    def pause(self) -> None:
        if not self._pauses:
            self._in_flight.change(-1)
        self._pauses += 1

    def resume(self) -> None:
        self._pauses -= 1
        if not self._pauses:
            self._in_flight.change(1)

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()  # waits for the client to leave, while the answer is made
        self.pause()
        try:
            message = await self._receive()
        finally:
            self.resume()
        self._complete = not message.get("more_body")
        return message

    async def send(self, message: Message) -> None:
        self.pause()
        try:
            await self._send(message)
        finally:
            # The pause of a stream of events ends with it.
            if message["type"] != "http.response.start" or EVENT_STREAM not in message["headers"]:
                self.resume()
