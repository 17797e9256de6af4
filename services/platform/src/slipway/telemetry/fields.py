"""Every field that a log line may have. What is not declared here is not logged."""

FIELDS = {
    # Set by the logging pipeline itself.
    "timestamp": "When it happened, RFC 3339, UTC, in milliseconds.",
    "level": "debug, info, warning, error or critical.",
    "event": "What happened: a stable name, never a sentence.",
    "role": "The kind of process: api, worker, scheduler, cli.",
    "source": "The module, or the logger of a library, that says so.",
    "trace_id": "The trace it belongs to, 32 hex digits.",
    "span_id": "The span it belongs to, 16 hex digits.",
    "exception": "The exception and its causes: types, codes and places in the code, no messages and no values.",
    "library_message": "The words of a library, without the values it put into them.",
    "place": "Module and line in a library.",
    # For the code to set.
    "tenant": "Id of the tenant.",
    "job_id": "Id of the job.",
    "webhook_id": "Id of a webhook endpoint.",
    "delivery_id": "Id of a webhook's delivery.",
    "status": "HTTP status that a webhook's receiver answered.",
    "api_key_id": "Public part of an API key.",
    "attempt": "Number of the attempt, from 1.",
    "count": "How many.",
    "outcome": "How it ended: one of a few words.",
    "reason": "Why: one of a few words.",
    "route": "Route template of the API.",
    "method": "HTTP method.",
    "workload": "Name of the workload.",
    "model": "Name and version of the model's artifact.",
    "task": "Name of a Celery task.",
    "flag": "Name of a feature flag.",
    "index": "Name of a daily index of logs.",
}
