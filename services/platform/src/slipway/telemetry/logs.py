"""The one place for logging: one JSON object a line on standard output, with nothing personal in it."""

import logging
import sys

import structlog
from structlog.contextvars import bound_contextvars as log_context
from structlog.contextvars import merge_contextvars
from structlog.typing import FilteringBoundLogger

from slipway.telemetry.crashes import log_crashes
from slipway.telemetry.library_logs import LibraryHandler
from slipway.telemetry.line import render
from slipway.telemetry.processors import Frame, Guard, add_trace, describe_exception

__all__ = ["configure_logs", "get_logger", "keep_logs_apart", "log_context"]


def get_logger(name: str) -> FilteringBoundLogger:
    """Return the logger of a module: `log = get_logger(__name__)`, then `log.info("job_accepted", job_id=job.id)`.

    Events are stable names; fields are those of `slipway.telemetry.fields`. `with log_context(tenant=...)` adds fields
    to every line of a block and of what it calls.
    """
    logger: FilteringBoundLogger = structlog.get_logger(source=name)
    return logger


def configure_logs(role: str, level: str, *, strict: bool) -> None:
    """Set up logging for this process: ours, the libraries', and exceptions that nobody catches.

    `role` says what kind of process this is, `level` is the least severe that is logged (libraries: at least WARNING).
    `strict`, for development and tests, raises ValueError where a call logs an undeclared field; otherwise the field
    is dropped.
    """
    threshold = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            merge_contextvars,
            structlog.processors.add_log_level,
            add_trace,
            describe_exception,
            Guard(strict=strict),
            Frame(role),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
    )
    logging.basicConfig(handlers=[LibraryHandler()], level=max(threshold, logging.WARNING), force=True)
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # it would print a record's values to standard error
    log_crashes()


def keep_logs_apart() -> None:
    """Have a person's command log to standard error, so that its output is what it prints. Configured logs stay."""
    if not structlog.is_configured():
        structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
