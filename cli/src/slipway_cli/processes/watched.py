"""One program under supervision: its states, and when it is started again."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from slipway_cli.errors import LocalError
from slipway_cli.processes.child import Child, ending, log_excerpt
from slipway_cli.processes.identity import Identity
from slipway_cli.processes.log import rotate
from slipway_cli.processes.probe import Probe
from slipway_cli.processes.program import Program

_MOST_FAILED_STARTS = 5
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
    """A program that is kept running.

    One that became ready is started again however often it dies. One that dies again and again before it is ready is
    given up, and at its very first start at once. To be killed (SIGKILL) is not held against it.
    """

    def __init__(self, make: Callable[[], Program], *, name: str | None = None) -> None:
        """Start the program; `make` describes it, and is asked again before each restart.

        `name` is what the table knows it by; without it, the program's own.
        """
        self._make = make
        self._was_ever_ready = self._was_ready = False
        self._failed_starts = 0
        self.state, self.since = State.STARTING, time.time()
        self._next_start = 0.0
        self.restarts = 0
        self.failure = ""
        """Why it is not started again, once the state is FAILED."""
        self._start()
        self.name = name or self._program.name

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
            else:
                self._look()
        rotate(self._program.log)

    def last_words(self) -> str:
        """Return the end of its log, to follow a message."""
        return log_excerpt(self._program)

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

    def pause(self) -> None:
        """Let it stand still, alive, until `unpause`, a stop or its death."""
        self._child.pause()

    def unpause(self) -> None:
        """Let it go on."""
        self._child.unpause()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, as another program would."""
        self._child.send(number)

    def _start(self) -> None:
        self._program = self._make()
        rotate(self._program.log)
        child = Child(self._program)
        # In this order, as `status` is asked for in other threads.
        self._identity = Identity.of(child.pid)
        self._child = child
        self._probe = Probe(self._program.ready)
        self._was_ready = False
        self._enter(State.STARTING)

    def _start_again(self) -> None:
        self.restarts += 1
        try:
            self._start()
        except LocalError as error:
            self._fail(str(error))

    def _look(self) -> None:
        ready = self._probe.answer()
        if ready:
            self._was_ready = self._was_ever_ready = True
            self._enter(State.READY)
        elif ready is False and self.state is State.READY:
            self._enter(State.NOT_READY)

    def _died(self, status: int) -> None:
        if self._was_ready or self._child.has_announced():
            self._was_ever_ready, self._failed_starts = True, 0
        elif status != -signal.SIGKILL:
            self._failed_starts += 1
        how = f"{self.name} {ending(status)}"
        if not self._was_ever_ready:
            self._fail(f"{how} at its start{self.last_words()}")
        elif self._failed_starts == _MOST_FAILED_STARTS:
            self._fail(
                f"{how}, for the {_MOST_FAILED_STARTS}th time in a row before it was ready. It is not started again"
                f"{self.last_words()}"
            )
        else:
            pause = min(_FIRST_PAUSE_SECONDS * 2**self._failed_starts, _LONGEST_PAUSE_SECONDS)
            self._next_start = time.monotonic() + pause
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
