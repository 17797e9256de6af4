"""Traces, by OpenTelemetry: set up once a process, and continued from the API into the worker."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from slipway.settings import Settings
from slipway.telemetry.exceptions import type_name
from slipway.telemetry.redaction import OURS, RedactingExporter

_EXPORT_SECONDS = 3.0
_PATH = "/v1/traces"
_W3C = TraceContextTextMapPropagator()


class Tracing:
    """The traces of one process. Nothing is global: hand `provider` to instrumentation."""

    def __init__(self, provider: TracerProvider, exporter: SpanExporter | None) -> None:
        """Use `configure_tracing`."""
        self.provider = provider
        self._exporter = exporter
        self._tracer = provider.get_tracer("slipway")

    @contextmanager
    def continue_trace(self, traceparent: str | None, name: str, **attributes: str | float) -> Iterator[Span]:
        """Open a span under a `traceparent` that was kept earlier; without a valid one it starts a trace of its own.

        Attributes appear as `slipway.<name>`. An exception marks the span as failed, by its type alone.
        """
        parent = _W3C.extract({"traceparent": traceparent or ""})
        with self._tracer.start_as_current_span(
            name,
            context=parent,
            attributes={f"{OURS}{key}": value for key, value in attributes.items()},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR))
                span.set_attribute("error.type", type_name(type(error)))
                raise

    def shutdown(self, timeout: float = 5.0) -> bool:
        """Export what waits, for at most `timeout` seconds; tell whether all of it was handed on in time."""
        closing = threading.Thread(target=self.provider.shutdown, name="tracing-shutdown", daemon=True)
        closing.start()
        closing.join(timeout)
        in_time = not closing.is_alive()
        if self._exporter and not in_time:
            self._exporter.shutdown()
        return in_time


def configure_tracing(role: str, settings: Settings, *, exporter: SpanExporter | None = None) -> Tracing:
    """Set up tracing for this process: sampled as the caller decided, new traces by `trace_ratio`.

    Spans go to the collector of the settings, in batches from a thread of their own; without one they go nowhere, and
    still give logs and jobs their trace ids. Tests pass an `exporter`, which gets each span as it ends.
    """
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(settings.trace_ratio)),
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


def current_traceparent() -> str | None:
    """Return the W3C `traceparent` of the current span, to be kept for `continue_trace`."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent")


def current_trace_id() -> str | None:
    """Return the id of the current trace, 32 hex digits."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def _collector(endpoint: str) -> SpanExporter:
    # A third of a second to import, which a process without a collector can do without.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

    url = endpoint.rstrip("/")
    return OTLPSpanExporter(endpoint=url if url.endswith(_PATH) else url + _PATH, timeout=_EXPORT_SECONDS)
