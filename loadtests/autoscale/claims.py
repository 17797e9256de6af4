"""Counts the chunks that were begun more than once, while a run goes on: work that was interrupted, or done twice.

The fencing token of a chunk rises at each claim, and the row is gone once the chunk is finished. So the table is read
again and again, with the rights of the API, by a program in an operator's pod.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from loadtests.autoscale.access import operator
from loadtests.autoscale.kubectl import ClusterError
from loadtests.autoscale.release import Release

_END_SECONDS = 30.0
_LIVES_SECONDS = 1_800
"""A burst is drained within ten minutes, and its workers go within seven; uploads and last answers come on top."""
_PROGRAM = """
import sys, threading
import psycopg
from slipway.settings import Settings
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
query = "SELECT id FROM job_chunks WHERE token > CASE state WHEN 'running' THEN 1 ELSE 0 END"
again = set()
url = Settings().database_system_url.get_secret_value()
with psycopg.connect(url, autocommit=True) as connection:
    print("counting", flush=True)
    while not over.wait(0.1):
        again.update(row[0] for row in connection.execute(query))
print(len(again), flush=True)
"""


@dataclass(slots=True)
class Claims:
    """What was counted."""

    repeated: int | None = None
    """Chunks that were claimed again; None: it is still being counted."""


@contextmanager
def counted(release: Release) -> Iterator[Claims]:
    """Count until the block ends; the figure is there afterwards.

    Raises:
        ClusterError: it could not be counted to the end; the text says what the program said.
    """
    claims = Claims()
    with operator(release, _LIVES_SECONDS) as pod:
        command = release.cluster.command("exec", "--stdin", pod, "--", "python", "-c", _PROGRAM)
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
            assert process.stdout is not None  # noqa: S101  # it was asked for
            if not process.stdout.readline().startswith("counting"):
                raise ClusterError(f"The chunks cannot be counted: {process.communicate()[1].strip()}")
            try:
                yield claims
            finally:
                claims.repeated = _count(process)


def _count(process: subprocess.Popen[str]) -> int:
    try:
        told, said = process.communicate("", timeout=_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise ClusterError(f"The count of chunks did not end within {_END_SECONDS:.0f} s.") from None
    if not told.strip().isdigit():
        raise ClusterError(f"The chunks could not be counted to the end: {said.strip()}")
    return int(told)
