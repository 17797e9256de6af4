"""The table of services and their signals, `services.yml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("services.yml")


class Signal(StrEnum):
    """What a service shows of itself."""

    HEALTH = "health"
    METRIC = "metric"
    LOG = "log"
    TRACE = "trace"
    DASHBOARD = "dashboard"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Cell:
    """One signal of one service."""

    service: str
    signal: Signal
    expected: Any
    """What shows it: a string, or for a dashboard a mapping of one item. None: it has none."""
    reason: str = ""
    """Why it has none."""

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return f"{self.service}: {self.signal}"


@cache
def read_table(file: Path = FILE) -> list[Cell]:
    """Return the table.

    Raises:
        ValueError: a service lacks a signal, or has one that nobody knows, or a cell is empty.
    """
    found: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [
        _cell(service, signal, cells) for service, cells in found.items() for signal in Signal if _known(service, cells)
    ]


def undeclared(services: Mapping[str, Any]) -> list[str]:
    """Return the services of a compose file that the table does not know."""
    return sorted(set(services) - {cell.service for cell in read_table()})


def _known(service: str, cells: Mapping[str, Any]) -> bool:
    if unknown := set(cells) - set(Signal):
        raise ValueError(f"{FILE.name}: {service} has a signal {', '.join(sorted(unknown))}, which nobody looks for.")
    return True


def _cell(service: str, signal: Signal, cells: Mapping[str, Any]) -> Cell:
    match cells.get(signal):
        case {"none": str(reason), **rest} if reason and not rest:
            return Cell(service, signal, None, reason)
        case str(expected) if expected:
            return Cell(service, signal, expected)
        case dict(query) if signal is Signal.DASHBOARD and len(query) == 1:
            return Cell(service, signal, query)
        case other:
            raise ValueError(f"{FILE.name}: {service} must say what shows its {signal}, or why nothing does: {other!r}")
