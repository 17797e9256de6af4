"""Where the stack says what it does."""

from typing import Protocol


class Report(Protocol):
    """Told of each step, and of what a person should know afterwards."""

    def say(self, text: str) -> None:
        """Take a sentence that should stay readable."""

    def step(self, text: str | None) -> None:
        """Take what is being done now."""


class NullReport:
    """Tells nobody."""

    def say(self, text: str) -> None:
        """Drop it."""

    def step(self, text: str | None) -> None:
        """Drop it."""
