"""Tells what a run showed: as it goes, as a summary, and as the one line that a program reads."""

import json
from dataclasses import dataclass, field

from e2e.report import say

Figure = float | int | str | None
FIGURES = (
    "upgrade_failed_requests",
    "scale_up_s",
    "recovered_s",
    "error_rate",
    "scale_down_failed",
    "pinned_verdict",
)
"""What the line for programs always has; null where the step that measures it was not part of the run."""


@dataclass(slots=True)
class Outcome:
    """What a run showed so far."""

    checks: int = 0
    """Statements that were tried and held, or did not."""
    failed: list[str] = field(default_factory=list)
    """Those that did not hold, and steps that could not be carried out, a line each."""
    not_checked: list[str] = field(default_factory=list)
    """What this cluster or these options do not let the run try, and why."""
    figures: dict[str, Figure] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether something was checked, and all of it held."""
        return bool(self.checks) and not self.failed

    def check(self, step: str, text: str, *, holds: object) -> None:
        """Note whether a statement holds, and say so."""
        self.checks += 1
        if holds:
            say(f"ok      {text}")
        else:
            self.fail(step, text)

    def fail(self, step: str, text: str) -> None:
        """Note a failure, and say so."""
        first, *more = [line.strip() for line in text.splitlines() if line.strip()]
        told = f"{first} {more[-1]}" if first.endswith(":") and more else first
        self.failed.append(f"{step}: {told}")
        say(f"FAILED  {step}: {text}")

    def leave_unchecked(self, what: str) -> None:
        """Note that something was not looked at, and say so."""
        self.not_checked.append(what)
        say(f"not checked: {what}")

    def measure(self, **figures: Figure) -> None:
        """Note figures; numbers are rounded to what means something."""
        for name, value in figures.items():
            self.figures[name] = round(value, 4 if abs(value) < 1 else 1) if isinstance(value, float) else value
            say(f"{name}: {self.figures[name]}")


def last_line(outcome: Outcome) -> str:
    """Return the line for programs: one JSON object."""
    always = dict.fromkeys(FIGURES)
    return json.dumps({"checks": outcome.checks, "failed": outcome.failed, **always, **outcome.figures})


def summary(outcome: Outcome) -> list[str]:
    """Return what a person wants to know."""
    told = [f"{outcome.checks} checks, {len(outcome.failed)} failures."]
    told += [f"FAILED: {failure}" for failure in outcome.failed]
    told += [f"Not checked: {what}" for what in outcome.not_checked]
    if not outcome.checks:
        told.append("Nothing was checked.")
    return [*told, "Everything that was checked is as it must be." if outcome.passed else "NOT PASSED."]
