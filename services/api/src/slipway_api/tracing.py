"""The span of a request: opened by OpenTelemetry's instrumentation of FastAPI, described by us."""

from http import HTTPStatus

from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import Span, Status, StatusCode, get_current_span
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slipway.telemetry import spans
from slipway.telemetry.tracing import Tracing
from slipway_api.middleware import route_of
from slipway_api.sampling import BegunSpans, SampleFirst

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def trace_requests(app: FastAPI, tracing: Tracing) -> None:
    """Continue the trace of whoever sends a `traceparent`, and begin one for whoever does not."""
    app.add_middleware(DescribeRequest)
    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=BegunSpans(tracing.provider),
        meter_provider=NoOpMeterProvider(),  # requests are counted by metrics of our own
        exclude_spans=["send", "receive"],
    )
    instrumented = app.build_middleware_stack
    app.build_middleware_stack = lambda: SampleFirst(instrumented(), tracing)  # type: ignore[method-assign]  # as it does


class DescribeRequest:
    """Says what the request was by the names that we declare, whichever the instrumentation uses."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        span = get_current_span()
        if not span.is_recording():
            await self._app(scope, receive, send)
            return

        async def describe(message: Message) -> None:
            # The instrumentation ends the span with the last part of the answer: here it is open, and its route known.
            if message["type"] == "http.response.start":
                _describe(span, scope, message["status"])
            await send(message)

        await self._app(scope, receive, describe)


def _describe(span: Span, scope: Scope, status: int) -> None:
    """Name the span by its route, and say how the request ended."""
    method, route = scope["method"] if scope["method"] in _METHODS else "_OTHER", route_of(scope)
    span.set_attributes({spans.HTTP_METHOD.name: method, spans.HTTP_STATUS.name: status})
    if route is not None:
        span.set_attribute(spans.HTTP_ROUTE.name, route)
    span.update_name(f"{method} {route}" if route else method)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.set_status(Status(StatusCode.ERROR))
