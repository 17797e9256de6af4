"""The steps that turn a call of a logger into one line."""

import math
import re
import sys
from collections.abc import MutableMapping
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from opentelemetry import trace
from structlog.typing import EventDict

from slipway.clock import now
from slipway.telemetry.exceptions import describe
from slipway.telemetry.fields import FIELDS

_EVENT = re.compile(r"[a-z][a-z0-9_.]{0,80}")
_MAX_CHARACTERS = 500
_SET_HERE = ("timestamp", "level", "event", "role")
UNNAMED = "event_without_name"
"""Stands in, in production, for an event whose name is not a name."""


def add_trace(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add the current trace and span."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event


def describe_exception(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replace `exc_info` (True, an exception, or the triple) with a description that holds no values."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = describe(error)
    return event


class Guard:
    """Lets declared fields with plain values through; strict, it refuses the rest, otherwise it drops the rest."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        """Check one event.

        Raises:
            ValueError: strict, and the event's name, a field or a value's type is not one that may be logged.
        """
        faults = _faults(event)
        if faults and self._strict:
            raise ValueError(f"log event {event['event']!r}: {'; '.join(faults.values())}")
        kept = {
            name: value if name == "exception" else _plain(value) for name, value in event.items() if name not in faults
        }
        return {"event": UNNAMED, **kept}


def _faults(event: MutableMapping[str, Any]) -> dict[str, str]:
    faults = {
        name: f"field {name!r} is not declared in slipway.telemetry.fields" for name in event if name not in FIELDS
    }
    for name, value in event.items():
        if name != "exception" and not isinstance(value, str | int | float | UUID | Path | None):
            faults[name] = f"field {name!r} is a {type(value).__name__}; log plain values"
    if not (isinstance(event["event"], str) and _EVENT.fullmatch(event["event"])):
        faults["event"] = "its name should be like `job_accepted`: lower case, stable, without values"
    return faults


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return str(value)[:_MAX_CHARACTERS]


class Frame:
    """Adds time and role, and puts what a reader looks for first at the front."""

    def __init__(self, role: str) -> None:
        self._role = role

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        """Frame one event."""
        at = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        front = {"timestamp": at, "level": event["level"], "event": event["event"], "role": self._role}
        return front | {name: value for name, value in event.items() if name not in _SET_HERE}
