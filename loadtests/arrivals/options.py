"""What a load is told: options of Locust's command line, each with an environment variable."""

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from loadtests.arrivals.schedule import SPACINGS, Schedule
from loadtests.scenario.mix import SCENARIOS
from loadtests.shapes.choice import SHAPES, Parameters

EVERYDAY = "everyday"
"""The scenario that is no open load: users who wait for their answers, as many as `--users` says."""


@dataclass(frozen=True, slots=True)
class Load:
    """An open load."""

    scenario: str
    schedule: Schedule
    clients: int
    """Most requests that are under way at the same time, of each process."""
    drain: float
    """Seconds after the last request was due in which answers are waited for, and jobs followed."""
    out: Path | None

    @classmethod
    def read(cls, given: Namespace) -> Self:
        """Return what the options say.

        Raises:
            SystemExit: a number is out of its range; the text says which.
        """
        try:
            parameters = Parameters(
                base=float(given.base_rps),
                factor=float(given.factor),
                before=float(given.before_s),
                during=_number(given.during_s),
                after=float(given.after_s),
                period=float(given.period_s),
                cycles=int(given.cycles),
                seconds=_number(given.seconds),
            )
        except ValueError as error:
            raise SystemExit(f"{error}") from None
        schedule = Schedule(SHAPES[given.shape](parameters), given.arrivals, int(given.seed))
        out = Path(given.out) if given.out else None
        return cls(given.scenario, schedule, int(given.clients), float(given.drain_s), out)


def add_options(parser: ArgumentParser, **_: Any) -> None:
    """Add what an open load is told to Locust's options."""
    group = parser.add_argument_group("open load")

    def add(name: str, default: Any, text: str, **more: Any) -> None:
        variable = f"LOADTEST_{name.upper().replace('-', '_')}"
        group.add_argument(f"--{name}", env_var=variable, default=default, help=f"{text} [{variable}]", **more)

    waits, forms = f"{EVERYDAY}: users who wait for their answers", ", ".join(SCENARIOS)
    add("scenario", EVERYDAY, f"what is sent; {waits}; {forms}: open load", choices=[EVERYDAY, *SCENARIOS])
    add("shape", "constant", "how the rate changes with time", choices=list(SHAPES))
    add("base-rps", 10.0, "1x, in requests a second", type=float)
    add("factor", 5.0, "highest rate, as a multiple of 1x", type=float)
    add("before-s", 60.0, "seconds at 1x before a step or spike", type=float)
    add("during-s", None, "seconds at the highest rate (step: 180, spike: 30)", type=float)
    add("after-s", 240.0, "seconds at 1x after a step or spike", type=float)
    add("period-s", 240.0, "seconds of one sine", type=float)
    add("cycles", 2, "how many sines", type=int)
    add("seconds", None, "how long a constant load (60) or a soak (3600) lasts", type=float)
    add("arrivals", "poisson", "at random, or with equal gaps", choices=list(SPACINGS))
    add("seed", 1, "of the times and the requests", type=int)
    add("clients", 256, "most requests under way at the same time, of each process", type=int)
    add("drain-s", 35.0, "seconds in which last answers are waited for and jobs followed", type=float)
    add("out", "", "folder for the samples; without it, a new one for temporary files", type=str)


def _number(given: Any) -> float | None:
    return None if given in {None, ""} else float(given)
