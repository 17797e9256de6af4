"""Runs a part of the bench that is a program of its own, so that nothing of it is left in this process."""

import subprocess
import sys
from pathlib import Path

from loadtests.bench.systems.server import bare_environment

_LAST_WORDS = 600


def call(module: str, *arguments: str, log: Path) -> str:
    """Return the last line that a module prints; all that it says goes into the log.

    Raises:
        RuntimeError: it failed, or printed nothing; the text quotes it.
    """
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=bare_environment())
    with log.open("a", encoding="utf-8") as said:
        said.write(done.stdout + done.stderr)
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        raise RuntimeError(f"python -m {module} failed: {done.stderr.strip()[-_LAST_WORDS:]}")
    return lines[-1]
