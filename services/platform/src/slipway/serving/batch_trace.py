"""Shows in a trace what a request waited for, and with whom its inputs shared the model."""

import time
from collections.abc import Sequence
from contextvars import Context

from opentelemetry.trace import Span

from slipway.serving.queue import Batch, Request
from slipway.telemetry import spans
from slipway.telemetry.tracing import Tracing, annotate


class BatchTrace:
    """The span of a batch of which at least one request is recorded, and what it tells those."""

    def __init__(self, tracing: Tracing, batch: Batch, recorded: Sequence[Request], context: Context) -> None:
        """Begin the span; it is the current one in the context."""
        self._context = context
        requests = {entry.request for entry in batch}
        parents = [span for span in (request.span for request in recorded) if span is not None]
        self._scope = tracing.joined(spans.BATCHER_BATCH, parents, inputs=len(batch), requests=len(requests))
        span = context.run(self._scope.__enter__)
        padded = len(batch) * max(entry.cost for entry in batch)
        model = batch[0].request.predictor.workload.version
        context.run(annotate, model=model, model_calls=1, padded_tokens=padded)
        for request in recorded:
            _tell(request, span, len(batch), padded)

    def end(self, error: Exception | None) -> None:
        """End the span: the model has answered."""
        self._context.run(self._scope.__exit__, type(error) if error else None, error, None)


def trace_batch(tracing: Tracing, batch: Batch, context: Context) -> BatchTrace | None:
    """Begin the span of a batch; None, for next to nothing, if no trace of its requests is recorded."""
    recorded = {entry.request: None for entry in batch if entry.request.span is not None}
    return BatchTrace(tracing, batch, list(recorded), context) if recorded else None


def _tell(request: Request, batch: Span, inputs: int, padded: int) -> None:
    if request.span is not None:
        request.span.add_link(batch.get_span_context())
        request.span.set_attribute(spans.QUEUE_SECONDS.name, time.monotonic() - request.since)
        request.span.set_attribute(spans.BATCH_INPUTS.name, inputs)
        request.span.set_attribute(spans.PADDED_TOKENS.name, padded)
