"""Runs vegeta for one step, and says what it cost."""

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.cores import pinned
from loadtests.bench.generator.results import Result, parse

_PATIENCE = "30s"
"""After so long a request without an answer is an error."""
_STARTED_WITH = 64
"""Workers of an open loop at its start; as many more as it takes are added, so that no request waits for another."""
_PERIOD = 1_000
"""Seconds over which a rate is a whole number of requests, as vegeta wants it."""


@dataclass(frozen=True, slots=True)
class Load:
    """A closed loop of `clients`, or an open one at a constant `rate` of requests a second."""

    targets: Path
    seconds: float
    clients: int = 0
    rate: float = 0.0

    def options(self) -> list[str]:
        """Return it as vegeta's options."""
        common = ["-format=json", f"-targets={self.targets}", f"-duration={self.seconds:.3f}s", f"-timeout={_PATIENCE}"]
        if self.clients:
            count = self.clients
            loop = ["-rate=0", f"-workers={count}", f"-max-workers={count}", f"-connections={count}"]
        else:
            loop = [f"-rate={max(1, round(self.rate * _PERIOD))}/{_PERIOD}s", f"-workers={_STARTED_WITH}"]
        return [*common, *loop]


@dataclass(frozen=True, slots=True)
class Attack:
    """What came of a load."""

    results: list[Result]
    """In the order of sending."""
    cpu_share: float
    """Of one processor, that the generator used while it ran."""


class Generator:
    """Sends loads from one processor."""

    def __init__(self, program: Path, core: int, folder: Path) -> None:
        """Use a program, which `ensure` made, on a processor; the folder is for what it records."""
        self._program, self._core = str(program), core
        self._record = folder / "attack.bin"

    def send(self, load: Load) -> Attack:
        """Send a load and wait for its last answer.

        Raises:
            RuntimeError: vegeta failed, or sent nothing.
        """
        share = self._attack([self._program, "attack", f"-output={self._record}", *load.options()])
        shown = subprocess.run(
            [self._program, "encode", "-to=json", str(self._record)], capture_output=True, text=True, check=True
        )
        results = sorted(parse(shown.stdout.splitlines()), key=lambda result: result.number)
        if not results:
            raise RuntimeError(f"vegeta sent nothing in {load.seconds:g} s; is the machine very busy?")
        return Attack(results, share)

    def _attack(self, command: Sequence[str]) -> float:
        began = time.monotonic()
        with tempfile.TemporaryFile() as words:
            with pinned([self._core]):
                child = subprocess.Popen(command, stderr=words, env=_environment())
            used = _wait(child)
            words.seek(0)
            if child.returncode:
                raise RuntimeError(f"vegeta failed: {words.read().decode(errors='replace').strip()}")
        return (used.ru_utime + used.ru_stime) / (time.monotonic() - began)


def _wait(child: subprocess.Popen[bytes]) -> resource.struct_rusage:
    """Wait for the end of a process, and return what it used."""
    try:
        _, status, used = os.wait4(child.pid, 0)
    except BaseException:
        child.kill()
        child.wait()
        raise
    child.returncode = os.waitstatus_to_exitcode(status)
    return used


def _environment() -> dict[str, str]:
    """Return ours without proxies: the load goes to this machine."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
