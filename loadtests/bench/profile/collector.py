"""A collector that takes every span and forgets it, so that what exporting costs the API is counted."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from slipway_cli.servers.ports import LOCALHOST


class _Forgets(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Say nothing."""


@contextmanager
def collecting() -> Iterator[str]:
    """Run the collector in a thread; yield its endpoint."""
    with ThreadingHTTPServer((LOCALHOST, 0), _Forgets) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{LOCALHOST}:{server.server_address[1]}"
        server.shutdown()
