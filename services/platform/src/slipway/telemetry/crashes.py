"""Logs what would otherwise be printed with its values: exceptions that nobody caught."""

import sys
import threading
from types import TracebackType

import structlog


def log_crashes() -> None:
    """Send uncaught exceptions of the main thread, of other threads and of finalisers to the log."""
    sys.excepthook = _crashed
    threading.excepthook = _thread_crashed
    sys.unraisablehook = _unraisable


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        _log("process_crashed", error)


def _thread_crashed(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_type is not SystemExit:
        _log("thread_crashed", arguments.exc_value)


def _unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    _log("exception_in_finaliser", unraisable.exc_value)


def _log(event: str, error: BaseException | None) -> None:
    structlog.get_logger(source=__name__).critical(event, exc_info=error)
