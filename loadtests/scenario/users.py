"""Everyday users, who wait for their answers: callers who want them now, and clerks who come back for a pile."""

import json
import random
import time
from typing import Any

from locust import FastHttpUser, between, constant_pacing, task
from locust.contrib.fasthttp import FastResponse

from loadtests.scenario.access import Access
from loadtests.scenario.messages import batch_size, job_size, message

_ACCESS = Access.read()
_NDJSON = "application/x-ndjson"
_POLL_SECONDS = 1.0
_BUSY = (429, 503)
_OK, _ACCEPTED = 200, 202


class _User(FastHttpUser):
    abstract = True
    insecure = False
    ssl_context_factory = staticmethod(_ACCESS.trust)
    default_headers = {"Authorization": f"Bearer {_ACCESS.keys[0]}"}  # noqa: RUF012  # as Locust declares it

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.dice = random.Random()  # noqa: S311  # a load, not a secret

    def _texts(self, count: int) -> list[dict[str, str]]:
        return [{"text": message(self.dice)} for _ in range(count)]

    def _heed(self, response: FastResponse) -> None:
        """Stay away for as long as a refusal asks for."""
        if response.status_code in _BUSY:
            time.sleep(float(_header(response, "Retry-After") or "1"))


class Caller(_User):
    """Wants each answer at once; mostly one message a request."""

    weight = 3
    wait_time = between(0.5, 2.0)

    @task
    def triage(self) -> None:
        """Send a request, and check that each message has an answer."""
        texts = self._texts(batch_size(self.dice))
        name = "POST /v1/triage, one message" if len(texts) == 1 else "POST /v1/triage, several"
        with self.client.post("/v1/triage", json={"inputs": texts}, name=name, catch_response=True) as response:
            if response.status_code == _OK and len(response.json()["results"]) != len(texts):
                response.failure("The answer has another number of results than the request had messages.")
        self._heed(response)


class Clerk(_User):
    """Hands in a job, follows it, and fetches its results."""

    weight = 1
    wait_time = constant_pacing(20.0)
    network_timeout = 300.0

    @task
    def job(self) -> None:
        """Do all of it; one in two follows the job's events, the others ask again and again."""
        lines = [json.dumps(text) for text in self._texts(job_size(self.dice))]
        accepted = self.client.post(
            "/v1/jobs", data="\n".join(lines), headers={"Content-Type": _NDJSON}, name="POST /v1/jobs"
        )
        if accepted.status_code != _ACCEPTED:
            self._heed(accepted)
            return
        location = _header(accepted, "Location")
        if self.dice.random() < 0.5:  # noqa: PLR2004  # one in two
            self.client.get(f"{location}/events", name="GET /v1/jobs/{job}/events, to its end")
        else:
            self._poll(location)
        self._fetch(location, len(lines))

    def _poll(self, location: str) -> None:
        while True:
            told = self.client.get(location, name="GET /v1/jobs/{job}")
            if told.status_code != _OK or told.json()["state"] not in {"queued", "running"}:
                return
            time.sleep(_POLL_SECONDS)

    def _fetch(self, location: str, count: int) -> None:
        name, headers = "GET /v1/jobs/{job}/results", {"Accept": _NDJSON}
        with self.client.get(f"{location}/results", name=name, headers=headers, catch_response=True) as response:
            if response.status_code == _OK and len((response.text or "").splitlines()) != count:
                response.failure("The results have another number of lines than the job had messages.")


def _header(response: FastResponse, name: str) -> str:
    """Return a header of an answer; nothing where there is none, as when no answer came."""
    return str(response.headers.get(name, "")) if response.headers else ""
