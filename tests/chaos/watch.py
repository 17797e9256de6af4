"""Looks at the queue once a second, for the timeline and for whoever waits in front of the terminal."""

import asyncio
import sys
import time
from dataclasses import dataclass

import psycopg

from chaos.records import Records
from chaos.window import Window

_SECONDS = 1.0
_TOLD_EVERY = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """The queue at one moment."""

    at: float
    """Unix time."""
    written: int
    """Answers written since the start."""
    backlog: int
    """Messages in chunks."""
    running: int
    """Chunks that run."""


class Watch:
    """Samples until it is cancelled; while PostgreSQL is down there is a gap."""

    def __init__(self, window: Window, records: Records) -> None:
        self._window = window
        self._records = records
        self.samples: list[Sample] = []

    async def look(self) -> None:
        """Sample once a second, and tell now and then."""
        turn = 0
        while True:
            try:
                written, backlog, _, running = await asyncio.to_thread(self._window.measure)
                self.samples.append(Sample(time.time(), written, backlog, running))
                said = f"{written:,} answered, {backlog:,} waiting, {running} chunks running"
            except psycopg.Error:
                said = "PostgreSQL is down"
            if turn % _TOLD_EVERY == 0:
                say(f"  {turn * _SECONDS:5.0f} s  {self._records.messages():,} accepted, {said}")
            turn += 1
            await asyncio.sleep(_SECONDS)

    def written_between(self, begin: float, end: float) -> int:
        """Return how many answers were written between two Unix times."""
        inside = [sample.written for sample in self.samples if begin <= sample.at <= end]
        return inside[-1] - inside[0] if inside else 0


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def said_at(line: str) -> None:
    """Print a line with the time of day."""
    say(f"{time.strftime('%H:%M:%S')}  {line}")
