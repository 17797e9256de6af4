"""A watch beside code that is not asynchronous: a process of its own, so that neither slows the other down."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtests.watch.failure import WatchError

_ROOT = Path(__file__).parents[2]
_STOP_SECONDS = 60.0
READY = "watching"
"""The first line of the command, when the first look is written."""


@contextmanager
def watching(
    *, namespace: str, release: str, file: Path, context: str | None = None, prometheus: str | None = None
) -> Iterator[None]:
    """Watch a release until the block ends; the arguments are those of `Watch`.

    Raises:
        WatchError: the watch could not begin, or did not reach the end of the block.
    """
    options = {"--namespace": namespace, "--release": release, "--context": context, "--prometheus": prometheus}
    given = [part for name, value in options.items() if value for part in (name, value)]
    command = [sys.executable, "-m", "loadtests.watch", "--while-stdin-is-open", *given, str(file.absolute())]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=_ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None  # noqa: S101  # it was asked for
        if process.stdout.readline().strip() != READY:
            raise WatchError(process.communicate()[1].strip())
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            said = _last_words(process)
        if process.returncode:
            raise WatchError(said)


def _last_words(process: subprocess.Popen[str]) -> str:
    try:
        return process.communicate(timeout=_STOP_SECONDS)[1].strip()
    except subprocess.TimeoutExpired:
        process.kill()
        return f"The watch did not end within {_STOP_SECONDS:.0f} s."
