"""A TCP proxy that fails on demand: it stands between a process and what that depends on."""

import asyncio
import socket
import struct
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from threading import Thread
from typing import Any, Self

_PIECE_BYTES = 65_536
_NONSENSE = b"\xff\x00?! nobody speaks like this \xfe\r\n" * 8
_LINGER_NOT = struct.pack("ii", 1, 0)


class Fault(StrEnum):
    """What is wrong with a dependency."""

    NONE = "as usual"
    DOWN = "down"
    SLOW = "slow"
    FROZEN = "frozen"
    GARBAGE = "garbage"


class ProxyLoop:
    """An event loop in a thread of its own: whatever blocks the loop of a test does not block its proxies."""

    def __enter__(self) -> Self:
        self.loop = asyncio.new_event_loop()
        self._thread = Thread(target=self.loop.run_forever, name="proxies")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the loop, and wait for its end."""
        asyncio.run_coroutine_threadsafe(work, self.loop).result(10)


class Proxy:
    """Passes bytes on to a port of this machine, or does what the fault says.

    Down: connections are reset and refused. Slow: each piece waits, in both directions. Frozen: as after SIGSTOP,
    connections stay open and new ones are taken, nothing is answered, and everything goes on afterwards. Garbage: what
    the server says is replaced by nonsense.
    """

    def __init__(self, loop: ProxyLoop, upstream: int, *, delay: float) -> None:
        """Stand in front of port `upstream`; when slow, each piece waits `delay` seconds."""
        self._loop, self._upstream, self._delay = loop, upstream, delay
        self._fault = Fault.NONE
        self._moving = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.asked = 0
        """Pieces that were sent to the server, or would have been, and connections that were made."""
        # Bound and never listening: it keeps the port ours while connections are refused.
        self._place = _bound(0)
        self.port: int = self._place.getsockname()[1]

    def __enter__(self) -> Self:
        self.set(Fault.NONE)
        return self

    def __exit__(self, *_: object) -> None:
        self.set(Fault.DOWN)
        self._place.close()

    def set(self, fault: Fault) -> None:
        """From now on, fail like this."""
        self._loop.run(self._set(fault))

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """Fail like this inside the block, and work again behind it."""
        self.set(fault)
        try:
            yield
        finally:
            self.set(Fault.NONE)

    async def _set(self, fault: Fault) -> None:
        self._fault = fault
        (self._moving.clear if fault is Fault.FROZEN else self._moving.set)()
        if fault is Fault.DOWN:
            await self._refuse()
        elif self._server is None:
            self._server = await asyncio.start_server(self._connected, sock=_bound(self.port))

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        task = asyncio.create_task(self._connection(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with _reset_at_end(writer), suppress(OSError):
            await self._moving.wait()
            server, to_server = await asyncio.open_connection("127.0.0.1", self._upstream)
            with _reset_at_end(to_server):
                async with asyncio.TaskGroup() as pipes:
                    pipes.create_task(self._pipe(reader, to_server))
                    pipes.create_task(self._pipe(server, writer, answers=True))

    async def _pipe(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, answers: bool = False) -> None:
        with suppress(OSError):
            while piece := await source.read(_PIECE_BYTES):
                self.asked += not answers
                await self._moving.wait()
                if self._fault is Fault.SLOW:
                    await asyncio.sleep(self._delay)
                target.write(_NONSENSE if answers and self._fault is Fault.GARBAGE else piece)
                await target.drain()
            target.write_eof()


@contextmanager
def _reset_at_end(writer: asyncio.StreamWriter) -> Iterator[None]:
    """Close without a farewell, as a killed process does; nothing of a closed connection stays in the kernel."""
    try:
        yield
    finally:
        with suppress(OSError):  # it may be closed already
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        writer.transport.abort()


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    return made
