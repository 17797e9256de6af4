"""Every metric, declared once. Dashboards, alerts and autoscaling use only names from here.

`python -m slipway.telemetry.catalogue` prints the reference, which is checked in as `docs/metrics.md`.
"""

from slipway.telemetry.metric import Counter, Gauge, Histogram, Label, Metric
from slipway.telemetry.reference import render

_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_MODEL_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_BATCH_INPUTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_STEP_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
_ATTEMPTS = (1, 2, 3, 5)

_ROUTE = Label("route", bound="The route templates of the API, never a path as it was sent.")
_METHOD = Label("method", ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_WORKLOAD = Label("workload", bound="The workload that the process serves.")
_ROLE = Label("role", ("app", "system"))
_PURPOSE = Label("purpose", ("rates", "doorbell"))
_FLAG = Label("flag", bound="The flags declared in slipway.flags.")
_STORE = Label("store", ("jobs", "exports", "subjects", "api_keys", "idempotency_keys", "webhook_events"))
_SHARED = "Several processes read it from the database, and report the same: take the max, not the sum."

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
    exemplars=True,
)
HTTP_IN_FLIGHT = Gauge(
    "slipway_http_requests_in_flight",
    "Requests under way in this process, queue included: the exact mean over the last ten seconds. A request counts "
    "from its headers to the end of its answer, but for the time that it waits for its client to send or to read. "
    "Event streams, probes, and what is refused at the door do not count.",
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
INPUTS_REFUSED = Counter(
    "slipway_inputs_refused_total",
    "Inputs that were not given to the model because of whom they are about.",
    (
        _WORKLOAD,
        Label("channel", ("sync", "job")),
        Label("reason", ("processing_restricted", "processing_objected")),
    ),
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
    exemplars=True,
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
BATCH_WAIT = Histogram(
    "slipway_batch_wait_seconds",
    "Time that an input of a request waited until the model began with it.",
    (_WORKLOAD,),
    unit="seconds",
    buckets=_STEP_SECONDS,
)

OUTPUTS = Counter(
    "slipway_outputs_total",
    "Answers, by the label that the model chose.",
    (_WORKLOAD, Label("label", bound="The labels that the model was trained on, or else the workload's own words.")),
)
OUTPUT_SCORE = Histogram(
    "slipway_output_score_ratio",
    "How sure the model is of its answers: its own probability that the label is right, 0 to 1.",
    (_WORKLOAD,),
    unit="ratio",
    buckets=_SCORES,
)
OUTPUTS_DEFERRED = Counter(
    "slipway_outputs_deferred_total", "Answers that leave the decision to a person.", (_WORKLOAD,)
)
OUTPUT_DRIFT = Gauge(
    "slipway_output_drift_index",
    "Population stability index of this process's latest 1,000 answers against those of its model in training: "
    "under 0.1 nothing has changed, over 0.25 much has. 0 until there were 500. Of a process with several "
    "models, the highest. Not there for a model that brings no reference.",
    (_WORKLOAD, Label("distribution", ("score", "label"))),
)

JOBS_ACCEPTED = Counter("slipway_jobs_accepted_total", "Jobs whose inputs were all stored.", (_WORKLOAD,))
CHUNKS_HANDLED = Counter(
    "slipway_job_chunks_handled_total",
    "What happened to chunks: a claim, then finished, given back (on drain, or as somebody in it is to be let alone), "
    "stale (the lease was lost, so the work was dropped) or lost (the lease expired and the sweeper took it back).",
    (Label("outcome", ("claimed", "finished", "given_back", "stale", "lost")),),
)
ITEMS_FINISHED = Counter(
    "slipway_job_items_finished_total",
    "Inputs of jobs that got their result, or were given up.",
    (Label("outcome", ("succeeded", "dead")),),
)
CHUNK_ATTEMPTS = Histogram(
    "slipway_job_chunk_attempts",
    "Attempts that a chunk had taken when it was finished, or given up.",
    buckets=_ATTEMPTS,
)
CHUNKS = Gauge(
    "slipway_job_chunks",
    f"Chunks of all tenants' jobs that wait for a worker, or run. {_SHARED}",
    (Label("state", ("waiting", "running")),),
)
OLDEST_WAITING = Gauge(
    "slipway_job_oldest_waiting_seconds", f"Age of the oldest chunk that waits. {_SHARED}", unit="seconds"
)
DEAD_LETTERS = Gauge("slipway_job_dead_letters", f"Inputs of jobs that were given up and not retried since. {_SHARED}")
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
    "slipway_webhook_pending_deliveries",
    f"Webhooks that wait for an attempt, at endpoints that are enabled. {_SHARED}",
)
WEBHOOKS_OVERDUE = Gauge(
    "slipway_webhook_overdue_seconds",
    f"How long the most overdue webhook should have been sent already, at endpoints that work. {_SHARED}",
    unit="seconds",
)
WEBHOOK_ENDPOINTS = Gauge(
    "slipway_webhook_endpoints",
    f"Endpoints of all tenants: enabled, broken (enabled, but failing: single trials only), disabled. {_SHARED}",
    (Label("state", ("enabled", "broken", "disabled")),),
)
DOORBELLS = Counter(
    "slipway_doorbells_total",
    "Messages that tell workers of new work; skipped while the breaker is open.",
    (Label("outcome", ("rung", "failed", "skipped")),),
)

JOB_WATCHERS = Gauge("slipway_job_watchers", "Event streams of jobs that are open in this process.")

DATABASE_CONNECTIONS = Gauge("slipway_database_connections", "Connections that are checked out of the pool.", (_ROLE,))
DATABASE_POOL = Gauge(
    "slipway_database_pool_connections",
    "Connections that the pool may open, of which each process has its own.",
    (_ROLE,),
)
DATABASE_WAIT = Histogram(
    "slipway_database_wait_seconds",
    "Time until a transaction had its connection: from the pool, or opened anew.",
    (_ROLE,),
    unit="seconds",
    buckets=_STEP_SECONDS,
)
DATABASE_FAILURES = Counter(
    "slipway_database_failures_total",
    "Transactions that failed for want of the database: no connection became free in time (timeout), or the server is "
    "away, restarting or does not answer (outage).",
    (_ROLE, Label("reason", ("timeout", "outage"))),
)
REDIS_DURATION = Histogram(
    "slipway_redis_duration_seconds",
    "Time that a call of Redis took, failed ones included: rates (count a request), doorbell (tell workers of work).",
    (_PURPOSE,),
    unit="seconds",
    buckets=_STEP_SECONDS,
)
REDIS_FAILURES = Counter(
    "slipway_redis_failures_total",
    "Calls of Redis that failed. While it is away only one call every few seconds is tried.",
    (_PURPOSE,),
)
AUDIT_ENTRIES = Counter("slipway_audit_entries_total", "Entries of the audit log that were sealed.")
AUDIT_SEALS = Counter(
    "slipway_audit_seals_total",
    "Runs of the sealer that chains and signs the audit log.",
    (Label("outcome", ("succeeded", "failed")),),
)
AUDIT_UNSEALED_AGE = Gauge(
    "slipway_audit_unsealed_seconds",
    f"Age of the oldest audit entry that no seal covers yet. {_SHARED}",
    unit="seconds",
)
KEY_PROVIDER_DURATION = Histogram(
    "slipway_key_provider_duration_seconds",
    "Time that calls of the key provider took, and how they ended: succeeded, gone (no answer, or it cannot now), "
    "denied, misconfigured, destroyed (the key is no longer there), broken (it does not open), failed (something else) "
    "or cancelled (who asked waited no longer).",
    (
        Label(
            "outcome",
            ("succeeded", "gone", "denied", "misconfigured", "destroyed", "broken", "failed", "cancelled"),
        ),
    ),
    unit="seconds",
    buckets=_REQUEST_SECONDS,
)
PRIVACY_REVIEW_FINDINGS = Gauge(
    "slipway_privacy_review_findings",
    f"What the newest review of data handling has found that is not as it is declared. {_SHARED}",
)
PRIVACY_REVIEW_TIME = Gauge(
    "slipway_privacy_review_timestamp_seconds",
    f"When the newest review of data handling was, as a Unix time; 0: none known. {_SHARED}",
    unit="seconds",
)
TENANT_KEY_AGE = Gauge(
    "slipway_tenant_key_age_seconds",
    f"Age of the oldest tenant key that wraps new keys. {_SHARED}",
    unit="seconds",
)
KEY_ROTATION_OVERDUE = Gauge(
    "slipway_key_rotation_overdue_seconds",
    "For how long the most overdue tenant key should have been replaced, or a version that was replaced should have "
    "been destroyed (rotation), or a backup of the keys have been made that a version waits for (backup; one a day); "
    f"0: all is in time. {_SHARED}",
    (Label("reason", ("rotation", "backup")),),
    unit="seconds",
)
KEY_ROTATIONS = Counter(
    "slipway_key_rotations_total",
    "Steps of rotations that were due: succeeded (a tenant's key was replaced, or the old version destroyed), or "
    "failed (and are tried again within a minute).",
    (Label("outcome", ("succeeded", "failed")),),
)
ERASURES = Counter(
    "slipway_erasures_total",
    "Attempts at erasures that were asked for: succeeded; held by a legal hold, and looked at again within seconds; or "
    "failed, and tried again within a minute.",
    (Label("outcome", ("succeeded", "held", "failed")),),
)
ERASURE_OVERDUE = Gauge(
    "slipway_erasure_overdue_seconds",
    "How far the most overdue erasure is beyond its deadline; 0: all are in time. What a legal hold keeps does not "
    f"count. {_SHARED}",
    unit="seconds",
)
AUDIT_CHECKPOINTS = Counter(
    "slipway_audit_checkpoints_total",
    "Runs of the checkpointer, which writes down apart from the database how far the audit log goes.",
    (Label("outcome", ("succeeded", "failed")),),
)
AUDIT_CHECKPOINT_TIME = Gauge(
    "slipway_audit_checkpoint_timestamp_seconds",
    f"When the newest checkpoint of the audit log was written, as a Unix time; 0: none known. {_SHARED}",
    unit="seconds",
)
FLAGS_FALLBACK = Counter(
    "slipway_flags_fallback_total",
    "Questions about a flag that neither the server nor the bootstrap file knew; its declared default answered.",
    (_FLAG,),
)
FLAG_STATE = Gauge("slipway_flag_state", "1 for a flag that is on, 0 for one that is off, without a tenant.", (_FLAG,))
FLAGS_AGE = Gauge(
    "slipway_flags_age_seconds",
    "Time since the flag server last answered; -1: it never has, or there is none.",
    unit="seconds",
)
FLAG_VARIANTS = Counter(
    "slipway_flag_variants_total",
    "Answers by the variant of a flag that served them.",
    (_FLAG, Label("variant", bound="The variants that the flag server has for the flag.")),
)
RETENTION_OVERDUE = Gauge(
    "slipway_retention_overdue_seconds",
    "How far the oldest row that may go is beyond its limit, of those that the latest runs have left; 0: none is. A "
    f"legal hold keeps rows without counting here. {_SHARED}",
    (_STORE,),
    unit="seconds",
)
RETENTION_DELETED = Counter(
    "slipway_retention_deleted_rows_total",
    "Rows that were deleted because they were older than their limit.",
    (_STORE,),
)
RETENTION_AGE = Gauge(
    "slipway_retention_age_seconds",
    "Time since the retention last came to its end without a failure, for the kind of row and tenant where that is "
    f"longest ago. {_SHARED}",
    unit="seconds",
)
RETENTION_RUNS = Counter(
    "slipway_retention_runs_total",
    "Runs of the retention. `refused`: the clocks of this machine and of the database differ, and nothing was deleted.",
    (Label("outcome", ("succeeded", "failed", "refused")),),
)
EXPORTS = Counter(
    "slipway_exports_total",
    "Exports of all that is held about a person: made, put off after an attempt that failed, failed for good, or given "
    "up because they are gone: the person was erased meanwhile, or their age has ended them.",
    (Label("outcome", ("ready", "postponed", "failed", "gone")),),
)
EXPORT_OVERDUE = Gauge(
    "slipway_export_overdue_seconds",
    f"How long ago the most overdue export should have been ready; 0: none is overdue. {_SHARED}",
    unit="seconds",
)
LOG_INDICES_DELETED = Counter(
    "slipway_log_indices_deleted_total",
    "Daily indices of logs that were old enough to be deleted.",
    (Label("outcome", ("deleted", "failed")),),
)
MODEL_INFO = Gauge(
    "slipway_model_info",
    "1 for each model that the process serves.",
    (_WORKLOAD, Label("model", bound="The few artifacts that the process loaded, with their versions.")),
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
