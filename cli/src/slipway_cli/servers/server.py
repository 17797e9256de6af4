"""What PostgreSQL and Redis have in common: a program, started and stopped."""

from abc import ABC, abstractmethod
from typing import Self

from slipway_cli.errors import LocalError
from slipway_cli.processes.child import Child
from slipway_cli.processes.program import Program

START_SECONDS = 60.0


class Server(ABC):
    """A server on this machine. As a context manager it is started and stopped."""

    def __init__(self) -> None:
        self._child: Child | None = None

    @abstractmethod
    def program(self) -> Program:
        """Prepare what the server needs on the disk, and return what to run."""

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Start it, and return when it answers.

        Raises:
            LocalError: it runs already, or did not start; the text says why.
        """
        if self._child and self._child.exit_status() is None:
            raise LocalError(f"{self._child.program.name} already runs (pid {self.pid}).")
        self._child = Child(self.program())
        try:
            self._child.wait_ready(START_SECONDS)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Stop it in good order."""
        if self._child:
            self._child.stop()
            self._child = None

    def kill(self) -> None:
        """End it at once, as a failing machine would. It can be started again."""
        if self._child:
            self._child.kill()
            self._child = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
