"""A server that is started as a program, watched until it answers, and stopped with all its processes."""

import http.client
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from loadtests.bench.systems.processes import end

_POLL_SECONDS = 0.1
_LAST_WORDS = 500


@contextmanager
def serving(
    command: Sequence[str],
    environment: Mapping[str, str],
    port: int,
    log: Path,
    *,
    path: str = "/",
    seconds: float = 60,
) -> Iterator[int]:
    """Run a program whose server answers on a port of 127.0.0.1; yield its process id once it answers.

    Args:
        command: the program.
        environment: all of it, as the program gets it.
        port: where it will listen.
        log: where its output goes.
        path: asked for until the answer is below 500.
        seconds: that it may take.

    Raises:
        RuntimeError: it ended, or does not answer in time; the text has its last words.
    """
    with log.open("wb") as output:
        # A session of its own: a group with somebody who stands still is sent SIGHUP when its shell ends (setpgid(2)).
        child = subprocess.Popen(
            command, env=dict(environment), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            _wait(child, port, path, time.monotonic() + seconds, log)
            yield child.pid
        finally:
            if child.poll() is None:
                end(child.pid)
            child.wait()


def bare_environment() -> dict[str, str]:
    """Return ours without settings of Slipway's, so that what somebody set for his own work is not measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")}


def _wait(child: subprocess.Popen[bytes], port: int, path: str, deadline: float, log: Path) -> None:
    while not _answers(port, path):
        if child.poll() is not None:
            raise RuntimeError(f"It ended with status {child.returncode} at its start: {_last_words(log)}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"It does not answer in time: {_last_words(log)}")
        time.sleep(_POLL_SECONDS)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _last_words(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-_LAST_WORDS:].strip() or f"{log} is empty."
