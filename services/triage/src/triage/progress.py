"""How long work reports how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Told what is being done, by whoever does it."""

    def start(self, stage: str, total: int) -> None:
        """Say that a stage of `total` steps begins; the one before is over."""

    def advance(self, steps: int = 1) -> None:
        """Say that steps of the stage are done."""


class Silent:
    """Tells nobody."""

    def start(self, stage: str, total: int) -> None:
        """Say nothing."""

    def advance(self, steps: int = 1) -> None:
        """Say nothing."""
