"""What every request passes through: measured, and never left without an answer in our format."""

import time
from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slipway.errors import InternalError
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics
from slipway_api.problems import problem_response

_UNMATCHED = "unmatched"
_HEADERS = "slipway.headers"
EVENT_STREAM = (b"content-type", b"text/event-stream; charset=utf-8")
"""The header of an answer that lasts as long as the client likes."""
READ_ANYWAY_BYTES = 64 * 1024
"""Rest of a body that is cheaper to read and forget than a new connection."""
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
]

log = get_logger(__name__)


class RequestMiddleware:
    """Counts and times each request, and turns a defect into a 500 without internals."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = scope[_HEADERS] = list(SECURITY_HEADERS)
        exchange = _Exchange(scope, receive, send, headers)
        began = time.perf_counter()
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:
            log.exception("request.failed", route=route_of(scope) or _UNMATCHED, method=scope["method"])
            if exchange.status:
                raise
            await _sorry(scope, exchange)
        finally:
            _measure(scope, exchange, time.perf_counter() - began)


def add_headers(request: Request, headers: Mapping[str, str]) -> None:
    """Add headers to the answer of a request, whatever it will be."""
    request.scope[_HEADERS] += [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def route_of(scope: Scope) -> str | None:
    """Return the template of the route that a request was matched to."""
    return getattr(scope.get("route"), "path", None)


class _Exchange:
    """Sees whether the body was read and what the status is, and adds the headers that were asked for."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self._receive = receive
        self._send = send
        self._headers = headers
        self._unread = _has_long_body(dict(scope["headers"]))
        self.status = 0
        self.left = False
        self.endless = False
        """Whether the answer lasts as long as the client likes: then its time says nothing about us."""

    async def receive(self) -> Message:
        message = await self._receive()
        self.left = self.left or message["type"] == "http.disconnect"
        if not message.get("more_body"):
            self._unread = False
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.endless = EVENT_STREAM in message["headers"]
            # Who is refused in the middle of a long body should not go on sending it.
            closing = [(b"connection", b"close")] if self._unread else []
            message["headers"] = [*message["headers"], *self._headers, *closing]
        await self._send(message)


def _has_long_body(headers: Mapping[bytes, bytes]) -> bool:
    length = headers.get(b"content-length", b"0")
    return b"transfer-encoding" in headers or not length.isdigit() or int(length) > READ_ANYWAY_BYTES


async def _sorry(scope: Scope, exchange: _Exchange) -> None:
    problem = InternalError("Try again, and quote the trace id if it happens again.")
    await problem_response(problem)(scope, exchange.receive, exchange.send)


def _measure(scope: Scope, exchange: _Exchange, seconds: float) -> None:
    api = getattr(scope["app"].state, "api", None)
    if api is None or (exchange.left and not exchange.status):
        return  # who left before there was an answer got none, and it was no failure of ours
    metrics: Metrics = api.platform.metrics
    route, method = route_of(scope) or _UNMATCHED, scope["method"]
    status_class = f"{(exchange.status or HTTPStatus.INTERNAL_SERVER_ERROR) // 100}xx"
    metrics.inc(catalogue.HTTP_REQUESTS, route=route, method=method, status=status_class)
    if not exchange.endless:
        metrics.observe(catalogue.HTTP_DURATION, seconds, route=route, method=method)
