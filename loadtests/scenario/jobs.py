"""Jobs: handed in, followed until they are done, and fetched."""

import json
import random
from dataclasses import dataclass, replace

from loadtests.scenario.call import Answer, Call, Later
from loadtests.scenario.messages import job_size, message

_NDJSON = "application/x-ndjson"
_ACCEPTED, _OK = 202, 200
_REFUSALS = (429, 503)
_FIRST_SECONDS, _GROWTH, _LONGEST_SECONDS = 1.0, 1.5, 10.0
"""How long after the submission is first asked for the job, and how that grows."""
_SMALL = (10, 40)


def job(dice: random.Random) -> Call:
    """Return a submission of 20 to 400 messages; all else follows from its answers."""
    return _submit(dice, job_size(dice))


def small_job(dice: random.Random) -> Call:
    """Return a submission of 10 to 40 messages."""
    return _submit(dice, dice.randint(*_SMALL))


@dataclass(frozen=True, slots=True)
class Following:
    """A job that is under way."""

    location: str
    count: int
    pause: float = _FIRST_SECONDS

    def poll(self) -> Later:
        """Return the next question how far it is."""
        call = Call("GET /v1/jobs/{job}", "GET", self.location, check=self.ended_badly, follow=self.polled)
        return Later(call, self.pause)

    def ended_badly(self, answer: Answer) -> str | None:
        """Return what is wrong with a job that will never be completed."""
        found = json.loads(answer.content)
        if found["dead"]:
            return f"{found['dead']} messages were given up"
        alive = found["state"] in {"receiving", "queued", "running", "completed"}
        return None if alive else f"the job ended as {found['state']}"

    def polled(self, answer: Answer) -> Later | None:
        """Ask again, or fetch the results."""
        if answer.status in _REFUSALS:
            return replace(self, pause=_told(answer)).poll()
        if answer.status != _OK or self.ended_badly(answer):
            return None
        if json.loads(answer.content)["state"] == "completed":
            return self.fetch(0.0)
        return replace(self, pause=min(self.pause * _GROWTH, _LONGEST_SECONDS)).poll()

    def fetch(self, seconds: float) -> Later:
        """Return the request for the results."""
        name, headers = "GET /v1/jobs/{job}/results", {"Accept": _NDJSON}
        path = f"{self.location}/results"
        return Later(Call(name, "GET", path, headers=headers, check=self.is_complete, follow=self.fetched), seconds)

    def fetched(self, answer: Answer) -> Later | None:
        """Come again if the results were refused."""
        return self.fetch(_told(answer)) if answer.status in _REFUSALS else None

    def is_complete(self, answer: Answer) -> str | None:
        """Return what is wrong if not each message has exactly one result, with an output."""
        results = [json.loads(line) for line in answer.content.splitlines()]
        answered = {result["ordinal"] for result in results if result["output"]}
        if len(results) == len(answered) == self.count:
            return None
        return f"{len(results)} results, {len(answered)} messages answered, of {self.count}"


def _submit(dice: random.Random, count: int) -> Call:
    lines = "\n".join(json.dumps({"text": message(dice)}) for _ in range(count)).encode()

    def follow(answer: Answer) -> Later | None:
        return Following(answer.headers["Location"], count).poll() if answer.status == _ACCEPTED else None

    headers, expected = {"Content-Type": _NDJSON}, frozenset({_ACCEPTED})
    return Call("POST /v1/jobs", "POST", "/v1/jobs", lines, headers, expected=expected, follow=follow)


def _told(answer: Answer) -> float:
    """Return how long a refusal asks to stay away, in seconds."""
    return float(answer.headers.get("Retry-After") or _LONGEST_SECONDS)
