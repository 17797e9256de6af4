"""Carries the records of the standard library's `logging` into our logs: a library's words, never its values."""

import logging
import sys
import time
from collections.abc import Mapping

import structlog

_QUOTED = ("alembic", "celery", "opentelemetry", "sqlalchemy", "UnleashClient", "uvicorn")
"""Libraries whose messages are templates. Of all others (`asyncio` quotes arguments) only the place is logged."""
_RAW = ("celery.redirected",)
"""Loggers of these libraries that pass on what somebody printed."""
_BACKGROUND = ("opentelemetry", "UnleashClient")
"""Libraries that try again for as long as their server is away: each of their messages is logged once a minute."""
_REPEAT_SECONDS = 60.0
_OF_PYTHON = ("root", "py.warnings")
_MADE_UP = "unnamed"
"""Stands for a logger whose name is no module's: it may be made of a value."""
_MAX_CHARACTERS = 300
_HIDDEN = "…"


class LibraryHandler(logging.Handler):
    """Hands each record to structlog as the event `library_logged`."""

    def __init__(self) -> None:
        super().__init__()
        self._quiet_until: dict[tuple[str, int], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record."""
        if self._is_repeated(record):
            return
        log = structlog.get_logger(source=_source(record.name))
        fields: dict[str, object] = {"place": f"{record.module}:{record.lineno}"}
        if _is_quoted(record.name):
            fields["library_message"] = quote(record)
        if record.exc_info:
            fields["exc_info"] = record.exc_info
        log.log(_level(record.levelno), "library_logged", **fields)

    def _is_repeated(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(_BACKGROUND):
            return False
        line, moment = (record.pathname, record.lineno), time.monotonic()
        if moment < self._quiet_until.get(line, 0.0):
            return True
        self._quiet_until[line] = moment + _REPEAT_SECONDS
        return False


def quote(record: logging.LogRecord) -> str:
    """Return the first line of a record's message, with only the numbers among its values."""
    template = next(iter(str(record.msg).splitlines()), "")
    try:
        message = template % _masked(record.args) if record.args else template
    except (TypeError, ValueError, KeyError):
        message = template
    return message[:_MAX_CHARACTERS]


def _masked(arguments: tuple[object, ...] | Mapping[str, object]) -> tuple[object, ...] | dict[str, object]:
    if isinstance(arguments, Mapping):
        return {name: _mask(value) for name, value in arguments.items()}
    return tuple(_mask(value) for value in arguments)


def _mask(value: object) -> object:
    return value if isinstance(value, int | float) else _HIDDEN


def _source(name: str) -> str:
    """Return the name of a logger as far as it is that of a module, or of a library that we know."""
    if name in _OF_PYTHON or name.partition(".")[0] in _QUOTED:
        return name
    parts = name.split(".")
    modules = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((module for module in modules if module in sys.modules), _MADE_UP)


def _is_quoted(name: str) -> bool:
    return name not in _RAW and name.partition(".")[0] in _QUOTED


def _level(number: int) -> int:
    """Return the nearest standard level that is not above; structlog knows no others."""
    standard = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO)
    return next((level for level in standard if number >= level), logging.DEBUG)
