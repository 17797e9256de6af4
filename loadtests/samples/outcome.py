"""What an answer is worth: the only place that decides it."""

from collections.abc import Collection
from enum import StrEnum

_REFUSALS = (429, 503)


class Outcome(StrEnum):
    """The three ways that a request ends."""

    OK = "ok"
    """Answered as expected; also a mistake of the caller that was found."""
    REFUSED = "refused"
    """Turned away for the moment, with the time to come again (429 or 503 with Retry-After)."""
    ERROR = "error"
    """Anything else: no answer, another status, or an answer that is wrong."""


def judge(
    status: int,
    expected: Collection[int],
    *,
    retry_after: bool,
    complaint: str | None = None,
) -> tuple[Outcome, str]:
    """Return the outcome of a request, and what there is to say about it.

    Args:
        status: of the answer; 0: there is none.
        expected: statuses that are right for this request.
        retry_after: whether the answer says when to come again.
        complaint: what is wrong with the answer, or why there is none; None: nothing.
    """
    if status == 0:
        return Outcome.ERROR, complaint or "no answer"
    if status in expected:
        return (Outcome.ERROR, complaint) if complaint else (Outcome.OK, "")
    if status in _REFUSALS and retry_after:
        return Outcome.REFUSED, str(status)
    wanted = " or ".join(str(number) for number in sorted(expected))
    lacking = " without Retry-After" if status in _REFUSALS else ""
    return Outcome.ERROR, f"{status}{lacking} instead of {wanted}"
