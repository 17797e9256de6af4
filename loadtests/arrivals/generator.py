"""One process's part of a load: lets its requests fall due, and tells each second how it fares."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import gevent
from gevent.pool import Group

from loadtests.arrivals.backlog import Backlog
from loadtests.arrivals.clock import now
from loadtests.arrivals.meter import Meter
from loadtests.samples.outcome import Outcome, judge
from loadtests.samples.sample import Sample
from loadtests.scenario.call import Call, Later
from loadtests.scenario.mix import Mix
from loadtests.shapes.shape import Shape

Report = dict[str, Any]
"""What a process tells: `lines` of samples, `seconds` (number, figures), `left`: what it still has to do, and
`unfollowed`: what it will not do any more, because the load ended before it was due (questions how far a job is).
"""


@dataclass(eq=False, slots=True)
class Due:
    """A request that is to be sent. Times are Unix seconds."""

    at: float
    call: Call
    began: float | None = None
    """None: not sent yet."""


@dataclass(slots=True)
class Part:
    """What one process has to send."""

    begins: float
    """Unix seconds."""
    shape: Shape
    times: Iterator[float]
    """When its requests are due, in seconds since the beginning."""
    mix: Mix
    clients: int


@dataclass(slots=True)
class Generator:
    """Requests fall due at their times; clients take them, and hand in what became of them."""

    part: Part
    deliver: Callable[[Report], None]
    """Is given a report each second."""
    _backlog: Backlog[Due] = field(default_factory=Backlog)
    _unfinished: set[Due] = field(default_factory=set)
    """Not sent, or not answered."""
    _meter: Meter = field(default_factory=Meter)
    _lines: list[str] = field(default_factory=list)
    _busy: int = 0
    _followups: Group = field(default_factory=Group)
    _work: Group = field(default_factory=Group)
    _arriving: bool = True
    _unfollowed: int = 0

    @property
    def left(self) -> int:
        """What there still is to do: 0 means that all was sent and answered, and nothing follows."""
        return len(self._unfinished) + len(self._followups) + self._arriving

    def start(self) -> None:
        """Begin, in the background, at the time that the part says."""
        for run in (self._arrive, self._tell, self._meter.tick):
            self._work.spawn(run)

    def take(self) -> Due | None:
        """Wait for a request that is due; None: it is over. Whoever takes one hands in a sample of it."""
        due = self._backlog.take()
        if due is None:
            return None
        due.began = now()
        self._busy += 1
        self._meter.sent(due.began - due.at, self._busy)
        return due

    def hand_in(self, due: Due, status: int, outcome: Outcome, detail: str, *, own_seconds: float = 0.0) -> float:
        """Note what became of a request that was taken; return its latency in seconds.

        Args:
            due: the request.
            status: of the answer; 0: there is none.
            outcome: what it is worth.
            detail: what there is to say about it.
            own_seconds: what the client took on purpose.
        """
        self._busy -= 1
        self._unfinished.discard(due)
        return self._note(due, status, outcome, detail, own_seconds)

    def follow(self, later: Later) -> None:
        """Let a request fall due because of an answer."""
        due = Due(now() + later.seconds, later.call)
        self._followups.add(gevent.spawn_later(later.seconds, self._follow, due))

    def finish(self, *, on_time: bool) -> None:
        """Stop. At the load's own end, what was not answered by then has failed; otherwise it was only cut off."""
        self._work.kill()
        self._unfollowed = len(self._followups)
        self._followups.kill()
        self._arriving = False
        for due in sorted(self._unfinished, key=lambda due: due.at) if on_time else ():
            complaint = "never sent: all clients were busy to the end" if due.began is None else "no answer to the end"
            self._note(due, 0, *judge(0, due.call.expected, retry_after=False, complaint=complaint))
        self._unfinished = set() if on_time else self._unfinished
        self._backlog.close(self.part.clients)
        self._report([])

    def _note(self, due: Due, status: int, outcome: Outcome, detail: str, own_seconds: float = 0.0) -> float:
        ended = now()
        seconds = max(0.0, ended - due.at - own_seconds)
        phase = self.part.shape.phase(due.at - self.part.begins)
        began, name = due.began or ended, phase.name if phase else None
        self._lines.append(Sample(due.at, began, seconds, due.call.name, status, outcome, detail, name).line())
        return seconds

    def _arrive(self) -> None:
        for time in self.part.times:
            due = Due(self.part.begins + time, self.part.mix.draw())
            gevent.sleep(max(0.0, due.at - now()))
            self._let_fall_due(due)
        self._arriving = False

    def _follow(self, due: Due) -> None:
        self._meter.followed_up()
        self._let_fall_due(due)

    def _let_fall_due(self, due: Due) -> None:
        self._unfinished.add(due)
        self._backlog.put(due)

    def _tell(self) -> None:
        number = 0
        while True:
            number += 1
            gevent.sleep(max(0.0, self.part.begins + number - now()))
            oldest = self._backlog.oldest
            second = self._meter.turn(
                lag=now() - oldest.at if oldest else 0.0,
                busy=self._busy,
                clients=self.part.clients,
                backlog=len(self._backlog),
            )
            self._report([(number, second.told())])

    def _report(self, seconds: list[tuple[int, dict[str, Any]]]) -> None:
        lines, self._lines = self._lines, []
        self.deliver({"lines": lines, "seconds": seconds, "left": self.left, "unfollowed": self._unfollowed})
