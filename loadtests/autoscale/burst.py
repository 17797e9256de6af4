"""A burst of jobs: more than the workers that run can do in five minutes, so that more of them are needed.

First the rate of one worker is measured, while as few run as ever do. After the burst a trickle of small jobs goes on
until the workers are back at their minimum, so that there is something to interrupt while they go.
"""

import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from loadtests.autoscale import jobs
from loadtests.autoscale.kubectl import ClusterError
from loadtests.autoscale.pin import Autoscaler, find_autoscaler, pinned
from loadtests.autoscale.progress import say
from loadtests.autoscale.release import Release

WORTH_SECONDS = 300.0
"""How long the workers that run at the beginning would take for the burst."""
_SAMPLE = 3_000
"""Messages by which the rate of a worker is measured."""
_CALIBRATION_SECONDS = 300.0
_DOWN_SECONDS = 420.0
_UPLOADS = 4
"""Jobs that the burst has at least."""
_TRICKLE = 40
"""Messages of each small job that comes every second while workers go."""
_EVERY_SECONDS = 1.0
_PATIENCE_SECONDS = 120.0
"""How long refusals are heeded before they count."""


@dataclass(frozen=True, slots=True)
class Burst:
    """What came of a burst; times in Unix seconds."""

    messages: int
    submitted: float
    """When the first upload began."""
    drained: float | None
    initial_workers: int
    max_workers: int
    messages_per_worker_s: float
    answered: int

    def record(self, interrupted: int | None) -> dict[str, Any]:
        """Return what `run.json` has of it."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return {**told, "interrupted": interrupted}


def measure(release: Release, client: httpx.Client) -> float:
    """Return how many messages a second one worker answers, by a job for the fewest workers that ever run.

    Raises:
        ClusterError: they did not answer it in time.
    """
    workers = find_autoscaler(release, "worker").least
    say(f"Holding the workers at {workers}, to see what one can do.")
    with pinned(release, "worker", workers):
        path = _upload(client, jobs.texts(_SAMPLE))
        begun, done = _await(client, path, _SAMPLE // 10)
        ended, all_done = _await(client, path, _SAMPLE * 9 // 10)
    return (all_done - done) / (ended - begun) / workers


def send(release: Release, client: httpx.Client, rate: float) -> Burst:
    """Send the burst, wait until it is drained, and until the workers are as few as before.

    Args:
        release: whose workers.
        client: of the API.
        rate: messages a second of one worker.
    """
    autoscaler = find_autoscaler(release, "worker")
    least, most = autoscaler.least, autoscaler.most
    total = math.ceil(WORTH_SECONDS * rate * least)
    submitted, initial = time.time(), release.ready("worker")
    paths = _submit(client, total)
    say(f"{total} messages in {len(paths)} jobs are accepted: {WORTH_SECONDS:.0f} s of work for {least} workers.")
    drained = _drain(client, paths, 2 * WORTH_SECONDS)
    answers = sum(len(jobs.answered(client, path)) for path in paths) if drained else 0
    _trickle(release, client, autoscaler)
    return Burst(total, submitted, drained, initial, most, rate, answers)


def _submit(client: httpx.Client, total: int) -> list[str]:
    """Upload jobs beside each other, so that all are accepted at about the same time: a burst, not a stream."""
    sizes = even(total, max(_UPLOADS, math.ceil(total / jobs.LARGEST)))
    with ThreadPoolExecutor(len(sizes)) as threads:
        return list(threads.map(lambda seed: _upload(client, jobs.texts(sizes[seed], seed)), range(len(sizes))))


def _upload(client: httpx.Client, texts: list[str]) -> str:
    return jobs.submit(client, texts, _PATIENCE_SECONDS)


def even(total: int, parts: int) -> list[int]:
    """Return so many sizes that come to a total and differ by at most one, without empty ones."""
    return [size for part in range(parts) if (size := (total + part) // parts)]


def _await(client: httpx.Client, path: str, count: int) -> tuple[float, int]:
    """Return when at least so many messages of a job were finished, and how many."""
    began = time.monotonic()
    while (done := jobs.finished(client, path, _PATIENCE_SECONDS)) < count:
        if time.monotonic() - began > _CALIBRATION_SECONDS:
            raise ClusterError(f"Workers finished {done} of {count} messages in {_CALIBRATION_SECONDS:.0f} s.")
        time.sleep(_EVERY_SECONDS / 5)
    return time.monotonic(), done


def _drain(client: httpx.Client, paths: list[str], seconds: float) -> float | None:
    """Return when the last job had ended; None: one has not, within the time."""
    began, waiting = time.monotonic(), list(paths)
    while waiting and time.monotonic() - began < seconds:
        waiting = [path for path in waiting if not jobs.has_ended(client, path, _PATIENCE_SECONDS)]
        if waiting:
            time.sleep(_EVERY_SECONDS)
    return None if waiting else time.time()


def _trickle(release: Release, client: httpx.Client, autoscaler: Autoscaler) -> None:
    """Hand in small jobs until the workers are as few as they ever are, and wait for the last of them.

    Raises:
        ClusterError: they did not become as few, or a job did not end, within its time.
    """
    began, paths = time.monotonic(), list[str]()
    while release.ready("worker") > autoscaler.least and time.monotonic() - began < _DOWN_SECONDS:
        paths.append(_upload(client, jobs.texts(_TRICKLE)))
        time.sleep(_EVERY_SECONDS)
    left = [path for path in paths if _drain(client, [path], _CALIBRATION_SECONDS) is None]
    if left:
        raise ClusterError(f"{len(left)} of {len(paths)} small jobs did not end while the workers went.")
    if (ready := release.ready("worker")) > autoscaler.least:
        raise ClusterError(
            f"{ready} workers were still ready {_DOWN_SECONDS:.0f} s after the burst, not {autoscaler.least}."
        )
    say(f"Back at {release.ready('worker')} workers after {time.monotonic() - began:.0f} s, {len(paths)} small jobs.")
