"""The probes and metrics port: never public, and answered from threads so that a busy event loop cannot hide it."""

import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from slipway.telemetry.logs import get_logger

log = get_logger(__name__)

_SILENT_SECONDS = 5.0
_PLAIN = "text/plain; charset=utf-8"

Ready = Callable[[], bool | str]
"""True, or why the process cannot take work now (False: no reason given). Called from threads."""


class ProbeServer:
    """Serves `/metrics`, `/health/live`, `/health/ready` and `/health/startup`.

    Live: the process answers at all. Startup: `started()`, which goes by nothing but the process itself. Ready:
    `ready()` is True.
    """

    def __init__(
        self, host: str, port: int, registry: CollectorRegistry, *, started: Callable[[], bool], ready: Ready
    ) -> None:
        """Keep the parts; port 0 lets the system choose one."""
        self._address = (host, port)
        self._registry, self._started, self._ready = registry, started, ready
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        return int(self._server.server_address[1]) if self._server else self._address[1]

    def start(self) -> None:
        """Listen, and answer from threads.

        Raises:
            OSError: the port cannot be had; the message names the settings that choose another.
        """
        host, port = self._address
        try:
            self._server = _Server(self._address, self)
        except OSError as error:
            reason = f"Cannot listen on {host}:{port} for metrics and probes ({error.strerror}). "
            advice = "Stop what listens there, or set SLIPWAY_METRICS_PORT or SLIPWAY_METRICS_HOST."
            raise OSError(error.errno, reason + advice) from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="probes", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port. Once is enough; more does no harm."""
        if self._server and self._thread:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._server = self._thread = None

    def answer(self, path: str, accept: str) -> tuple[HTTPStatus, str, bytes]:
        """Return status, content type and body for a request."""
        match path:
            case "/metrics":
                encode, content_type = choose_encoder(accept)
                return HTTPStatus.OK, content_type, encode(self._registry)
            case "/health/live":
                return HTTPStatus.OK, _PLAIN, b"live\n"
            case "/health/ready":
                return self._health(self._ready())
            case "/health/startup":
                return self._health(self._started())
            case _:
                return HTTPStatus.NOT_FOUND, _PLAIN, b"not found\n"

    @staticmethod
    def _health(state: bool | str) -> tuple[HTTPStatus, str, bytes]:  # noqa: FBT001  # it is what `Ready` returns
        if state is True:
            return HTTPStatus.OK, _PLAIN, b"ready\n"
        return HTTPStatus.SERVICE_UNAVAILABLE, _PLAIN, f"{state or 'not ready'}\n".encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], probes: ProbeServer) -> None:
        self.probes = probes
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without HTTPServer's look-up of the host's name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, _request: object, _client_address: object) -> None:
        """Log instead of printing."""
        log.error("probe_failed", exc_info=sys.exc_info()[1])


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SILENT_SECONDS
    server_version = "slipway"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a request."""
        status, content_type, body = self.server.probes.answer(urlsplit(self.path).path, self.headers["Accept"] or "")
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815  # the name that http.server looks for

    def log_message(self, *_: Any) -> None:
        """Log no requests: they come every few seconds."""
