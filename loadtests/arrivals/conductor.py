"""Runs an open load in Locust: in one process, or as its master or one of its workers."""

import logging
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from locust.runners import MasterRunner

from loadtests.arrivals.clock import now
from loadtests.arrivals.generator import Generator, Part, Report
from loadtests.arrivals.options import Load
from loadtests.arrivals.register import Register
from loadtests.scenario.client import Client
from loadtests.scenario.mix import SCENARIOS, Mix

_LEAD_SECONDS = 1.0
"""From the order to begin to the beginning: it has to reach all workers."""
_LAST_SECONDS = 5.0
"""How long the last reports are waited for, once all is over."""
_BEGIN, _REPORT, _END = "load.begin", "load.report", "load.end"

log = logging.getLogger(__name__)


class Player:
    """A process that sends: its generator, which lasts for a load."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._generator: Generator | None = None
        environment.events.test_stop.add_listener(self._stop)

    def begin(self, begins: float, index: int, of: int, deliver: Any) -> None:
        """Send a share of the load, from a time on."""
        load = Load.read(self._environment.parsed_options)
        schedule = load.schedule
        mix = Mix(SCENARIOS[load.scenario], f"{schedule.seed} {index}")
        part = Part(begins, schedule.shape, schedule.times(index, of), mix, load.clients)
        self._generator = Generator(part, deliver)
        self._generator.start()
        Client.desk.open(self._generator)

    def end(self) -> None:
        """End on time: what is not answered by now has failed."""
        self._finish(on_time=True)

    def _stop(self, **_: Any) -> None:
        self._finish(on_time=False)

    def _finish(self, *, on_time: bool) -> None:
        Client.desk.close()
        if self._generator is not None:
            generator, self._generator = self._generator, None
            generator.finish(on_time=on_time)


class Conductor:
    """Begins the load once all clients are there, has it written down, and knows when it is over."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._runner: Any = environment.runner
        self._register: Register | None = None
        self._load = Load.read(environment.parsed_options)
        self._ended = False
        self._player: Player | None = None
        if isinstance(self._runner, MasterRunner):
            self._runner.register_message(_REPORT, self._reported)
        else:
            self._player = Player(environment)
        environment.events.test_start.add_listener(self._forget)
        environment.events.spawning_complete.add_listener(self._begin)
        environment.events.test_stop.add_listener(self._close)
        environment.events.quit.add_listener(self._close)

    def wanted_clients(self) -> int:
        """Return how many clients there should be, in all processes together."""
        workers = self._runner.worker_count if isinstance(self._runner, MasterRunner) else 1
        return self._load.clients * max(workers, 1)

    def is_over(self) -> bool:
        """Return whether all is sent and answered, or too late to be."""
        register, load = self._register, self._load
        late = now() - register.begins - load.schedule.shape.seconds if register else -1.0
        if register is None or late < 0:
            return False
        if register.left and late > load.drain and not self._ended:
            self._end()
        return not register.left or late > load.drain + _LAST_SECONDS

    def _forget(self, **_: Any) -> None:
        self._register, self._ended = None, False
        self._load = Load.read(self._environment.parsed_options)

    def _begin(self, **_: Any) -> None:
        if self._register is not None:
            return  # clients of a lost worker were replaced
        begins = now() + _LEAD_SECONDS
        workers = _workers(self._runner)
        folder = self._load.out or Path(tempfile.mkdtemp(prefix="slipway-load-"))
        about = {"scenario": self._load.scenario, "url": self._environment.host}
        self._register = Register(folder, self._load.schedule, begins, max(len(workers), 1), about)
        log.info("Writing what happens to %s.", folder)
        if self._player is not None:
            self._player.begin(begins, 0, 1, partial(self._register.take, "local"))
        for index, worker in enumerate(workers):
            self._runner.send_message(_BEGIN, {"begins": begins, "index": index, "of": len(workers)}, worker)

    def _reported(self, msg: Any, **_: Any) -> None:
        if self._register is not None:
            self._register.take(msg.node_id, msg.data)

    def _end(self) -> None:
        self._ended = True
        if self._player is not None:
            self._player.end()
        else:
            self._runner.send_message(_END)

    def _close(self, **_: Any) -> None:
        if self._register is not None:
            register = self._register
            completed = now() >= register.begins + self._load.schedule.shape.seconds and not register.left
            register.close(completed=completed)
            # Whether requests failed is the verdict's business; this says whether the load is what was asked for.
            self._environment.process_exit_code = int(not completed)


def follow_master(environment: Any) -> None:
    """Make this worker take its share of what its master begins."""
    runner, player = environment.runner, Player(environment)

    def deliver(report: Report) -> None:
        runner.send_message(_REPORT, report)

    def begin(msg: Any, **_: Any) -> None:
        player.begin(msg.data["begins"], msg.data["index"], msg.data["of"], deliver)

    def end(**_: Any) -> None:
        player.end()

    runner.register_message(_BEGIN, begin)
    runner.register_message(_END, end)


def _workers(runner: Any) -> list[str]:
    """Return the ids of the workers that are there; none where this process does it all."""
    if not isinstance(runner, MasterRunner):
        return []
    return sorted(client.id for client in [*runner.clients.ready, *runner.clients.spawning, *runner.clients.running])
