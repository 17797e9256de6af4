"""Asks the name service, off the event loop."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from ipaddress import ip_address

from slipway.webhooks.addresses import Address

Resolve = Callable[[str, int], Awaitable[list[Address]]]
"""Returns all addresses of a host name; raises OSError when there is none."""

_MOST_AT_ONCE = 64
"""Questions under way. A name server that never answers holds a thread each, for as long as the system asks it."""


class Resolver:
    """Each question has a thread of its own: the name service may hang, and the system has no way to stop asking.

    The threads are daemons, so that none keeps the process from ending.
    """

    def __init__(self) -> None:
        self._places = threading.Semaphore(_MOST_AT_ONCE)

    async def __call__(self, host: str, port: int) -> list[Address]:
        """Return all addresses of a host.

        Raises:
            OSError: there is none, or too many questions are under way.
        """
        if not self._places.acquire(blocking=False):
            raise OSError("too many questions to the name service are under way")
        answer: Future[list[Address]] = Future()
        threading.Thread(target=self._ask, args=(answer, host, port), name="resolver", daemon=True).start()
        return await asyncio.wrap_future(answer)

    def _ask(self, answer: Future[list[Address]], host: str, port: int) -> None:
        try:
            if answer.set_running_or_notify_cancel():
                _settle(answer, host, port)
        finally:
            self._places.release()


def _settle(answer: Future[list[Address]], host: str, port: int) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        answer.set_exception(OSError(str(error)))
    else:
        answer.set_result([ip_address(where[0]) for _, _, _, _, where in found])
