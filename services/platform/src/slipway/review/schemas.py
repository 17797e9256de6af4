"""What a review asks, and what it has found."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

_MOST = 100
"""Findings of one check that a report keeps; how many there were is kept as well."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question, and its answer."""

    check: str
    """A short name."""
    question: str
    looked_at: str
    """What was compared, in numbers: so that a check that saw nothing is not taken for one that found nothing."""
    findings: tuple[str, ...]
    """What is not as it should be, a sentence each."""


@dataclass(frozen=True, slots=True)
class Report:
    """A review, at its date."""

    at: datetime
    outcomes: tuple[Outcome, ...]

    @property
    def findings(self) -> int:
        """How many there are in all."""
        return sum(len(outcome.findings) for outcome in self.outcomes)

    def body(self) -> dict[str, Any]:
        """Return the report as values of JSON."""
        return {"at": self.at.isoformat(), "findings": self.findings, "checks": [_body(each) for each in self.outcomes]}


def _body(outcome: Outcome) -> dict[str, Any]:
    return {
        "check": outcome.check,
        "question": outcome.question,
        "looked_at": outcome.looked_at,
        "count": len(outcome.findings),
        "findings": list(outcome.findings[:_MOST]),
    }
