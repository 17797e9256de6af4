"""Systems as they run for a run: started, warmed, and as sides of a contest."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from loadtests.bench.cases import PEAK, Case
from loadtests.bench.contest import Side
from loadtests.bench.failures import FAILURES
from loadtests.bench.measurement import Measurement, Moment
from loadtests.bench.rest import Rest, nobody
from loadtests.bench.steps import Steps, Subject
from loadtests.bench.systems.system import Places, System, Variant


@dataclass(frozen=True, slots=True)
class Server:
    """One that runs."""

    subject: Subject
    rest: Rest
    steps: Steps

    def warm(self, case: Case, seconds: float) -> None:
        """Send a case's load, uncounted."""
        self.steps.warm(self.subject, case, seconds)

    def side(self, case: Case) -> Side:
        """Return it as what answers a closed loop."""
        return Side(self.subject.system, self.rest, lambda moment: self.steps.closed(self.subject, case, moment))


@dataclass(slots=True)
class Saturation:
    """A server whose open loops are at fractions of its latest peak, so that this is measured beside them."""

    server: Server
    _rps: float = 0.0

    def peak(self) -> Side:
        """Return what measures the peak; it must come first."""
        return Side(self.server.subject.system, self.server.rest, self._peak)

    def at(self, fraction: float) -> Side:
        """Return what measures an open loop at a fraction of the peak."""

        def measure(moment: Moment) -> Measurement:
            return self.server.steps.opened(self.server.subject, fraction, self._rps, moment)

        return Side(self.server.subject.system, self.server.rest, measure)

    def _peak(self, moment: Moment) -> Measurement:
        found = self.server.steps.closed(self.server.subject, PEAK, moment)
        self._rps = found.rps
        return found


@dataclass(frozen=True, slots=True)
class Servers:
    """How systems are started."""

    steps: Steps
    places: Places
    texts: Sequence[str]
    seed: int
    still: bool = True
    """Whether what is started stands still while another is measured."""

    @contextmanager
    def running(self, system: System, variant: Variant, folder: str) -> Iterator[Server]:
        """Start a server; what it writes goes to a folder of this name.

        What does not start is started once more: none is to be left out because the machine was busy for a minute.
        """
        places = replace(self.places, var=self.places.var / system.name / folder)
        places.var.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            try:
                endpoint = stack.enter_context(system.running(variant, places))
            except FAILURES:
                endpoint = stack.enter_context(system.running(variant, places))
            subject = Subject(system.name, variant, endpoint, self.texts, self.seed, places.var)
            rest = Rest(lambda: endpoint.pids() - endpoint.restless()) if self.still else Rest(nobody)
            yield Server(subject, rest, self.steps)
