"""Flags that ask a server, and what one can see of them."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

from slipway.flags import Flags
from slipway.settings import Settings
from slipway.telemetry.logs import configure_logs
from slipway.telemetry.metrics import Metrics


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """A function that waits until something holds."""

    def wait(holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline, "it never came to hold"
            time.sleep(0.01)

    return wait


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def asking(unleash, metrics: Metrics, quick_flags: None) -> Iterator[Flags]:
    """Flags that have heard the server."""
    with Flags(Settings(unleash_url=unleash.url), metrics) as flags:
        flags.settle(20)
        yield flags


@pytest.fixture
def log_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """A function that returns what this process has logged since the test began."""
    with redirect_stdout(StringIO()) as written:
        configure_logs("test", "INFO", strict=True)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    configure_logs("test", "INFO", strict=True)


@pytest.fixture
def sample(metrics: Metrics) -> Callable[..., float | None]:
    """A function that reads one series."""

    def read(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, labels)

    return read
