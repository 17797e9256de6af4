"""Shows in a trace what a request waited for, and with whom its inputs shared the model."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Span

from slipway.telemetry import spans
from slipway.telemetry.tracing import Tracing


@contextmanager
def traced_batch(tracing: Tracing, inputs: Sequence[tuple[Span, float]]) -> Iterator[None]:
    """Make a span of the block, in which the model answers, and tell each request's span about it.

    Args:
        tracing: where to.
        inputs: for each, its request's span, and since when it has waited (`time.monotonic`).
    """
    requests = dict(inputs)
    with tracing.joined(spans.BATCHER_BATCH, list(requests), inputs=len(inputs), requests=len(requests)) as batch:
        recorded = [request for request in requests if request.is_recording()]
        for request in recorded:
            request.add_link(batch.get_span_context())
            request.set_attribute(spans.QUEUE_SECONDS.name, time.monotonic() - requests[request])
            request.set_attribute(spans.BATCH_INPUTS.name, len(inputs))
        yield
        # The predictor has noted it on the batch.
        for request in recorded:
            _copy(spans.PADDED_TOKENS.name, batch, request)


def _copy(name: str, source: Span, target: Span) -> None:
    attributes = cast("ReadableSpan", source).attributes or {}
    if target.is_recording() and name in attributes:
        target.set_attribute(name, attributes[name])
