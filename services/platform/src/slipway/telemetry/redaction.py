"""Keeps values out of spans: only declared names and attributes leave the process."""

import re
from collections.abc import Mapping, Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanContext
from opentelemetry.trace.status import Status
from opentelemetry.util.types import AttributeValue

from slipway.telemetry.spans import ATTRIBUTES, SPANS

UNDECLARED = "undeclared"
"""Stands in for the name of a span that is not declared."""

_DECLARED = frozenset(attribute.name for attribute in ATTRIBUTES)
_NAMES = frozenset(span.name for span in SPANS)
_MADE_NAMES = tuple(re.findall(r"{(.*?)}", span.name) for span in SPANS if span.name.startswith("{"))


class RedactingExporter(SpanExporter):
    """Passes spans on without what is not declared in `slipway.telemetry.spans`, until it is shut down."""

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
    """Return the span without what may hold values: events, and the `tracestate` of a caller, as well."""
    attributes = _declared(span.attributes)
    return ReadableSpan(
        name=_name(span.name, attributes),
        context=_plain(span.context),
        parent=_plain(span.parent) if span.parent else None,
        resource=span.resource,
        attributes=attributes,
        links=[Link(_plain(link.context)) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _declared(attributes: Mapping[str, AttributeValue] | None) -> dict[str, AttributeValue]:
    return {name: value for name, value in (attributes or {}).items() if name in _DECLARED}


def _name(name: str, attributes: Mapping[str, AttributeValue]) -> str:
    """Return a name that is declared, or made of the declared attributes."""
    if name in _NAMES or any(name == _made(parts, attributes) for parts in _MADE_NAMES):
        return name
    return UNDECLARED


def _made(parts: Sequence[str], attributes: Mapping[str, AttributeValue]) -> str:
    return " ".join(str(attributes[part]) for part in parts if part in attributes)


def _plain(context: SpanContext) -> SpanContext:
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)
