"""Runs programs of the machine, with words when one fails."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from e2e.failure import UnmetError

ROOT = Path(__file__).parents[2]
_SHOWN_LINES = 15


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout: float = 600.0,
) -> str:
    """Return the standard output of a program, run in the checkout.

    Args:
        command: the program and its arguments.
        environment: the whole of it; None: ours.
        stdin: what it reads.
        timeout: seconds after which it is killed.

    Raises:
        UnmetError: it ended with another exit status than 0, or not in time. The text ends with what it said.
    """
    try:
        ran = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnmetError(f"`{' '.join(command)}` did not end within {timeout:.0f} s.") from None
    if ran.returncode:
        said = [*ran.stdout.splitlines(), *ran.stderr.splitlines()][-_SHOWN_LINES:]
        raise UnmetError("\n    ".join([f"`{' '.join(command)}` failed with exit status {ran.returncode}:", *said]))
    return ran.stdout
