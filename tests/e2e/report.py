"""Tells what a run showed: as it goes, as a summary, and as the one line that a program reads."""

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

_BEGAN = time.monotonic()


def say(text: str) -> None:
    """Tell whoever waits in front of the terminal."""
    sys.stdout.write(f"{time.monotonic() - _BEGAN:7.1f} s  {text}\n")
    sys.stdout.flush()


def near(path: Path) -> Path:
    """Return a path as a person in the current folder would write it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


@dataclass(slots=True)
class Outcome:
    """What a run showed so far."""

    services: int = 0
    signals: int = 0
    """Signals that were looked for and found."""
    missing_signals: list[str] = field(default_factory=list)
    """`service: signal`, of those that are declared and not there."""
    alerts_fired: list[str] = field(default_factory=list)
    """Alerts that fired for their fault and resolved after it."""
    alerts_silent: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Everything else that is not as it must be, a line each."""
    not_checked: list[str] = field(default_factory=list)
    """What could not be checked because a service was left out."""
    start_s: float | None = None
    """Seconds from nothing until every service was healthy."""
    images_mb: int | None = None
    memory_mb: int | None = None

    @property
    def passed(self) -> bool:
        """Whether everything that was checked is as it must be, and something was checked."""
        return not (self.failed or self.missing_signals or self.alerts_silent)

    def fail(self, step: str, text: str) -> None:
        """Note a failure, and say so."""
        self.failed.append(f"{step}: {text.splitlines()[0]}")
        say(f"FAILED {step}: {text}")

    def leave_unchecked(self, what: str) -> None:
        """Note that something was not looked at."""
        self.not_checked.append(what)


def last_line(outcome: Outcome) -> str:
    """Return the line for programs: one JSON object."""
    return json.dumps(
        {
            "services": outcome.services,
            "signals": outcome.signals,
            "missing_signals": outcome.missing_signals,
            "alerts_fired": outcome.alerts_fired,
            "alerts_silent": outcome.alerts_silent,
            "failed": outcome.failed,
            "start_s": None if outcome.start_s is None else round(outcome.start_s, 1),
            "images_mb": outcome.images_mb,
            "memory_mb": outcome.memory_mb,
        }
    )


def summary(outcome: Outcome) -> list[str]:
    """Return what a person wants to know."""
    told = [f"{outcome.services} services, {outcome.signals} signals found, {len(outcome.missing_signals)} missing."]
    told += [f"MISSING: {signal}" for signal in outcome.missing_signals]
    if outcome.alerts_fired or outcome.alerts_silent:
        told.append(f"{len(outcome.alerts_fired)} alerts fired for their fault and resolved.")
    told += [f"SILENT: {alert}" for alert in outcome.alerts_silent]
    told += [f"FAILED: {failure}" for failure in outcome.failed]
    told += [f"Not checked: {what}" for what in outcome.not_checked]
    return [*told, "Everything that was checked is as it must be." if outcome.passed else "NOT PASSED."]
