"""What the checks showed."""

import json
import sys
from dataclasses import dataclass, field


@dataclass(slots=True)
class Outcome:
    """Counts of what was looked at, and a line for everything that is wrong."""

    checks: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    """What could not be looked at, and why. Never part of `checks`."""
    figures: dict[str, int | list[str]] = field(default_factory=dict)

    def expect(self, what: str, problem: str | None) -> None:
        """Count one check; `problem` is None when all is well."""
        self.checks += 1
        if problem is not None:
            self.failed.append(what)
            sys.stdout.write(f"FAILED {what}\n    {problem.strip().replace(chr(10), chr(10) + '    ')}\n")

    def skip(self, what: str) -> None:
        """Say what is not looked at, and why."""
        self.skipped.append(what)
        sys.stdout.write(f"skipped {what}\n")

    def last_line(self) -> str:
        """Return the line for programs: one JSON object."""
        return json.dumps({"checks": self.checks, "failed": self.failed, "skipped": self.skipped, **self.figures})
