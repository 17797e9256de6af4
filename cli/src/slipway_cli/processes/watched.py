"""One program under supervision: its states, and when it is started again."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from slipway_cli.errors import LocalError
from slipway_cli.processes.child import Child, ending, log_excerpt
from slipway_cli.processes.identity import Identity
from slipway_cli.processes.log import rotate
from slipway_cli.processes.program import Program

_PROBE_SECONDS = 2.0
_FLAP_DEATHS, _FLAP_SECONDS = 5, 60.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.25, 10.0


class State(StrEnum):
    """What a process is doing, as a person is told."""

    STARTING = "starting"
    READY = "ready"
    NOT_READY = "not ready"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One line of the process table."""

    name: str
    state: State
    identity: Identity | None
    """None while it does not run."""
    port: int | None
    restarts: int
    since: float
    """Unix time of the last change of state."""

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self.identity.pid if self.identity else None


class Watched:
    """A program that is kept running."""

    def __init__(self, make: Callable[[], Program]) -> None:
        """Start the program; `make` describes it, and is asked again before each restart."""
        self._make = make
        self._deaths: deque[float] = deque(maxlen=_FLAP_DEATHS)
        self._was_ready = False
        self.state, self.since = State.STARTING, time.time()
        self._next_probe = self._next_start = 0.0
        self.restarts = 0
        self.failure = ""
        """Why it is not started again, once the state is FAILED."""
        self._start()

    @property
    def name(self) -> str:
        """The program's name, by which the table knows it."""
        return self._program.name

    @property
    def status(self) -> ProcessStatus:
        """Return its line of the process table."""
        identity = self._identity if self._child.exit_status() is None else None
        return ProcessStatus(self.name, self.state, identity, self._program.port, self.restarts, self.since)

    def tick(self) -> None:
        """Notice what has happened, and act on it."""
        if self.state is State.RESTARTING:
            if time.monotonic() >= self._next_start:
                self._start_again()
        elif self.state in (State.STARTING, State.READY, State.NOT_READY):
            if (status := self._child.exit_status()) is not None:
                self._died(status)
            elif time.monotonic() >= self._next_probe:
                self._probe()
        rotate(self._program.log)

    def halt(self) -> None:
        """From now on, do not start it again."""
        if self.state is not State.FAILED:
            self._enter(State.STOPPING)

    def stop(self) -> None:
        """Stop it and wait for its end; it stays stopped."""
        self.halt()
        self._child.stop()
        self._stopped()

    def kill(self) -> None:
        """Kill it at once; it stays stopped."""
        self.halt()
        self._child.kill()
        self._stopped()

    def crash(self) -> None:
        """Kill it at once; it is started again."""
        self._child.kill()
        self.tick()

    def ask_to_stop(self) -> None:
        """Begin to stop it, without waiting."""
        self.halt()
        self._child.ask_to_stop()

    def resume(self) -> None:
        """Start it again after a stop."""
        self._start()

    def _start(self) -> None:
        self._program = self._make()
        rotate(self._program.log)
        self._child = Child(self._program)
        self._identity = Identity.of(self._child.pid)
        self._next_probe = 0.0
        self._enter(State.STARTING)

    def _start_again(self) -> None:
        self.restarts += 1
        try:
            self._start()
        except LocalError as error:
            self._fail(str(error))

    def _probe(self) -> None:
        if self._program.ready():
            self._was_ready = True
            self._next_probe = time.monotonic() + _PROBE_SECONDS
            self._enter(State.READY)
        elif self.state is State.READY:
            self._enter(State.NOT_READY)

    def _died(self, status: int) -> None:
        now = time.monotonic()
        self._deaths.append(now)
        how = f"{self.name} {ending(status)}"
        if not self._was_ready:
            self._fail(f"{how} at its start{log_excerpt(self._program)}")
        elif len(self._deaths) == _FLAP_DEATHS and now - self._deaths[0] < _FLAP_SECONDS:
            self._fail(
                f"{how}, for the {_FLAP_DEATHS}th time within {_FLAP_SECONDS:.0f} s. It is not started again"
                f"{log_excerpt(self._program)}"
            )
        else:
            recent = sum(1 for death in self._deaths if now - death < _FLAP_SECONDS)
            self._next_start = now + min(_FIRST_PAUSE_SECONDS * 2 ** (recent - 1), _LONGEST_PAUSE_SECONDS)
            self._enter(State.RESTARTING)

    def _fail(self, failure: str) -> None:
        self.failure = failure
        self._enter(State.FAILED)

    def _stopped(self) -> None:
        if self.state is not State.FAILED:
            self._enter(State.STOPPED)

    def _enter(self, state: State) -> None:
        if self.state is not state:
            self.state, self.since = state, time.time()
