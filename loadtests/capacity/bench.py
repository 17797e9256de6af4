"""Sends trials to a target from this process, with Locust as a library."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import gevent
from locust.env import Environment

from loadtests.arrivals.clock import now
from loadtests.arrivals.generator import Generator, Part, Report
from loadtests.arrivals.meter import Second
from loadtests.arrivals.register import joined
from loadtests.arrivals.schedule import Schedule
from loadtests.capacity.trial import Trial, measured
from loadtests.scenario.access import Access
from loadtests.scenario.client import Client
from loadtests.scenario.mix import SCENARIOS, Mix
from loadtests.shapes.choice import Parameters, constant

_LEAD_SECONDS = 0.1
_REST_SECONDS = 5.0
"""How long the answers to the last requests of a trial are waited for, and jobs followed."""
_LOOK_SECONDS = 0.05
_BETWEEN_SECONDS = 0.5
_CLIENTS_PER_SECOND = 100
"""As fast as Locust starts them without a warning."""


@dataclass(slots=True)
class Bench:
    """Runs trials of one scenario."""

    scenario: str
    clients: int
    settle: float
    """Seconds at the rate before the measurement."""
    seconds: float
    """Measured seconds."""
    seed: int
    _reports: list[Report] = field(default_factory=list)

    def run(self, rate: float) -> Trial:
        """Send requests at a rate, and return what came of it."""
        self._reports, self.seed = [], self.seed + 1
        whole = self.settle + self.seconds
        shape = constant(Parameters(base=rate, seconds=whole))
        begins = now() + _LEAD_SECONDS
        mix = Mix(SCENARIOS[self.scenario], f"{self.seed}")
        times = Schedule(shape, seed=self.seed).times()
        generator = Generator(Part(begins, shape, times, mix, self.clients), self._reports.append)
        generator.start()
        Client.desk.open(generator)
        self._wait(generator, begins + whole)
        Client.desk.close()
        generator.finish(on_time=True)
        gevent.sleep(_BETWEEN_SECONDS)
        lines = [json.loads(line) for report in self._reports for line in report["lines"]]
        return measured(rate, begins + self.settle, begins + whole, lines, list(self._seconds()))

    def _wait(self, generator: Generator, end: float) -> None:
        gevent.sleep(max(0.0, end - now()))
        while generator.left and now() < end + _REST_SECONDS:
            gevent.sleep(_LOOK_SECONDS)

    def _seconds(self) -> Iterator[dict[str, Any]]:
        for report in self._reports:
            for _, told in report["seconds"]:
                yield joined([Second(**told)], 0)


@contextmanager
def clients(url: str, access: Access, count: int) -> Iterator[None]:
    """Let so many clients wait for trials."""
    Client.prepare(access, count)
    environment = Environment(user_classes=[Client], host=url)
    runner = environment.create_local_runner()
    runner.start(count, spawn_rate=min(count, _CLIENTS_PER_SECOND))
    try:
        yield
    finally:
        runner.quit()


def told(trial: Trial) -> dict[str, Any]:
    """Return a trial as it is printed."""
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(trial).items()}


def new_seed() -> int:
    """Return a seed that is not the same each time: a capacity that holds for one sequence only is none."""
    return random.SystemRandom().randrange(2**31)
