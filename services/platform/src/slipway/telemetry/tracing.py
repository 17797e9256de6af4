"""Traces, by OpenTelemetry: set up once a process, and continued from the API into the worker."""

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.metadata import version

from opentelemetry import context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Link, Span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from slipway.settings import Settings
from slipway.telemetry.current_span import CurrentSpan
from slipway.telemetry.redaction import RedactingExporter
from slipway.telemetry.sampling import sampler
from slipway.telemetry.span_type import OURS, SpanType

Value = str | float
"""Of an attribute: a number, an id, or one of a few words."""

_EXPORT_SECONDS = 3.0
_PATH = "/v1/traces"
_W3C = TraceContextTextMapPropagator()
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_NOTHING = nullcontext(trace.INVALID_SPAN)


class Tracing:
    """The traces of one process. Nothing is global: whoever opens spans is given this, or `provider`.

    Keywords are attributes that `slipway.telemetry.spans` declares for the span, without the prefix `slipway.`. An
    exception marks its span as failed, by its type alone.
    """

    def __init__(self, provider: TracerProvider, exporter: SpanExporter | None) -> None:
        """Use `configure_tracing`."""
        self.provider = provider
        self._exporter = exporter
        self._tracer = provider.get_tracer("slipway")

    def continue_trace(
        self, traceparent: str | None, what: SpanType, *, began: int | None = None, **attributes: Value
    ) -> AbstractContextManager[Span]:
        """Open a span under a `traceparent` that was kept earlier; without a valid one it starts a trace of its own.

        If a span is current and recorded already, it links to that.

        Args:
            traceparent: of the parent.
            what: what the span stands for.
            began: nanoseconds since 1970; now if it is not given.
            attributes: see the class.
        """
        parent = context.Context()
        if traceparent:
            parent = _W3C.extract({"traceparent": traceparent}, parent)
        links = _links([trace.get_current_span()])
        return CurrentSpan(self._start(what, attributes, parent, links, began))

    def span(self, what: SpanType, **attributes: Value) -> AbstractContextManager[Span]:
        """Open a span below the current one. If that is not recorded, nothing is: what polls begins no traces."""
        if not trace.get_current_span().is_recording():
            return _NOTHING
        return CurrentSpan(self._start(what, attributes))

    def joined(self, what: SpanType, parents: Sequence[Span], **attributes: Value) -> AbstractContextManager[Span]:
        """Open a span for what is done for several others at once: below the first, with links to all.

        Those that are not recorded do not count; if none is, nothing is recorded.
        """
        links = _links(parents)
        if not links:
            return _NOTHING
        below = trace.set_span_in_context(trace.NonRecordingSpan(links[0].context), context.Context())
        return CurrentSpan(self._start(what, attributes, below, links))

    def add(self, what: SpanType, began: int, ended: int, **attributes: Value) -> None:
        """Add what is over already, in nanoseconds since 1970, below the current span."""
        if trace.get_current_span().is_recording():
            self._start(what, attributes, began=began).end(ended)

    def start(self, what: SpanType, name: str, attributes: Mapping[str, Value]) -> Span:
        """Start a span whose name is made of attributes, below the current one. The caller ends it.

        The attributes have their whole names.
        """
        return self._tracer.start_span(name, None, what.kind, {**what.fixed, **attributes})

    def shutdown(self, timeout: float = 5.0) -> bool:
        """Export what waits, for at most `timeout` seconds; tell whether all of it was handed on in time."""
        closing = threading.Thread(target=self.provider.shutdown, name="tracing-shutdown", daemon=True)
        closing.start()
        closing.join(timeout)
        in_time = not closing.is_alive()
        if self._exporter and not in_time:
            self._exporter.shutdown()
        return in_time

    def _start(
        self,
        what: SpanType,
        attributes: Mapping[str, Value],
        parent: context.Context | None = None,
        links: Sequence[Link] = (),
        began: int | None = None,
    ) -> Span:
        known = {**what.fixed, **_ours(attributes)}
        return self._tracer.start_span(what.name, parent, what.kind, known, links, began)


def configure_tracing(role: str, settings: Settings, *, exporter: SpanExporter | None = None) -> Tracing:
    """Set up tracing for this process: sampled as `slipway.telemetry.sampling` describes.

    Spans go to the collector of the settings, in batches from a thread of their own. Without one new traces are not
    recorded, and still give logs and jobs their trace ids. Tests pass an `exporter`, which gets each span as it ends.
    """
    collected = exporter is not None or settings.otlp_endpoint is not None
    provider = TracerProvider(
        sampler=sampler(settings, collected=collected),
        resource=Resource.create({"service.name": f"slipway-{role}", "service.version": version("slipway")}),
        shutdown_on_exit=False,
    )
    if exporter is not None:
        safe = RedactingExporter(exporter)
        provider.add_span_processor(SimpleSpanProcessor(safe))
    elif settings.otlp_endpoint is not None:
        safe = RedactingExporter(_collector(settings.otlp_endpoint))
        provider.add_span_processor(BatchSpanProcessor(safe))
    else:
        safe = None
    return Tracing(provider, safe)


NO_TRACING = Tracing(TracerProvider(sampler=ALWAYS_OFF, resource=Resource.get_empty(), shutdown_on_exit=False), None)
"""For parts that are used by themselves: records nothing."""


@contextmanager
def untraced() -> Iterator[None]:
    """Let nothing of the block be part of the current trace."""
    token = context.attach(context.Context())
    try:
        yield
    finally:
        context.detach(token)


def annotate(**attributes: Value) -> None:
    """Add attributes to the current span, by the keywords that `Tracing` describes."""
    span = trace.get_current_span()
    if span.is_recording():
        span.set_attributes(_ours(attributes))


def current_traceparent() -> str | None:
    """Return the W3C `traceparent` of the current span, to be kept for `continue_trace`."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent")


def current_trace_id() -> str | None:
    """Return the id of the current trace, 32 hex digits."""
    found = trace.get_current_span().get_span_context()
    return trace.format_trace_id(found.trace_id) if found.is_valid else None


def trace_id_of(traceparent: str) -> str | None:
    """Return the id of the trace that a W3C `traceparent` names, if it is one."""
    found = _TRACEPARENT.fullmatch(traceparent)
    return found[1] if found else None


def _links(parents: Iterable[Span]) -> list[Link]:
    return [Link(parent.get_span_context()) for parent in parents if parent.is_recording()]


def _ours(attributes: Mapping[str, Value]) -> dict[str, Value]:
    return {f"{OURS}{keyword}": value for keyword, value in attributes.items()}


def _collector(endpoint: str) -> SpanExporter:
    # A third of a second to import, which a process without a collector can do without.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

    url = endpoint.rstrip("/")
    return OTLPSpanExporter(endpoint=url if url.endswith(_PATH) else url + _PATH, timeout=_EXPORT_SECONDS)
