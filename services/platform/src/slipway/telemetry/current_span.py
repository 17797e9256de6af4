"""A span that is current for a block, and how it tells what went wrong in it."""

from http import HTTPStatus
from types import TracebackType

from opentelemetry import context, trace
from opentelemetry.trace import Span, Status, StatusCode

from slipway.errors import Problem
from slipway.telemetry import spans
from slipway.telemetry.exceptions import type_name


class CurrentSpan:
    """Makes a started span the current one for a block, and ends it. To be cancelled is no failure."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def __enter__(self) -> Span:
        self._token = context.attach(trace.set_span_in_context(self._span))
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        context.detach(self._token)
        if isinstance(error, Exception):
            note_failure(self._span, error)
        self._span.end()


def note_failure(span: Span, error: Exception) -> None:
    """Mark a span as failed, by the type of the error alone. A problem that is the caller's (4xx) is only noted."""
    if isinstance(error, Problem):
        note_problem(span, error)
    else:
        _fail(span, type_name(type(error)))


def note_problem(span: Span, problem: Problem) -> None:
    """Tell on a span what problem was the answer."""
    span.set_attribute(spans.PROBLEM.name, problem.type)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _fail(span, problem.type)


def _fail(span: Span, kind: str) -> None:
    span.set_status(Status(StatusCode.ERROR))
    span.set_attribute(spans.ERROR_TYPE.name, kind)
