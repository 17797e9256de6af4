"""What logs, traces and metrics may say. Each field, attribute and label is declared, and none is about a person."""

from collections.abc import Iterator, Mapping

from slipway.inventory.declaration import HELD, Held, UndeclaredError, nothing_personal
from slipway.inventory.purposes import Purpose
from slipway.telemetry.catalogue import catalogue
from slipway.telemetry.fields import FIELDS
from slipway.telemetry.spans import ATTRIBUTES

_TIME: Held = nothing_personal(Purpose.OPERATING, "When, how urgent, and which part of the program.")[HELD]
_CODE: Held = nothing_personal(Purpose.OPERATING, "Places, types and words of our own code, or of a library's.")[HELD]
_ID: Held = nothing_personal(Purpose.OPERATING, "An id that was drawn: of an organisation, a job, an address.")[HELD]
_CALLER: Held = nothing_personal(Purpose.ACCOUNTABILITY, "The public part of an API key: a program, not a person.")[
    HELD
]
_WORD: Held = nothing_personal(Purpose.OPERATING, "One of a few words, or a name from the code or the settings.")[HELD]
_NUMBER: Held = nothing_personal(Purpose.OPERATING, "A count, a size, or a time.")[HELD]


def _each(held: Held, names: str) -> dict[str, Held]:
    return dict.fromkeys(names.split(), held)


LOG_FIELDS = {
    **_each(_TIME, "timestamp level event role source"),
    **_each(_CODE, "exception library_message place"),
    **_each(_ID, "trace_id span_id tenant job_id webhook_id delivery_id"),
    **_each(_CALLER, "api_key_id"),
    **_each(_NUMBER, "status attempt count"),
    **_each(_WORD, "outcome reason route method workload model task flag index"),
}
"""Every field of a log line (`slipway.telemetry.fields`)."""

SPAN_ATTRIBUTES = {
    **_each(_CODE, "error.type"),
    **_each(_ID, "slipway.tenant slipway.job_id"),
    **_each(_WORD, "slipway.problem http.request.method http.route slipway.model slipway.role messaging.system"),
    **_each(_WORD, "db.system.name db.operation.name db.collection.name"),
    **_each(_NUMBER, "http.response.status_code slipway.attempt slipway.inputs slipway.requests slipway.queue_seconds"),
    **_each(_NUMBER, "slipway.batch_inputs slipway.padded_tokens slipway.model_calls"),
}
"""Every attribute of a span (`slipway.telemetry.spans`)."""

METRIC_LABELS = {
    **_each(
        _WORD, "channel distribution flag label method model outcome purpose python reason role route state status"
    ),
    **_each(_WORD, "store variant version workload"),
}
"""Every label of a metric (`slipway.telemetry.catalogue`)."""


def held_signals() -> Iterator[tuple[str, str, Held]]:
    """Yield (kind, name, what it holds) of every log field, span attribute and metric label that there is.

    Raises:
        UndeclaredError: one of them does not say what it holds.
    """
    labels = dict.fromkeys(label.name for metric in catalogue() for label in metric.labels)
    for kind, names, declared in (
        ("log line", FIELDS, LOG_FIELDS),
        ("span", [attribute.name for attribute in ATTRIBUTES], SPAN_ATTRIBUTES),
        ("metric", labels, METRIC_LABELS),
    ):
        yield from ((kind, name, _held(kind, name, declared)) for name in names)


def _held(kind: str, name: str, declared: Mapping[str, Held]) -> Held:
    if name not in declared:
        raise UndeclaredError(f"{name} of a {kind} does not say what it holds: name it in {__name__}.")
    return declared[name]
