"""Keeps programs running: watches them, starts again what died, and gives up on what never becomes ready."""

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence

from slipway_cli.errors import LocalError
from slipway_cli.processes.program import Program
from slipway_cli.processes.watched import ProcessStatus, State, Watched

_TICK_SECONDS = 0.1

Listener = Callable[[Sequence[ProcessStatus]], None]


class StartCancelled(Exception):  # noqa: N818  # asked for, not an error
    """Whoever waited for the processes no longer wants them."""


class Supervisor:
    """A table of programs, watched by a thread."""

    def __init__(self, listener: Listener) -> None:
        """Begin with an empty table. `listener` gets the process table at each change, in any thread."""
        self._listener = listener
        self._table: dict[str, Watched] = {}
        self._beside: list[Watched] = []
        """Successors that are not ready yet, and predecessors that have not ended yet."""
        self._told: list[ProcessStatus] = []
        self._own_failure = ""
        self._lock = threading.RLock()
        self._ended, self._cancelled = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self, make: Callable[[], Program]) -> None:
        """Start a program and watch it; returns before it is ready."""
        watched = Watched(make)
        with self._lock:
            self._table[watched.name] = watched
        if not self._thread.is_alive():
            self._thread.start()

    def table(self) -> list[ProcessStatus]:
        """Return what each process is doing, in the order of their start."""
        return [watched.status for watched in self._all()]

    def ready(self) -> bool:
        """Tell whether all that should run is ready; who is only beside another does not count."""
        return not self._late(list(self._table))

    def failure(self) -> str | None:
        """Return why a process is not started again, if there is such a process."""
        failures = [self._own_failure, *(watched.failure for watched in list(self._table.values()))]
        return next(filter(None, failures), None)

    def wait_ready(self, seconds: float, names: Sequence[str] | None = None) -> None:
        """Return when all processes are ready, or those that are named.

        Raises:
            LocalError: one of them failed, or they take too long.
            StartCancelled: `cancel` was called.
        """
        deadline = time.monotonic() + seconds
        while late := self._late(names or list(self._table)):
            if self._cancelled.is_set():
                raise StartCancelled
            if failure := self.failure():
                raise LocalError(failure)
            if time.monotonic() > deadline:
                raise LocalError(f"Not ready after {seconds:.0f} s: {', '.join(late)}. See `slipway logs {late[0]}`.")
            time.sleep(_TICK_SECONDS / 2)

    def start_successor(self, name: str, make: Callable[[], Program], seconds: float) -> Watched:
        """Start a program beside the one of this name, and return it once it is ready, for `hand_over`.

        Raises:
            LocalError: it failed, or took too long; it is gone, and the one of this name goes on.
            StartCancelled: `cancel` was called; likewise.
        """
        successor = Watched(make, name=f"{name} (new)")
        with self._lock:
            self._beside.append(successor)
        try:
            self._wait_for(successor, seconds)
        except BaseException:
            successor.kill()
            self._forget(successor)
            raise
        return successor

    def hand_over(self, name: str, successor: Watched) -> None:
        """Give a successor the name; the one that had it is stopped, and has ended when this returns."""
        with self._lock:
            old, self._table[name] = self._table[name], successor
            self._beside[self._beside.index(successor)] = old
            successor.restarts = old.restarts
            successor.name, old.name = name, f"{name} (old)"
            old.ask_to_stop()
        self._tell()
        old.stop()
        self._forget(old)

    def stop(self, names: Sequence[str]) -> None:
        """Stop some processes: all are asked at once, and this returns when all have ended."""
        stopping = [watched for watched in self._all() if watched.name.partition(" ")[0] in names]
        with self._lock:
            for watched in stopping:
                watched.ask_to_stop()
        self._tell()
        for watched in stopping:
            watched.stop()
        self._tell()

    def tell(self) -> None:
        """Let the listener have the process table, though it may be unchanged."""
        with self._lock:
            self._told = []
            self._tell()

    def cancel(self) -> None:
        """End a running `wait_ready`, and those to come."""
        self._cancelled.set()

    def hurry(self, name: str) -> None:
        """Kill a process, if there is one, without waiting."""
        if (watched := self._table.get(name)) and (pid := watched.status.pid):
            os.kill(pid, signal.SIGKILL)

    def kill(self, name: str) -> None:
        """Kill a process as a failing machine would; it is started again."""
        with self._lock:
            self._table[name].crash()

    def resume(self, name: str) -> None:
        """Start a process that was stopped."""
        with self._lock:
            self._table[name].resume()

    def pause(self, name: str) -> None:
        """Let a process stand still, alive; it is neither killed nor started again, but may be stopped."""
        self._table[name].pause()

    def unpause(self, name: str) -> None:
        """Let a process go on that stands still."""
        self._table[name].unpause()

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a process a signal, as another program would; should it end, it is started again."""
        self._table[name].send(number)

    def end(self) -> None:
        """Kill what still runs, and end the watch."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        for watched in self._all():
            watched.kill()
        self._tell()

    def _all(self) -> list[Watched]:
        return [*self._table.values(), *self._beside]

    def _late(self, names: Sequence[str]) -> list[str]:
        statuses = [self._table[name].status for name in names]
        return [status.name for status in statuses if status.state is not State.READY or not status.pid]

    def _wait_for(self, successor: Watched, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while successor.state is not State.READY:
            if self._cancelled.is_set():
                raise StartCancelled
            if successor.failure:
                raise LocalError(successor.failure)
            if time.monotonic() > deadline:
                raise LocalError(f"{successor.name} is not ready after {seconds:.0f} s{successor.last_words()}")
            time.sleep(_TICK_SECONDS / 2)

    def _forget(self, watched: Watched) -> None:
        with self._lock:
            self._beside.remove(watched)
        self._tell()

    def _watch(self) -> None:
        try:
            while not self._ended.wait(_TICK_SECONDS):
                with self._lock:
                    for watched in self._all():
                        watched.tick()
                self._tell()
        except Exception as error:  # noqa: BLE001  # whoever looks at `failure` says so
            self._own_failure = f"The supervisor cannot go on: {error!r}"

    def _tell(self) -> None:
        with self._lock:
            table = self.table()
            if table == self._told:
                return
            self._told = table
            try:
                self._listener(table)
            except OSError as error:  # a full disk must not keep us from stopping
                self._own_failure = f"The state of the processes cannot be told: {error}"
