"""What there is to know about a program before it runs."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from slipway_cli.processes.account import Account


@dataclass(frozen=True, slots=True)
class Program:
    """A program, how to tell that it is ready, and how to stop it."""

    name: str
    command: tuple[str, ...]
    """Never holds a secret: anybody on the machine may read it."""
    log: Path
    environment: Mapping[str, str]
    """The whole of it; nothing is inherited."""
    ready: Callable[[], bool] = bool
    """Whether it does its work. Called often, in any thread: it must return within seconds and not raise."""
    announces: bool = False
    """Whether it also says so by itself, as our own services do (see `SLIPWAY_READY_FD`)."""
    descriptors: tuple[int, ...] = ()
    """Files and sockets of ours that it gets, under the same numbers."""
    port: int | None = None
    stdin: bytes = b""
    """Read by the program at its start: the place for a configuration with a secret."""
    account: Account | None = None
    reach: tuple[Path, ...] = field(default=())
    """Paths that the account must be able to read or enter."""
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 10.0
    """Time to finish its work, after which it is killed."""
    death_signal: int = signal.SIGKILL
    """What it gets when we die without having stopped it (Linux)."""
