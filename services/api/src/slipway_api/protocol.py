"""HTTP as uvicorn speaks it, with our error format, a bound on the head of a request, and a door before the model."""

import asyncio
import json
from http import HTTPStatus
from typing import cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from slipway.errors import MalformedBody, Problem
from slipway.serving.places import Place
from slipway.telemetry.tracing import trace_id_of
from slipway_api.middleware import READ_ANYWAY_BYTES
from slipway_api.predictions.departure import CLIENT, Client
from slipway_api.predictions.door import DOOR, PLACE, Door, head
from slipway_api.problems import MEDIA_TYPE, document

_MAX_HEAD_BYTES = 64 * 1024
_CLOSE = (b"connection", b"close")
_LINGER_SECONDS = 1.0
"""How long a client that is not wanted may go on sending. Closing at once could cost it the answer (TCP reset)."""


class Protocol(HttpToolsProtocol):
    """Refuses what is not HTTP with a problem document: bad syntax, unknown methods, endless headers.

    Refuses predictions that there is no room for, or whose key is known to be over its rate, as soon as their headers
    are there, without telling the application.
    """

    _head: int | None = None
    """Bytes of the head that have arrived, while it is arriving."""
    _refused = False
    """Whether the latest request was refused. What comes of its body is forgotten."""
    _leaving = False
    """Whether all that still comes is forgotten."""
    _place: Place | None = None
    """What the request that is being answered has in the queue. Those that are pipelined behind it have none yet."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Take a client in."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, CLIENT: Client()}

    def data_received(self, data: bytes) -> None:
        """Parse a piece of the stream."""
        if self._leaving:
            return
        super().data_received(data)
        if self._head is not None and not self.transport.is_closing():
            self._head += len(data)
            if self._head > _MAX_HEAD_BYTES:
                self.send_400_response(f"Send at most {_MAX_HEAD_BYTES:,} bytes of headers.")
        elif self._refused:
            self._wait_for_more()

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._head = 0
        self._refused = self._leaving

    def on_headers_complete(self) -> None:
        """Hand the request on, or refuse it."""
        self._head = None
        if self._leaving:
            return
        door = self._door()
        if door is not None:
            try:
                self._place = self.scope["state"][PLACE] = door.enter(self.headers)
            except Problem as refusal:
                self._refuse(refusal.status, door.answer(refusal, self._trace_id()))
                return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand a piece of the body on."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Tell that the body is complete."""
        if not self._refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request."""
        self._release()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go."""
        self._release()
        self.app_state[CLIENT].leave()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Close an idle connection. One that is answering, or on which a request begins to arrive, is closed then."""
        if self._head is None:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Refuse, and close the connection: where the next request begins cannot be known."""
        trace_id = None if self._head is None else self._trace_id()
        content = json.dumps(document(MalformedBody, msg, trace_id)).encode()
        status = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(content)}\r\n"
        self.transport.write(status.encode() + b"connection: close\r\n\r\n" + content)
        self.transport.close()

    def _door(self) -> Door | None:
        """Return the door that the request has to go through."""
        door: Door | None = self.app_state.get(DOOR)
        if door is None or self.answering() or self.parser.should_upgrade():
            return None
        return door if door.guards(self.parser.get_method(), self.url) else None

    def answering(self) -> bool:
        """Return whether a request waits for its answer; then the application refuses a further one, in its turn."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete

    def _trace_id(self) -> str | None:
        """Return the id of the trace that the request belongs to, if that is known: here none begins."""
        sent = next((value for name, value in self.headers or () if name == b"traceparent"), b"")
        return trace_id_of(sent.decode("latin-1"))

    def _release(self) -> None:
        if self._place is not None:
            self._place.release()
            self._place = None

    def _refuse(self, status: HTTPStatus, refusal: bytes) -> None:
        self._refused = True
        common = self.server_state.default_headers  # while the server drains, they close the connection
        leaves = _CLOSE in common or not self._may_stay()
        if leaves and _CLOSE not in common:
            common = [*common, _CLOSE]
        self.transport.write(STATUS_LINE[status] + head(common) + refusal)
        self.server_state.total_requests += 1
        if leaves:
            self._leave()

    def _may_stay(self) -> bool:
        """Return whether the rest of the request is cheaper to read than a new connection, and answers are read."""
        headers = dict(self.headers)
        length = headers.get(b"content-length", b"0")
        short = length.isdigit() and int(length) <= READ_ANYWAY_BYTES and b"transfer-encoding" not in headers
        keeps = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        return keeps and short and not self.expect_100_continue and not self.flow.write_paused

    def _wait_for_more(self) -> None:
        """Let the client be silent for no longer than between two requests, be its body complete or not."""
        if not self._leaving and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._arm(self.timeout_keep_alive)

    def _leave(self) -> None:
        self._leaving = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._unset_keepalive_if_required()
        self._arm(_LINGER_SECONDS)

    def _arm(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)
