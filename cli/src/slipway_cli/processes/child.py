"""One running program."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from slipway_cli.errors import LocalError
from slipway_cli.processes import launch
from slipway_cli.processes.family import descendants, kill_all, send_all
from slipway_cli.processes.log import tail
from slipway_cli.processes.program import Program

_POLL_SECONDS = 0.02
_LAUNCHER = (sys.executable, "-I", "-S", launch.__file__)
_READY_FD = "SLIPWAY_READY_FD"

# A child gets its death signal when the thread that started it ends, so that one thread starts them all.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="child-starter")


class Child:
    """A program that was started; it dies with this process."""

    def __init__(self, program: Program) -> None:
        """Start the program."""
        self.program = program
        self._announcement: int | None = None
        self._process = _starter.submit(self._spawn).result()
        self._announced = False
        self._kill_at: float | None = None

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def exit_status(self) -> int | None:
        """Return None while it runs; a negative number is the signal that ended it."""
        return self._process.poll()

    def has_announced(self) -> bool:
        """Tell whether the program has said that it is ready, be it only for a moment before it ended."""
        if not self._announced and self._announcement is not None:
            with contextlib.suppress(BlockingIOError):
                self._announced = bool(os.read(self._announcement, 1))
        return self._announced

    def wait_ready(self, seconds: float) -> None:
        """Return when the program is ready.

        Raises:
            LocalError: it ended, or took too long; the text holds the end of its log.
        """
        deadline = time.monotonic() + seconds
        while not self.program.ready():
            if (status := self.exit_status()) is not None:
                raise LocalError(f"{self.program.name} {ending(status)}{log_excerpt(self.program)}")
            if time.monotonic() > deadline:
                raise LocalError(f"{self.program.name} is not ready after {seconds:.0f} s{log_excerpt(self.program)}")
            time.sleep(_POLL_SECONDS)

    def wait(self) -> int:
        """Return the exit status of a program that ends by itself."""
        return self._process.wait()

    def succeed(self) -> None:
        """Return when a program that ends by itself has done its work.

        Raises:
            LocalError: it failed; the text holds the end of its log.
        """
        try:
            status = self.wait()
        except BaseException:
            self.kill()
            raise
        if status != 0:
            raise LocalError(f"{self.program.name} {ending(status)}{log_excerpt(self.program)}")

    def ask_to_stop(self) -> None:
        """Send the stop signal, once; returns at once."""
        if self._kill_at is None and self.exit_status() is None:
            self._process.send_signal(self.program.stop_signal)
            self.unpause()  # one that is paused would not hear it
            self._kill_at = time.monotonic() + self.program.stop_seconds

    def stop(self) -> None:
        """Ask it to stop, wait, and kill what is left after its time."""
        self.ask_to_stop()
        try:
            self._process.wait(max(0.0, (self._kill_at or 0.0) - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()

    def pause(self) -> None:
        """Let it and its children stand still: alive, and doing nothing."""
        self._process.send_signal(signal.SIGSTOP)
        send_all(descendants(self.pid), signal.SIGSTOP)

    def unpause(self) -> None:
        """Let it go on."""
        send_all(descendants(self.pid), signal.SIGCONT)
        self._process.send_signal(signal.SIGCONT)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, as another program would."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kill it and its children at once, as a failing machine would."""
        below = descendants(self.pid)
        self._process.kill()
        self._process.wait()
        kill_all(below)

    def _spawn(self) -> "subprocess.Popen[bytes]":
        program = self.program
        specification = {
            "parent": os.getpid(),
            "death_signal": int(program.death_signal),
            "uid": program.account and program.account.uid,
            "gid": program.account and program.account.gid,
            "reach": [str(path) for path in program.reach],
        }
        program.log.parent.mkdir(parents=True, exist_ok=True)
        with program.log.open("ab") as log, self._announcing() as (descriptors, variables):
            process = subprocess.Popen(  # noqa: S603  # the programs are our own
                [*_LAUNCHER, json.dumps(specification), *program.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                bufsize=0,
                env={**program.environment, **variables},
                start_new_session=True,
                pass_fds=(*program.descriptors, *descriptors),
            )
        _feed(process, program.stdin)
        return process

    @contextlib.contextmanager
    def _announcing(self) -> Iterator[tuple[tuple[int, ...], dict[str, str]]]:
        """Lend the end of a pipe that the program announces itself through, and say how it learns of it."""
        if not self.program.announces:
            yield (), {}
            return
        self._announcement, theirs = os.pipe()
        weakref.finalize(self, os.close, self._announcement)
        os.set_blocking(self._announcement, False)
        try:
            yield (theirs,), {_READY_FD: str(theirs)}
        finally:
            os.close(theirs)


def _feed(process: "subprocess.Popen[bytes]", content: bytes) -> None:
    # Who waits for a program that ended at once will say so.
    with process.stdin as stdin, contextlib.suppress(BrokenPipeError):  # type: ignore[union-attr]  # it is a pipe
        stdin.write(content)


def ending(status: int) -> str:
    """Say in words how a process ended."""
    if status == launch.UNREACHABLE:
        return "cannot reach its files under the account it runs as"
    if status == launch.NO_OTHER_ACCOUNT:
        return "must not run as root, and this process may not change its account: run this as a normal user"
    return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"


def log_excerpt(program: Program, lines: int = 10) -> str:
    """Return the end of a program's log, to follow a message."""
    return "".join(f"\n  | {line}" for line in tail(program.log, lines)) + f"\n  (log: {_short(program.log)})"


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
