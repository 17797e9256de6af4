"""What the metrics learn of an answer: how often each label is chosen, how sure the model is, who decides."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Observation:
    """What one answer says of itself. It is counted, never stored or logged."""

    label: str | None = None
    """The label that the model chose: one of the few words it was trained on, never words of the input."""
    score: float | None = None
    """How sure the model is, 0 to 1."""
    deferred: bool = False
    """Whether a person shall decide."""
