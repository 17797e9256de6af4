"""Walks service by signal, and looks for each that is declared."""

import time

import httpx

from e2e.failure import UnmetError
from e2e.report import say
from e2e.signals import NEEDS, is_there
from e2e.stage import Stage
from e2e.table import Cell, read_table

_SECONDS = 180.0
"""Within this time a signal must have come through: scrapes, batches and the sampling of traces take their time."""
_EVERY_SECONDS = 5.0


def run(stage: Stage) -> None:
    """Note what is there, what is missing, and what could not be looked at."""
    began, cells = time.monotonic(), _to_look_at(stage)
    waiting = list(cells)
    while waiting and time.monotonic() - began < _SECONDS:
        waiting = [cell for cell in waiting if not _seen(stage, cell)]
        if waiting:
            time.sleep(_EVERY_SECONDS)
    stage.outcome.signals += len(cells) - len(waiting)
    stage.outcome.missing_signals += [cell.name for cell in waiting]
    say(f"{len(cells) - len(waiting)} of {len(cells)} declared signals are there.")
    for cell in waiting:
        say(f"MISSING {cell.name}: {cell.expected}")


def _to_look_at(stage: Stage) -> list[Cell]:
    cells = []
    for cell in read_table():
        if cell.expected is None:
            continue
        if stage.runs(cell.service, *NEEDS[cell.signal]):
            cells.append(cell)
        else:
            gone = [name for name in (cell.service, *NEEDS[cell.signal]) if not stage.runs(name)]
            stage.outcome.leave_unchecked(f"{cell.name} (without {', '.join(gone)})")
    return cells


def _seen(stage: Stage, cell: Cell) -> bool:
    try:
        return is_there(stage, cell)
    except (httpx.HTTPError, UnmetError):
        return False
