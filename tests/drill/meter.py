"""Shows how far a drill is: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

_STEPS = 10
"""Lines of a proof that can say which share of it is done."""


class Meter(ABC):
    """Is told where the drill is."""

    @abstractmethod
    def begin(self, name: str) -> None:
        """Note that a proof begins."""

    @abstractmethod
    def tell(self, what: str, share: float | None = None) -> None:
        """Note what the proof does, and which share of it is done where it knows."""

    @abstractmethod
    def end(self, name: str, said: str) -> None:
        """Note that it has ended, and how."""


class LineMeter(Meter):
    """Writes lines with the time of day."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last: object = None

    def begin(self, name: str) -> None:
        self._say(f"{name}: begins")

    def tell(self, what: str, share: float | None = None) -> None:
        step = what if share is None else int(share * _STEPS)
        if step != self._last:
            self._last = step
            self._say(f"  {what}")

    def end(self, name: str, said: str) -> None:
        self._last = None
        self._say(f"{name}: {said}")

    def _say(self, line: str) -> None:
        self._stream.write(f"{time.strftime('%H:%M:%S')}  {line}\n")
        self._stream.flush()


class BarMeter(Meter):
    """Draws two bars: all proofs, by the time that they take, and the one that is run."""

    def __init__(self, progress: Progress, estimates: Mapping[str, float]) -> None:
        self._progress = progress
        self._estimates = estimates
        self._all = progress.add_task("all proofs", total=sum(estimates.values()))
        self._one = progress.add_task("", total=None)
        self._done = 0.0
        self._name = ""

    def begin(self, name: str) -> None:
        self._name = name
        self._progress.reset(self._one, total=None, description=name)

    def tell(self, what: str, share: float | None = None) -> None:
        self._progress.update(self._one, description=f"{self._name}: {what}", total=None if share is None else 1.0)
        if share is not None:
            self._progress.update(self._one, completed=share)
            self._progress.update(self._all, completed=self._done + share * self._estimates[self._name])

    def end(self, name: str, said: str) -> None:
        self._done += self._estimates[name]
        self._progress.update(self._all, completed=self._done)
        self._progress.console.print(f"{name}: {said}")


@contextmanager
def open_meter(estimates: Mapping[str, float]) -> Iterator[Meter]:
    """Yield what shows it here; the bars are on standard error, so that standard output stays for what is told."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield LineMeter(sys.stdout)
        return
    text = TextColumn("{task.description}")
    columns = (SpinnerColumn(), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), text)
    with Progress(*columns, console=console, redirect_stdout=False) as progress:
        yield BarMeter(progress, estimates)
