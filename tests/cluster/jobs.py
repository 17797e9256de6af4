"""What must hold of a job, also when the API or a store was away for a moment."""

import httpx
from e2e.failure import demand, wait_for
from loadtests.autoscale import jobs


def await_ended(client: httpx.Client, path: str, seconds: float) -> float:
    """Wait until a job has ended, and return after how many seconds it had.

    Raises:
        UnmetError: it had not, within `seconds`.
    """
    return wait_for(f"job {path} has ended", lambda: jobs.has_ended(client, path), seconds, every=0.5)


def demand_answers(client: httpx.Client, path: str, count: int) -> None:
    """Demand that each message of a job that has ended has exactly one answer.

    Raises:
        UnmetError: some have none.
        ValueError: some have more.
    """
    found = jobs.answered(client, path)
    demand(found == set(range(count)), f"Of {count} messages of {path}, {len(found)} have an answer.")
