"""Keeps values out of spans: only declared attributes leave the process."""

from collections.abc import Mapping, Sequence

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace.status import Status
from opentelemetry.util.types import AttributeValue

OURS = "slipway."
_ATTRIBUTES = frozenset(
    {
        "asgi.event.type",
        "error.type",
        "exception.type",
        "http.method",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "http.scheme",
        "http.status_code",
        "network.protocol.version",
        "url.scheme",
    }
)
"""What instrumentation may add. Addresses, paths, queries and user agents are personal, and stay out."""


class RedactingExporter(SpanExporter):
    """Passes spans on without undeclared attributes and exception messages, until it is shut down."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._closed = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export a batch."""
        if self._closed:
            return SpanExportResult.FAILURE
        return self._exporter.export([redacted(span) for span in spans])

    def shutdown(self) -> None:
        """Close the exporter underneath, which ends its retries."""
        if not self._closed:
            self._closed = True
            self._exporter.shutdown()


def redacted(span: ReadableSpan) -> ReadableSpan:
    """Return the span without what may hold values."""
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_declared(span.attributes),
        events=[Event(event.name, _declared(event.attributes), event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _declared(attributes: Mapping[str, AttributeValue] | None) -> dict[str, AttributeValue]:
    return {name: value for name, value in (attributes or {}).items() if name in _ATTRIBUTES or name.startswith(OURS)}
