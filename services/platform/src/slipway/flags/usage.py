"""How often flags were asked, for the report that Unleash gets each minute."""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol


class Use(NamedTuple):
    """One kind of answer, as the report counts it."""

    flag: str
    on: bool
    variant: str | None
    """Name of the variant; None where only the flag was asked."""


class Engine(Protocol):
    """What counts for the client, one answer after the other."""

    def count_toggle(self, toggle_name: str, enabled: bool) -> None: ...  # noqa: D102, FBT001  # the library's

    def count_variant(self, toggle_name: str, variant_name: str) -> None: ...  # noqa: D102  # the library's


class Usage:
    """Counts answers that were given again without asking the client, which counts only what it is asked."""

    def __init__(self) -> None:
        self._counts: dict[Use, int] = {}
        self._counting = threading.Lock()

    def count(self, use: Use) -> None:
        """Count one answer."""
        with self._counting:
            self._counts[use] = self._counts.get(use, 0) + 1

    def report(self, engine: Engine, collect: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
        """Return what the client is to report, with what was counted here, and begin anew.

        Args:
            engine: of the client.
            collect: returns what the engine has counted since it was last called; None: nothing.
        """
        with self._counting:
            counts, self._counts = self._counts, {}
        for use in counts:
            # One of each through the engine, so that there is a report, and a place in it for the rest.
            engine.count_toggle(use.flag, use.on)
            if use.variant is not None:
                engine.count_variant(use.flag, use.variant)
        report = collect()
        if report is not None:
            for use, count in counts.items():
                _add(report["toggles"][use.flag], use, count - 1)
        return report


def _add(counted: dict[str, Any], use: Use, more: int) -> None:
    counted["yes" if use.on else "no"] += more
    if use.variant is not None:
        counted["variants"][use.variant] += more
