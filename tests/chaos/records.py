"""What clients did and were told: the one account of a run that does not come from the product's tables."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from chaos.orders import Fate, JobOrder

NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as its client saw it."""

    at: float
    """Unix time of its start."""
    seconds: float
    route: str
    status: int
    """0: the connection was refused or broke."""
    detail: str = ""

    @property
    def until(self) -> float:
        """Unix time of its end."""
        return self.at + self.seconds

    @property
    def failed(self) -> bool:
        """Whether the service is to blame, or cannot be reached."""
        return self.status == NO_ANSWER or self.status >= 500


@dataclass(slots=True)
class Submission:
    """One order on its way: each time it was sent, and what its client was told of it since."""

    order: JobOrder
    trace: str
    sent: int = 0
    unknown: int = 0
    """How often it was sent without an answer that settles what became of it."""
    jobs: list[str] = field(default_factory=list)
    """Ids told with a 202, in the order in which they were told."""
    total: int = 0
    """Messages, as told."""
    ended: Fate | None = None
    """Set when the service confirmed a cancellation or a deletion."""
    may_have_ended: bool = False
    """Whether a cancellation or a deletion was asked for, confirmed or not."""
    answered_at_end: int = 0
    """Of a cancelled job: messages answered and dead, as the confirmation told."""
    retries: int = 0
    mismatches: int = 0
    """Repeats with another body that were accepted: none may be."""

    @property
    def accepted(self) -> bool:
        """Whether its client was told 202."""
        return bool(self.jobs)


@dataclass(slots=True)
class Records:
    """All of it."""

    submissions: list[Submission] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def accepted(self) -> list[Submission]:
        """Return what was accepted."""
        return [submission for submission in self.submissions if submission.accepted]

    def messages(self) -> int:
        """Return how many messages were accepted."""
        return sum(submission.total for submission in self.accepted())


def unexcused(calls: Iterable[Call], outages: Iterable[tuple[float, float]]) -> list[Call]:
    """Return the calls that failed while neither the API nor PostgreSQL was down, by (begin, end) of those times."""
    down = list(outages)
    return [
        call for call in calls if call.failed and not any(begin <= call.until and call.at <= end for begin, end in down)
    ]
