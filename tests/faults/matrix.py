"""The fault matrix: what a user sees when a dependency fails. Declared once; the tests hold the product to it.

`python -m tests.faults.reference` writes it into `docs/reliability.md`.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from tests.faults.proxy import Fault


class Dependency(StrEnum):
    """What a process of Slipway depends on."""

    POSTGRES = "PostgreSQL"
    REDIS = "Redis"
    KEYS = "key provider"
    MODEL = "model"
    FLAGS = "Unleash"
    TRACES = "OTLP collector"
    WEBHOOK = "webhook target"


class Operation(StrEnum):
    """What a user does, or waits for."""

    PREDICT = "answer now"
    SUBMIT = "accept a job"
    READ = "read a job"
    RESULTS = "read results"
    PROGRESS = "a queued job"
    READY = "readiness"
    START = "start-up"


class Outcome(StrEnum):
    """What comes of it."""

    USUAL = "as usual"
    UNAVAILABLE = "503, `Retry-After`"
    TIMEOUT = "504"
    DEFECT = "500"
    WAITS = "waits, then goes on"
    DEAD = "dead letters"
    NOT_READY = "503"
    STARTS = "starts, not ready"
    REFUSES = "ends with the reason"


@dataclass(frozen=True)
class Row:
    """A dependency that fails, and all that differs from a usual day."""

    dependency: Dependency
    fault: Fault
    differs: dict[Operation, Outcome] = field(default_factory=dict)

    def expected(self, operation: Operation) -> Outcome:
        """Return what comes of an operation."""
        return self.differs.get(operation, Outcome.USUAL)


_WITHOUT_DATABASE = {
    **dict.fromkeys((Operation.PREDICT, Operation.SUBMIT, Operation.READ, Operation.RESULTS), Outcome.UNAVAILABLE),
    Operation.PROGRESS: Outcome.WAITS,
    Operation.READY: Outcome.NOT_READY,
    Operation.START: Outcome.STARTS,
}
_WITHOUT_KEYS = {
    Operation.SUBMIT: Outcome.UNAVAILABLE,
    Operation.RESULTS: Outcome.UNAVAILABLE,
    Operation.PROGRESS: Outcome.WAITS,
}

MATRIX = (
    Row(Dependency.POSTGRES, Fault.DOWN, _WITHOUT_DATABASE),
    Row(Dependency.POSTGRES, Fault.SLOW),
    Row(Dependency.POSTGRES, Fault.FROZEN, _WITHOUT_DATABASE),
    Row(Dependency.POSTGRES, Fault.GARBAGE, _WITHOUT_DATABASE),
    Row(Dependency.REDIS, Fault.DOWN),
    Row(Dependency.REDIS, Fault.SLOW),
    Row(Dependency.REDIS, Fault.FROZEN),
    Row(Dependency.REDIS, Fault.GARBAGE),
    Row(Dependency.KEYS, Fault.DOWN, _WITHOUT_KEYS),
    Row(Dependency.KEYS, Fault.SLOW),
    Row(Dependency.KEYS, Fault.FROZEN, _WITHOUT_KEYS),
    Row(Dependency.KEYS, Fault.GARBAGE, _WITHOUT_KEYS),
    Row(
        Dependency.MODEL,
        Fault.DOWN,
        {
            Operation.PREDICT: Outcome.DEFECT,
            Operation.PROGRESS: Outcome.DEAD,
            Operation.START: Outcome.REFUSES,
        },
    ),
    Row(Dependency.MODEL, Fault.SLOW),
    Row(
        Dependency.MODEL,
        Fault.FROZEN,
        {
            Operation.PREDICT: Outcome.TIMEOUT,
            Operation.PROGRESS: Outcome.DEAD,
            Operation.START: Outcome.REFUSES,
        },
    ),
    Row(Dependency.MODEL, Fault.GARBAGE, {Operation.PREDICT: Outcome.DEFECT, Operation.PROGRESS: Outcome.DEAD}),
    *(Row(Dependency.FLAGS, fault) for fault in (Fault.DOWN, Fault.SLOW, Fault.FROZEN, Fault.GARBAGE)),
    *(Row(Dependency.TRACES, fault) for fault in (Fault.DOWN, Fault.SLOW, Fault.FROZEN, Fault.GARBAGE)),
    *(Row(Dependency.WEBHOOK, fault) for fault in (Fault.DOWN, Fault.SLOW, Fault.FROZEN, Fault.GARBAGE)),
)


def rows(*dependencies: Dependency) -> list[Row]:
    """Return the rows of some dependencies."""
    return [row for row in MATRIX if row.dependency in dependencies]
