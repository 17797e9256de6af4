"""Jobs, handed in and followed as a user does."""

import json
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from loadtests.scenario.messages import message

LARGEST = 10_000
"""Messages of one upload, at most; see the limits in docs/api.md."""
_NDJSON = "application/x-ndjson"
_SECONDS = 300.0
"""An answer to an upload comes when all of it is sealed and stored."""
_ENDED = ("completed", "cancelled")
_REFUSALS = (429, 503)


def open_client(url: str, key: str, verify: Any) -> httpx.Client:
    """Return a client for jobs."""
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, verify=verify, timeout=_SECONDS)


def texts(count: int, seed: int = 11) -> list[str]:
    """Return so many messages of the sample."""
    dice = random.Random(seed)  # noqa: S311  # a load, not a secret
    return [message(dice) for _ in range(count)]


def submit(client: httpx.Client, messages: Sequence[str], patience: float = 0.0) -> str:
    """Hand in a job, and return its path. A refusal's Retry-After is heeded for so many seconds in all.

    Raises:
        httpx.HTTPError: it was not accepted.
    """
    lines = "\n".join(json.dumps({"text": text}) for text in messages)
    headers = {"Content-Type": _NDJSON}
    accepted = _patiently(lambda: client.post("/v1/jobs", content=lines, headers=headers), patience)
    path: str = accepted.raise_for_status().headers["Location"]
    return path


def finished(client: httpx.Client, path: str, patience: float = 0.0) -> int:
    """Return how many messages of a job have their answer or were given up."""
    job = _patiently(lambda: client.get(path), patience).raise_for_status().json()
    return int(job["succeeded"]) + int(job["dead"])


def has_ended(client: httpx.Client, path: str, patience: float = 0.0) -> bool:
    """Tell whether a job has ended; without an answer it is not known to have."""
    try:
        answer = _patiently(lambda: client.get(path), patience)
    except httpx.HTTPError:
        return False
    return answer.is_success and answer.json()["state"] in _ENDED


def answered(client: httpx.Client, path: str) -> set[int]:
    """Return which messages of a job, by their place in it, have an answer.

    Raises:
        ValueError: one has two of them.
    """
    lines = client.get(f"{path}/results", headers={"Accept": _NDJSON}).raise_for_status().text.splitlines()
    results = [json.loads(line) for line in lines]
    places = [result["ordinal"] for result in results if result.get("output") is not None]
    if len(places) != len(set(places)):
        raise ValueError(f"{len(places) - len(set(places))} messages of {path} have more than one answer.")
    return set(places)


def _patiently(ask: Callable[[], httpx.Response], patience: float) -> httpx.Response:
    """Ask, and again when a refusal says to, unless that is later than in `patience` seconds from now."""
    until = time.monotonic() + patience
    while True:
        answer = ask()
        told = answer.headers.get("Retry-After", "") if answer.status_code in _REFUSALS else ""
        if not told.isdigit() or time.monotonic() + int(told) > until:
            return answer
        time.sleep(int(told))
