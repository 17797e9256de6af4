"""Writes an event as one line that stays one: Docker cuts lines after 16 KiB, and half a JSON object says nothing."""

from collections.abc import Mapping
from typing import Any

from structlog.processors import JSONRenderer
from structlog.typing import EventDict

_MAX_BYTES = 16_000
_FEWER_FRAMES = (8, 2)
_ALWAYS = ("timestamp", "level", "event", "role", "source", "trace_id", "span_id")
_json = JSONRenderer()


def render(logger: object, method: str, event: EventDict) -> str:
    """Return the event as JSON in ASCII; too long, it has fewer frames of its exceptions, then only what it is."""
    text = _text(logger, method, event)
    for frames in _FEWER_FRAMES:
        if len(text) <= _MAX_BYTES or "exception" not in event:
            break
        event = {**event, "exception": [_shortened(one, frames) for one in event["exception"]]}
        text = _text(logger, method, event)
    if len(text) <= _MAX_BYTES:
        return text
    return _text(logger, method, {name: event[name] for name in _ALWAYS if name in event})


def _text(logger: object, method: str, event: EventDict) -> str:
    return str(_json(logger, method, event))


def _shortened(description: Mapping[str, Any], frames: int) -> dict[str, Any]:
    kept = {name: value for name, value in description.items() if name != "members"}
    return kept | {"frames": description["frames"][-frames:]}
