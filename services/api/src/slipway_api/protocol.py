"""HTTP as uvicorn speaks it, with our error format and a bound on the head of a request."""

import json

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from slipway.errors import MalformedBody
from slipway_api.problems import MEDIA_TYPE, document

_MAX_HEAD_BYTES = 64 * 1024


class Protocol(HttpToolsProtocol):
    """Refuses what is not HTTP with a problem document: bad syntax, unknown methods, endless headers."""

    _head: int | None = None
    """Bytes of the head that have arrived, while it is arriving."""

    def data_received(self, data: bytes) -> None:
        """Parse a piece of the stream."""
        super().data_received(data)
        if self._head is not None and not self.transport.is_closing():
            self._head += len(data)
            if self._head > _MAX_HEAD_BYTES:
                self.send_400_response(f"Send at most {_MAX_HEAD_BYTES:,} bytes of headers.")

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._head = 0

    def on_headers_complete(self) -> None:
        """Hand the request on."""
        self._head = None
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse, and close the connection: where the next request begins cannot be known."""
        content = json.dumps(document(MalformedBody, msg, None)).encode()
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(content)}\r\n"
        self.transport.write(head.encode() + b"connection: close\r\n\r\n" + content)
        self.transport.close()
