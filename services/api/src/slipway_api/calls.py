"""Measures calls of Redis."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from slipway.telemetry import catalogue
from slipway.telemetry.metrics import Metrics


@contextmanager
def measured(metrics: Metrics, purpose: str) -> Iterator[None]:
    """Time the block, one call of Redis for this purpose, and count it if it fails."""
    began = time.perf_counter()
    try:
        yield
    except Exception:
        metrics.inc(catalogue.REDIS_FAILURES, purpose=purpose)
        raise
    finally:
        metrics.observe(catalogue.REDIS_DURATION, time.perf_counter() - began, purpose=purpose)
