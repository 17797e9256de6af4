"""Statements as spans: named by their operation and table, without their text and parameters.

The instrumentations of SQLAlchemy and psycopg would begin a trace with each statement of each poll, and keep its text.
"""

import re
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from slipway.telemetry import spans
from slipway.telemetry.current_span import CurrentSpan, note_failure
from slipway.telemetry.tracing import Tracing

_LOOKED_AT = 4_000
"""Characters: a bulk insert goes on for long, and only repeats itself."""
_INNERMOST = re.compile(r"\([^()]*\)")
_OPERATION = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE)\b")
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+([a-z_]+)")
_FUNCTION = re.compile(r"\s*SELECT\s+([a-z_]+)\(")


def traced(tracing: Tracing, statement: str) -> AbstractContextManager[object]:
    """Make a span of the block, which executes the statement, if the current span is recorded."""
    return CurrentSpan(_start(tracing, statement)) if _recorded() else nullcontext()


def trace_statements(engine: AsyncEngine, tracing: Tracing) -> None:
    """Make a span of each statement that the engine executes while the current span is recorded."""

    def begin(_connection: Any, _cursor: Any, statement: str, _parameters: Any, execution: Any, *_: Any) -> None:
        if _recorded():
            execution.slipway_span = _start(tracing, statement)

    def end(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, execution: Any, *_: Any) -> None:
        if (span := _span_of(execution)) is not None:
            span.end()

    def fail(failure: ExceptionContext) -> None:
        if (span := _span_of(failure.execution_context)) is not None:
            if isinstance(failure.original_exception, Exception):
                note_failure(span, failure.original_exception)
            span.end()

    event.listen(engine.sync_engine, "before_cursor_execute", begin)
    event.listen(engine.sync_engine, "after_cursor_execute", end)
    event.listen(engine.sync_engine, "handle_error", fail)


def _recorded() -> bool:
    return trace.get_current_span().is_recording()


def _start(tracing: Tracing, statement: str) -> Span:
    attributes = _described(statement[:_LOOKED_AT])
    return tracing.start(spans.STATEMENT, " ".join(attributes.values()), attributes)


def _span_of(execution: object) -> Span | None:
    return getattr(execution, "slipway_span", None)


@lru_cache(maxsize=512)
def _described(statement: str) -> dict[str, str]:
    """Return the operation and the table of a statement, or the function that it calls."""
    outermost = _without_parentheses(statement)
    operation, table = _OPERATION.search(outermost), _TABLE.search(outermost) or _FUNCTION.match(statement)
    described = {spans.OPERATION.name: operation[1] if operation else "OTHER"}
    return described | ({spans.TABLE.name: table[1]} if table else {})


def _without_parentheses(statement: str) -> str:
    """Return the statement without what is in parentheses: what is left of one with `WITH` is its last part."""
    shorter = _INNERMOST.sub("", statement)
    return shorter if shorter == statement else _without_parentheses(shorter)
