"""Every metric, declared once. Dashboards, alerts and autoscaling use only names from here.

`python -m slipway.telemetry.catalogue` prints the reference, which is checked in as `docs/metrics.md`.
"""

from slipway.telemetry.metric import Counter, Gauge, Histogram, Label, Metric
from slipway.telemetry.reference import render

_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_MODEL_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_BATCH_INPUTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)

_ROUTE = Label("route", bound="The route templates of the API, never a path as it was sent.")
_METHOD = Label("method", ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_WORKLOAD = Label("workload", bound="The workload that the process serves.")

HTTP_REQUESTS = Counter(
    "slipway_http_requests_total",
    "Requests that were answered.",
    (_ROUTE, _METHOD, Label("status", ("1xx", "2xx", "3xx", "4xx", "5xx"))),
)
HTTP_DURATION = Histogram(
    "slipway_http_request_duration_seconds",
    "Time from a request's first byte to the end of its answer.",
    (_ROUTE, _METHOD),
    unit="seconds",
    buckets=_REQUEST_SECONDS,
)
REJECTED = Counter(
    "slipway_requests_rejected_total",
    "Requests that were turned away before any work was done.",
    (
        Label(
            "reason",
            (
                "overloaded",
                "rate_limited",
                "queue_full",
                "unauthenticated",
                "missing_scope",
                "switched_off",
                "too_large",
                "timeout",
            ),
        ),
    ),
)

INPUTS_PREDICTED = Counter(
    "slipway_inputs_predicted_total",
    "Inputs that went through the model.",
    (_WORKLOAD, Label("channel", ("sync", "job")), Label("outcome", ("succeeded", "failed", "error", "timeout"))),
)
BATCH_SIZE = Histogram(
    "slipway_batch_size_inputs",
    "Inputs that went through the model in one call.",
    (_WORKLOAD,),
    unit="inputs",
    buckets=_BATCH_INPUTS,
)
MODEL_DURATION = Histogram(
    "slipway_model_duration_seconds",
    "Time that one call of the model took.",
    (_WORKLOAD,),
    unit="seconds",
    buckets=_MODEL_SECONDS,
)
MODEL_HANGING = Gauge(
    "slipway_model_hanging_calls",
    "Calls of the model that were given up and still hang in their threads; the process ends when they are too many.",
    (_WORKLOAD,),
    unit="calls",
)
BATCH_QUEUE = Gauge(
    "slipway_batch_queue_inputs", "Inputs that wait for the model in this process.", (_WORKLOAD,), unit="inputs"
)
BATCH_QUEUE_WAIT = Gauge(
    "slipway_batch_queue_wait_seconds",
    "Time that an input which came now would wait for the model, by the throughput of late.",
    (_WORKLOAD,),
    unit="seconds",
)

JOBS_ACCEPTED = Counter("slipway_jobs_accepted_total", "Jobs whose inputs were all stored.", (_WORKLOAD,))
CHUNKS_HANDLED = Counter(
    "slipway_job_chunks_handled_total",
    "What happened to chunks: a claim, then finished, given back (on drain), stale (finished after the lease was "
    "lost, so the work was dropped) or lost (the lease expired and the sweeper took it back).",
    (Label("outcome", ("claimed", "finished", "given_back", "stale", "lost")),),
)
ITEMS_FINISHED = Counter(
    "slipway_job_items_finished_total",
    "Inputs of jobs that got their result, or were given up.",
    (Label("outcome", ("succeeded", "dead")),),
)
CHUNKS = Gauge(
    "slipway_job_chunks",
    "Chunks of all tenants' jobs that wait for a worker, or run.",
    (Label("state", ("waiting", "running")),),
)
OLDEST_WAITING = Gauge("slipway_job_oldest_waiting_seconds", "Age of the oldest chunk that waits.", unit="seconds")
DEAD_LETTERS = Gauge("slipway_job_dead_letters", "Inputs of jobs that were given up and not retried since.")
SWEEPS = Counter(
    "slipway_sweeps_total",
    "Runs of the sweeper that takes back expired leases.",
    (Label("outcome", ("succeeded", "failed")),),
)
WEBHOOK_ATTEMPTS = Counter(
    "slipway_webhook_attempts_total",
    "Attempts to deliver a webhook: delivered, failed (to be tried again), given up (the last one failed), "
    "postponed (nothing was sent, for a reason of ours), stale (ended after the lease was lost) or lost (the worker "
    "is gone).",
    (Label("outcome", ("delivered", "failed", "given_up", "postponed", "stale", "lost")),),
)
WEBHOOK_DURATION = Histogram(
    "slipway_webhook_duration_seconds",
    "Time from the connection to the receiver's answer.",
    unit="seconds",
    buckets=_MODEL_SECONDS,
)
WEBHOOKS_PENDING = Gauge(
    "slipway_webhook_pending_deliveries", "Webhooks that wait for an attempt, at endpoints that are enabled."
)
WEBHOOKS_OVERDUE = Gauge(
    "slipway_webhook_overdue_seconds",
    "How long the most overdue webhook should have been sent already, at endpoints that work.",
    unit="seconds",
)
WEBHOOK_ENDPOINTS = Gauge(
    "slipway_webhook_endpoints",
    "Endpoints of all tenants: enabled, broken (enabled, but failing: single trials only), disabled.",
    (Label("state", ("enabled", "broken", "disabled")),),
)
DOORBELLS = Counter(
    "slipway_doorbells_total",
    "Messages that tell workers of new work; skipped while the breaker is open.",
    (Label("outcome", ("rung", "failed", "skipped")),),
)

JOB_WATCHERS = Gauge("slipway_job_watchers", "Event streams of jobs that are open in this process.")

DATABASE_CONNECTIONS = Gauge(
    "slipway_database_connections",
    "Connections that are checked out of the pool.",
    (Label("role", ("app", "system", "owner")),),
)
AUDIT_ENTRIES = Counter("slipway_audit_entries_total", "Entries of the audit log that were sealed.")
AUDIT_SEALS = Counter(
    "slipway_audit_seals_total",
    "Runs of the sealer that chains and signs the audit log.",
    (Label("outcome", ("succeeded", "failed")),),
)
AUDIT_UNSEALED_AGE = Gauge(
    "slipway_audit_unsealed_seconds", "Age of the oldest audit entry that no seal covers yet.", unit="seconds"
)
FLAGS_FALLBACK = Counter(
    "slipway_flags_fallback_total",
    "Questions about a flag that neither the server nor the bootstrap file knew; its declared default answered.",
    (Label("flag", bound="The flags declared in slipway.flags."),),
)
MODEL_INFO = Gauge(
    "slipway_model_info",
    "1 for the model that the process serves.",
    (_WORKLOAD, Label("model", bound="The one artifact that the process loaded, with its version.")),
)
BUILD_INFO = Gauge(
    "slipway_build_info",
    "1 for the build that runs.",
    (Label("version", bound="The one release that runs."), Label("python", bound="The one interpreter that runs.")),
)


def catalogue() -> tuple[Metric, ...]:
    """Return every metric of this module, in the order of declaration."""
    return tuple(value for value in globals().values() if isinstance(value, Metric))


if __name__ == "__main__":
    print(render(catalogue()), end="")  # noqa: T201  # printing is what it is run for
