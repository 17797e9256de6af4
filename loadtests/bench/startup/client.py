"""One request after another over one connection."""

import socket
import time

_OK = b"HTTP/1.1 200 "
_LENGTH = b"\r\ncontent-length: "
_PIECE = 65_536


def timed(connection: socket.socket, request: bytes) -> float:
    """Send a request and return the seconds until its answer was complete.

    Raises:
        SystemExit: the answer was no prediction.
    """
    began = time.perf_counter()
    connection.sendall(request)
    answer = _read(connection)
    took = time.perf_counter() - began
    if not answer.startswith(_OK) or b'"category"' not in answer:
        raise SystemExit(f"The API gave no prediction, but: {answer[:500].decode(errors='replace')}")
    return took


def _read(connection: socket.socket) -> bytes:
    answer = b""
    while not _complete(answer):
        piece = connection.recv(_PIECE)
        if not piece:
            raise SystemExit("The API closed the connection without an answer; its log says why.")
        answer += piece
    return answer


def _complete(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    length = head[head.lower().index(_LENGTH) + len(_LENGTH) :].partition(b"\r")[0]
    return len(body) >= int(length)
