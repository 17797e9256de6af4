"""Exemplars: the trace behind an observation, so that a person gets from a bucket of a histogram to an example."""

from opentelemetry import trace


def exemplar() -> dict[str, str] | None:
    """Return the current trace as an exemplar; None if it is not sampled, and nothing would be found under its id."""
    context = trace.get_current_span().get_span_context()
    return {"trace_id": trace.format_trace_id(context.trace_id)} if context.trace_flags.sampled else None
