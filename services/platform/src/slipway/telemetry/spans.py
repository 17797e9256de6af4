"""Every span and every attribute of one, declared once. What is not declared here does not leave the process.

`python -m slipway.telemetry.span_reference docs/tracing.md` writes them into that page.
"""

from opentelemetry.trace import SpanKind

from slipway.telemetry.span_type import Attribute, SpanType

ERROR_TYPE = Attribute("error.type", "What failed: the type of a problem, or the class of an exception.")
PROBLEM = Attribute("slipway.problem", "Type of the problem document that was the answer, also where that is no error.")
HTTP_METHOD = Attribute("http.request.method", "Method; `_OTHER` if it is none of the usual.")
HTTP_ROUTE = Attribute("http.route", "Template of the route; a path that has none is not kept.")
HTTP_STATUS = Attribute("http.response.status_code", "Status of the answer.")
TENANT = Attribute("slipway.tenant", "Id of the tenant.")
JOB = Attribute("slipway.job_id", "Id of the job.")
ATTEMPT = Attribute("slipway.attempt", "Number of the attempt, from 1.")
INPUTS = Attribute("slipway.inputs", "How many inputs.")
REQUESTS = Attribute("slipway.requests", "How many requests the inputs came from.")
QUEUE_SECONDS = Attribute("slipway.queue_seconds", "How long the request's last input waited for the model.")
BATCH_INPUTS = Attribute("slipway.batch_inputs", "Inputs in the batch that the request's last input was in.")
PADDED_TOKENS = Attribute(
    "slipway.padded_tokens", "What the model computed, padding included: inputs times the cost of the dearest."
)
MODEL_CALLS = Attribute("slipway.model_calls", "Calls that the inputs were cut into, by the limits of the workload.")
MODEL = Attribute("slipway.model", "Name and version of the model's artifact.")
SYSTEM = Attribute("db.system.name", "`postgresql` or `redis`.")
_POSTGRESQL, _REDIS = {SYSTEM.name: "postgresql"}, {SYSTEM.name: "redis"}
OPERATION = Attribute("db.operation.name", "What the statement does: `SELECT`, `INSERT`, ...")
TABLE = Attribute("db.collection.name", "First table that the statement names, or else the function that it calls.")
ROLE = Attribute("slipway.role", "Role of the connection: `app` sees one tenant, `system` only metadata.")
MESSAGING = Attribute("messaging.system", "`celery`.")
_CELERY = {MESSAGING.name: "celery"}

REQUEST = SpanType(
    "{http.request.method} {http.route}",
    "A request, from its turn to the end of its answer. It continues the `traceparent` that it came with.",
    (HTTP_METHOD, HTTP_ROUTE, HTTP_STATUS, TENANT, PROBLEM),
    SpanKind.SERVER,
)
RATES_COUNT = SpanType(
    "rates.count",
    "Redis counts requests of API keys, all that came together in one call.",
    (SYSTEM,),
    SpanKind.CLIENT,
    _REDIS,
)
BATCHER_PREDICT = SpanType(
    "batcher.predict",
    "A request's inputs, from the queue before the model to the last answer. It links to its batches.",
    (INPUTS, QUEUE_SECONDS, BATCH_INPUTS, PADDED_TOKENS),
)
BATCHER_BATCH = SpanType(
    "batcher.batch",
    "The model answers inputs of one or more requests. It links to all of them, and is part of the first one's trace.",
    (INPUTS, REQUESTS, PADDED_TOKENS, MODEL_CALLS, MODEL),
)
TRANSACTION = SpanType(
    "database.transaction", "A transaction, with the wait for its connection and the commit.", (ROLE,)
)
STATEMENT = SpanType(
    "{db.operation.name} {db.collection.name}",
    "A statement. Neither its text nor its parameters are kept.",
    (SYSTEM, OPERATION, TABLE),
    SpanKind.CLIENT,
    _POSTGRESQL,
)
DOORBELL_SEND = SpanType(
    "doorbell.send",
    "The Celery message that says: work exists. It carries the `traceparent`.",
    (MESSAGING,),
    SpanKind.PRODUCER,
    _CELERY,
)
DOORBELL_ANSWER = SpanType(
    "doorbell.answer",
    "A worker's turn that a message began, for whatever job is the fairest. Polls, and the messages by which a worker "
    "reminds itself, begin no trace.",
    (MESSAGING,),
    SpanKind.CONSUMER,
    _CELERY,
)
CHUNK = SpanType(
    "chunk",
    "A worker works on a part of a job, in the trace of the request that made the job. It links to the turn.",
    (JOB, TENANT, ATTEMPT),
)
CHUNK_CLAIM = SpanType(
    "chunk.claim", "The lease on the fairest part that waits: one statement.", (SYSTEM,), SpanKind.CLIENT, _POSTGRESQL
)
CHUNK_READ = SpanType("chunk.read", "The sealed inputs are read and opened.")
CHUNK_PREDICT = SpanType("chunk.predict", "The model answers.", (INPUTS, PADDED_TOKENS, MODEL_CALLS, MODEL))
CHUNK_FINISH = SpanType("chunk.finish", "The results are written, if the lease still holds.", (INPUTS,))

SPANS = tuple(found for found in list(globals().values()) if isinstance(found, SpanType))
ATTRIBUTES = tuple(found for found in list(globals().values()) if isinstance(found, Attribute))
