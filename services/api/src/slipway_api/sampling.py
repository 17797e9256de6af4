"""Whether a request is recorded is decided first of all, and once: most are not, and cost next to nothing then.

The instrumentation of FastAPI puts a request's attributes together before it asks whether anybody wants them. So the
span is begun here; the instrumentation is given one that is recorded, and does not see the others.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any

from opentelemetry import context
from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import suppress_http_instrumentation
from opentelemetry.trace import Link, Span, SpanKind, Tracer, TracerProvider, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes
from starlette.types import ASGIApp, Receive, Scope, Send

from slipway.telemetry.tracing import Tracing

_UNTRACED = "/health/"
_W3C = TraceContextTextMapPropagator()
_begun: ContextVar[Span | None] = ContextVar("begun", default=None)
"""The span of the request, until the instrumentation has it: the context that it makes is all its own."""


class SampleFirst:
    """Begins the span of each request, and goes around the instrumentation where it is not recorded."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self.app = app
        self._tracer = tracing.provider.get_tracer("slipway_api")
        with suppress_http_instrumentation():
            self._unseen = context.get_current()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        token = context.attach(self._unseen if scope["type"] != "http" else self._context(scope))
        try:
            await self.app(scope, receive, send)
        finally:
            context.detach(token)

    def _context(self, scope: Scope) -> Context:
        if scope["path"].startswith(_UNTRACED):
            return self._unseen
        span = self._tracer.start_span("request", _parent(scope), SpanKind.SERVER)
        if span.is_recording():
            _begun.set(span)
            return Context()
        return set_span_in_context(span, self._unseen)


def _parent(scope: Scope) -> Context:
    """Return the trace that the caller's `traceparent` names, if it is one."""
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return _W3C.extract({"traceparent": value.decode("latin-1")}, Context())
    return Context()


class BegunSpans(TracerProvider):
    """Gives the instrumentation a tracer that begins no span of a request: it was begun already."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> Tracer:
        """Return the tracer."""
        of = (instrumenting_module_name, instrumenting_library_version, schema_url, attributes)
        return _BegunTracer(self._provider.get_tracer(*of))


class _BegunTracer(Tracer):
    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        *more: Any,
        **named: Any,
    ) -> Span:
        begun = _begun.get()
        if begun is None:
            return self._tracer.start_span(name, context, kind, attributes, links, *more, **named)
        _begun.set(None)
        begun.update_name(name)
        begun.set_attributes(dict(attributes or {}))
        return begun

    def start_as_current_span(self, *arguments: Any, **named: Any) -> AbstractContextManager[Span]:  # type: ignore[override]  # the library's is a decorator too
        return self._tracer.start_as_current_span(*arguments, **named)
