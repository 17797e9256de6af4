"""A job, sent and read as a user does: what a stack must still know after a restart or a restore."""

import json
from dataclasses import dataclass

import httpx

from e2e.failure import demand, wait_for

_NDJSON = "application/x-ndjson"
_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Answered:
    """A job that is completed."""

    path: str
    results: str
    """Its results, a line each, as the API gave them."""
    trace_id: str


def answered_job(client: httpx.Client, texts: list[str], trace_id: str) -> Answered:
    """Hand in a job, wait for its end, and read its results.

    Raises:
        UnmetError: it was not completed in time.
        httpx.HTTPError: the API refused.
    """
    headers = {"Content-Type": _NDJSON, "traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    lines = "\n".join(json.dumps({"text": text}) for text in texts)
    path = client.post("/v1/jobs", content=lines, headers=headers).raise_for_status().headers["Location"]

    def completed() -> bool:
        state: str = client.get(path).raise_for_status().json()["state"]
        return state == "completed"

    wait_for(f"job {path}", completed, _SECONDS, "worker")
    results = read_results(client, path)
    demand(len(results.splitlines()) == len(texts), f"Of {len(texts)} answers, {len(results.splitlines())} came.")
    return Answered(path, results, trace_id)


def read_results(client: httpx.Client, path: str) -> str:
    """Return the results of a job, a line each."""
    return client.get(f"{path}/results", headers={"Accept": _NDJSON}).raise_for_status().text
