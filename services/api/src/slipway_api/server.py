"""Runs the API on uvicorn."""

import asyncio
import math
import socket
import sys
import time
from typing import Any, cast

import uvicorn
from fastapi import FastAPI

from slipway.interruption import end_when_asked
from slipway.keys.requirement import require_keys
from slipway.process import announce_ready, begin
from slipway.settings import Settings
from slipway.telemetry.tracing import configure_tracing
from slipway_api.app import create_app
from slipway_api.patience import PatientProtocol
from slipway_api.protocol import Protocol

_POLL_SECONDS = 0.05
_CLOSE = (b"connection", b"close")
_SWITCH_SECONDS = 0.0003
"""How long a thread of the model waits, between two runs, for the event loop to let it have the interpreter. With
CPython's own 5 ms it waits longer, and its core with it (docs/decisions/0023)."""


def serve() -> None:
    """Serve until SIGTERM or SIGINT; then finish the requests in hand."""
    end_when_asked()  # uvicorn raises the signal once more after its end, which is no failure
    settings = begin("api")
    require_keys(settings)
    sockets = inherited_sockets(settings)
    sys.setswitchinterval(_SWITCH_SECONDS)
    app = create_app(settings, configure_tracing("api", settings))
    DrainingServer(app, settings).run(sockets)


def inherited_sockets(settings: Settings) -> list[socket.socket] | None:
    """Return the listening socket that whoever started us gave us; None: we make our own.

    Raises:
        SystemExit: the descriptor is not that of a TCP socket.
    """
    if settings.api_fd is None:
        return None
    advice = f"SLIPWAY_API_FD={settings.api_fd} is not the descriptor of a TCP socket. Leave it to who starts the API."
    try:
        given = socket.socket(fileno=settings.api_fd)
    except OSError as error:
        raise SystemExit(advice) from error
    if given.type != socket.SOCK_STREAM or given.family not in {socket.AF_INET, socket.AF_INET6}:
        raise SystemExit(advice)
    return [given]


def options(settings: Settings) -> dict[str, Any]:
    """Return how uvicorn serves the application."""
    return {
        "host": settings.api_host,
        "port": settings.api_port,
        "http": PatientProtocol,
        "ws": "none",
        "reset_contextvars": True,  # or a request may inherit trace and tenant from the one before on its connection
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_graceful_shutdown": math.ceil(settings.drain_seconds),
        "timeout_keep_alive": 75,
    }


class DrainingServer(uvicorn.Server):
    """Stops without failing a request.

    Of a socket that others share it closes only its own copy: who has not been accepted yet is the others'. Who has
    been is answered, and told to come again on another connection. An idle connection is closed after a while only: its
    client could have sent the next request just then, and would get no answer to it.
    """

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        super().__init__(uvicorn.Config(app, **options(settings)))
        self._app = app
        self._settings = settings

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and say so."""
        await super().startup(sockets)
        announce_ready(self._settings)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nothing new, linger, and finish what was begun. All of it takes `drain_seconds` at most."""
        began = time.monotonic()
        for server in self.servers:
            server.close()
        self._app.state.api.draining.set()
        self._ask_to_close()
        await self._linger(began + min(self._settings.linger_seconds, self._settings.drain_seconds))
        left = self._settings.drain_seconds - (time.monotonic() - began)
        self.config.timeout_graceful_shutdown = max(1, math.ceil(left))
        await super().shutdown(sockets)

    def _ask_to_close(self) -> None:
        self.server_state.default_headers = [*self.server_state.default_headers, _CLOSE]
        for connection in list(self.server_state.connections):
            if (protocol := cast("Protocol", connection)).answering():
                protocol.shutdown()

    async def _linger(self, end: float) -> None:
        # uvicorn has no event to wait for
        while self.server_state.connections and time.monotonic() < end and not self.force_exit:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)
