import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest
import structlog

from slipway.telemetry.logs import configure_logs

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def process_state() -> Iterator[None]:
    """Put back what `configure_logs` changes for the whole process."""
    root = logging.getLogger()
    handlers, level, raising = root.handlers[:], root.level, logging.raiseExceptions
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    root.handlers = []  # `configure_logs` closes those it finds
    yield
    root.handlers, logging.raiseExceptions = handlers, raising
    root.setLevel(level)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    structlog.reset_defaults()


@pytest.fixture
def lines(process_state: None) -> Lines:
    """Configure logging as in development; calling it returns the lines so far."""
    with redirect_stdout(StringIO()) as written:  # pytest's own stand-in is closed between set-up and test
        configure_logs("api", "INFO", strict=True)
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]
