"""Sends requests over raw sockets, and looks at each answer no more than it must."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice

from slipway_cli.servers.ports import LOCALHOST

_OK = b"HTTP/1.1 200 "
_LENGTH = b"\r\ncontent-length: "


@contextmanager
def connected(port: int, count: int) -> Iterator[list[socket.socket]]:
    """Open so many connections."""
    with ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection((LOCALHOST, port), timeout=30)) for _ in range(count)]


def send(connections: Sequence[socket.socket], requests: Sequence[bytes], count: int) -> None:
    """Send so many requests, in rounds of one on each connection, and read their answers.

    Raises:
        SystemExit: an answer is not a 200.
    """
    coming = islice(cycle(requests), count)
    while together := list(zip(connections, coming, strict=False)):
        for connection, request in together:
            connection.sendall(request)
        for connection, _ in together:
            _read(connection)


def _read(connection: socket.socket) -> None:
    answer = b""
    while not _complete(answer):
        piece = connection.recv(65536)
        if not piece:
            raise SystemExit("The server hung up. Look at the end of its log.")
        answer += piece
    if not answer.startswith(_OK):
        raise SystemExit(f"The server answered {answer[:600].decode('latin-1')!r}; all answers should be 200.")


def _complete(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    return len(body) >= int(head.partition(_LENGTH)[2].partition(b"\r")[0])
