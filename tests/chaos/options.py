"""What a run is asked to be."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

_LIMITS = {"duration": (30.0, 7_200.0), "messages": (500, 1_000_000), "workers": (2, 16), "outage": (5.0, 600.0)}
_QUICK = {
    "duration": 45.0,
    "messages": 2_000,
    "workers": 4,
    "outage": 8.0,
    "spare": True,
    "lease": 3.0,
    "receiving": 20.0,
    "runs": 3,
}
_LOAD = 0.3


@dataclass(frozen=True, slots=True)
class Options:
    """All that decides what a run does. Two runs with the same options inject the same faults into the same traffic."""

    seed: int
    quick: bool = False
    duration: float = 0.0
    """Seconds of traffic and faults; 0: as long as the messages take at 30 % of the capacity that is measured."""
    messages: int = 100_000
    workers: int = 4
    outage: float = 300.0
    """Seconds for which Redis is away."""
    lease: float = 5.0
    """Seconds of a lease: short, so that many are lost and taken over within a run."""
    receiving: float = 60.0
    """Seconds after which a silent upload is swept."""
    spare: bool = False
    """Kill only workers that are ready, and never the only one: a slow machine would else only start workers."""
    runs: int = 1
    """How many to do at most: one that is invalid, with nothing else against it, is followed by the next seed's."""

    def __post_init__(self) -> None:
        """Refuse what cannot be run.

        Raises:
            ValueError: an option is out of its range; the text says which, and the range.
        """
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"The seed is a whole number from 0 to {2**32 - 1}, not {self.seed}.")
        for name, (least, most) in _LIMITS.items():
            value = getattr(self, name)
            if not least <= value <= most and not (name == "duration" and value == 0):
                raise ValueError(f"--{name} is {value:g}: it must be from {least:g} to {most:g}.")
        if self.duration and self.outage > self.duration / 3:
            raise ValueError(f"An outage of {self.outage:g} s is over a third of {self.duration:g} s: shorten it.")

    def next(self) -> "Options":
        """Return the options of the run that follows an invalid one."""
        return replace(self, seed=(self.seed + 1) % 2**32, runs=self.runs - 1)

    @property
    def poll(self) -> float:
        """Seconds between a worker's own looks."""
        return 1.0 if self.quick else 3.0

    def lasting(self, capacity: float) -> "Options":
        """Return the same with the duration that its messages take at 30 % of `capacity` messages a second."""
        least = max(_LIMITS["duration"][0], 3 * self.outage)
        duration = max(least, round(self.messages / (_LOAD * capacity)))
        return Options(**{**asdict(self), "duration": min(duration, _LIMITS["duration"][1])})


def read_options(arguments: Sequence[str]) -> Options:
    """Return the options of a command line; ends the process with a clear message when they are wrong."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="what the plan is made from")
    parser.add_argument("--quick", action="store_true", help="all kinds of faults in under two minutes")
    parser.add_argument("--replay", type=Path, metavar="REPORT", help="run again what a report.json was made by")
    parser.add_argument("--duration", type=float, help="seconds; default: messages at 30 %% of the measured capacity")
    parser.add_argument("--messages", type=int, help="about how many messages")
    parser.add_argument("--workers", type=int, help="worker processes")
    parser.add_argument("--outage", type=float, help="seconds for which Redis is away")
    parser.add_argument("--spare", action="store_true", default=None, help="never kill the only worker that is ready")
    given = parser.parse_args(arguments)
    try:
        return replayed(given.replay) if given.replay else _chosen(given)
    except ValueError as error:
        parser.error(str(error))


def replayed(report: Path) -> Options:
    """Return the options that a report was made by.

    Raises:
        ValueError: there is no report in that file.
    """
    try:
        return TypeAdapter(Options).validate_python(json.loads(report.read_bytes())["options"])
    except (OSError, KeyError, TypeError, json.JSONDecodeError, ValidationError) as error:
        raise ValueError(f"{report} is not a report of a run ({type(error).__name__}).") from None


def _chosen(given: argparse.Namespace) -> Options:
    names = {field.name for field in fields(Options)}
    asked = {name: value for name, value in vars(given).items() if name in names and value is not None}
    return Options(**(_QUICK | {"spare": True} | asked if given.quick else asked))
