"""The API as a process: started, watched from outside, ended."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.processor import spent
from loadtests.bench.startup.stage import Stage, ports

_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.002
_END_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Process:
    """A running API."""

    pid: int
    port: int
    began: float
    """When it was started, by the monotonic clock."""

    @property
    def processor_seconds(self) -> float:
        """What its threads have spent so far; those that have ended do not count."""
        return spent(self.pid).total() / 1e9

    @property
    def age(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self.began


@contextmanager
def started(stage: Stage) -> Iterator[Process]:
    """Start an API on ports of its own; end it with the block."""
    own = ports()
    with stage.log.open("ab") as log:
        began = time.monotonic()
        child = subprocess.Popen(
            [sys.executable, "-m", "slipway_api"], env={**stage.environment, **own}, stdout=log, stderr=log
        )
    try:
        yield Process(child.pid, int(own["SLIPWAY_API_PORT"]), began)
    finally:
        child.terminate()
        try:
            child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def connected(process: Process, log: Path) -> socket.socket:
    """Connect as soon as the process listens.

    Raises:
        SystemExit: it does not within a minute; the message holds the end of its log.
    """
    while process.age < _PATIENCE_SECONDS:
        try:
            return socket.create_connection(("127.0.0.1", process.port), timeout=_PATIENCE_SECONDS)
        except ConnectionRefusedError:
            time.sleep(_POLL_SECONDS)
    last = log.read_text(encoding="utf-8", errors="replace")[-2_000:]
    raise SystemExit(f"The API does not listen after {_PATIENCE_SECONDS:g} s. The end of its log:\n{last}")
