"""One request, as it is written down."""

import json
from dataclasses import dataclass

from loadtests.samples.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Sample:
    """Times are Unix seconds."""

    due: float
    """When it should have been sent."""
    began: float
    """When it was sent."""
    seconds: float
    """From when it was due to the end of the answer, without the time that a slow client took on purpose."""
    name: str
    status: int
    """0: no answer."""
    outcome: Outcome
    detail: str = ""
    phase: str | None = None
    """Of the load, when it was due; None: after its end."""

    def line(self) -> str:
        """Return it as a line of NDJSON, without the line's end."""
        told = {
            "due": round(self.due, 6),
            "began": round(self.began, 6),
            "seconds": round(self.seconds, 6),
            "name": self.name,
            "status": self.status,
            "outcome": self.outcome,
            "detail": self.detail,
        }
        return json.dumps(told if self.phase is None else told | {"phase": self.phase}, separators=(",", ":"))
