"""Callers that keep the stack busy while it is looked at, so that rates and ratios have something to be about."""

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import httpx
from loadtests.scenario.messages import message

from e2e.stage import Stage

_PAUSE_SECONDS = 0.4
_ROUNDS_A_JOB = 20
_DICE = random.Random(7)  # which message it is has nothing to do with secrets


@contextmanager
def traffic(stage: Stage) -> Iterator[None]:
    """Send requests and small jobs, some of them wrong, until the block ends. What fails is not this one's to judge."""
    over = threading.Event()
    caller = threading.Thread(target=_call, args=(stage.client(), over), name="traffic")
    caller.start()
    try:
        yield
    finally:
        over.set()
        caller.join()


def _call(client: httpx.Client, over: threading.Event) -> None:
    with client:
        for number in count():
            try:
                _round(client, number)
            except httpx.HTTPError:
                over.wait(1.0)
            if over.wait(_PAUSE_SECONDS):
                return


def _round(client: httpx.Client, number: int) -> None:
    texts = [{"text": message(_DICE)} for _ in range(1 + number % 4)]
    client.post("/v1/triage", json={"inputs": texts})
    if number % _ROUNDS_A_JOB == 1:
        lines = "\n".join(json.dumps(text) for text in texts * 5)
        job = client.post("/v1/jobs", content=lines, headers={"Content-Type": "application/x-ndjson"})
        if job.status_code == httpx.codes.ACCEPTED:
            client.get(job.headers["Location"])
    if number % _ROUNDS_A_JOB == 2:
        client.post("/v1/triage", json={"inputs": []})
