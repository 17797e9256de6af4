"""The sample's messages and decisions with a model that knows its answer, so that what is left is the platform."""

from collections.abc import Sequence
from typing import ClassVar

from slipway.workload import Observation, Workload
from triage.workload import Decision, Message

_DECISION = Decision(
    category="billing", priority="normal", confidence=0.93, needs_human=False, model_version="triage@instant+int8"
)


class Instant(Workload[Message, Decision]):
    """Answers at once, and always the same."""

    name: ClassVar[str] = "triage"
    Input = Message
    Output = Decision
    max_batch: ClassVar[int] = 64

    @property
    def version(self) -> str:
        """What a trained model's version is like."""
        return _DECISION.model_version

    def predict(self, batch: Sequence[Message]) -> Sequence[Decision]:
        """Answer."""
        return [_DECISION] * len(batch)

    def observe(self, output: Decision) -> Observation:
        """Return what the sample returns."""
        return Observation(output.category, output.confidence, output.needs_human)
