"""`python -m loadtests.bench.systems.collector PORT`: takes spans over OTLP/HTTP, counts them, and keeps none.

Slipway exports its traces here, as it would to a collector; what this costs counts as Slipway's. GET answers how many
exports there were, and how many bytes.
"""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from slipway_cli.servers.ports import LOCALHOST


class _Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    exports = 0
    octets = 0

    def do_POST(self) -> None:
        """Take an export."""
        length = int(self.headers["Content-Length"])
        self.rfile.read(length)
        _Sink.exports += 1
        _Sink.octets += length
        self._answer("application/x-protobuf", b"")

    def do_GET(self) -> None:
        """Say what came."""
        self._answer("application/json", json.dumps({"exports": _Sink.exports, "bytes": _Sink.octets}).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library calls it so
        """Log nothing."""

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def collecting() -> Iterator[str]:
    """Run it in a thread of this process, on a free port; yield its endpoint."""
    with ThreadingHTTPServer((LOCALHOST, 0), _Sink) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{LOCALHOST}:{server.server_address[1]}"
        server.shutdown()


def main() -> None:
    """Serve until the process is ended."""
    ThreadingHTTPServer((LOCALHOST, int(sys.argv[1])), _Sink).serve_forever()


if __name__ == "__main__":
    main()
