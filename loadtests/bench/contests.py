"""What is measured beside what: the home (Slipway, all features on) beside each other system, and beside itself."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from loadtests.bench.cases import FRACTIONS, HALF, IDLE, JUDGED, ONE, PEAK, SINGLE, Case
from loadtests.bench.contest import Side, SideError, play, resting
from loadtests.bench.failures import FAILURES
from loadtests.bench.in_process import InProcess
from loadtests.bench.kind import Kind
from loadtests.bench.limit_steps import BEST, GRAPHS, Limit
from loadtests.bench.measurement import LIMIT, Measurement
from loadtests.bench.options import Options
from loadtests.bench.rest import Rest, nobody
from loadtests.bench.servers import Saturation, Server, Servers
from loadtests.bench.systems.system import System
from loadtests.bench.trials import Choice

NEAREST = "apparatus_off"
"""The system that is compared as often as the limit; what lies between it and Slipway is little."""
SHOWN = "prototype"
"""The system that no bar is of: it is compared as in the cases that no bar is of."""


@dataclass(frozen=True, slots=True)
class Contests:
    """Has them played."""

    options: Options
    servers: Servers
    home: Server
    cases: Sequence[Case]
    keep: Callable[[Sequence[Measurement]], None]
    """Told what was measured, a contest at a time."""
    awake: dict[str, str]
    """Gets the contests in which nobody stood still, because somebody did not bear it, and why."""

    def alone(self) -> None:
        """Measure the home beside itself, at half of its saturation and idle, and its curve."""
        if self._curves:
            self._warm(self.home, PEAK)
            own = Saturation(self.home)
            self._play("half", [own.peak(), own.at(IDLE), own.at(HALF)], self.options.some)
            self._curve(self.home)

    def limit(self, limit: Limit) -> None:
        """Measure the limit beside the home, its single calls beside idle requests, and other graphs beside it."""
        with limit.opened(BEST) as best:
            for case in [case for case in JUDGED if case in self.cases]:
                self._warm(self.home, case)
                self._play(f"{LIMIT}/{case.name}", [_bulk(best), self.home.side(case)], self.options.pairs)
            if ONE in self.cases:
                calls = Side(LIMIT, Rest(nobody), best.calls)
                self._play("call", [calls, self.home.side(ONE)], self.options.some)
            with ExitStack() as stack, resting([self.home.rest]):
                graphs = [best if graph == BEST else stack.enter_context(limit.opened(graph)) for graph in GRAPHS]
                self._play("graphs", [_bulk(graph) for graph in graphs], self.options.some)

    def other(self, system: System, chosen: Choice) -> None:
        """Measure a system beside the home, in the variants that were chosen, those of both kinds at a time."""
        for group in dict.fromkeys(case.group for case in self.cases):
            with ExitStack() as stack:
                servers = list(self._started(system, chosen, group, stack))
                for case in [case for case in self.cases if case.group == group]:
                    self._beside(system.name, servers, case)
                if group == SINGLE and self._curves and servers[0].subject.variant.kind == Kind.DOCUMENTED:
                    with resting([self.home.rest, *(server.rest for server in servers[1:])]):
                        self._curve(servers[0])

    def count(self, system: str, kinds: int) -> int:
        """Return how many slices a system has, by its name and how many kinds of variants it has."""
        points = self._curves * (1 + len(FRACTIONS))
        if system == self.home.subject.system:
            return self._curves * 3 * self.options.some + points
        if system == LIMIT:
            judged = sum(case in JUDGED for case in self.cases)
            idle = 2 * self.options.some * (ONE in self.cases)
            return 2 * self.options.pairs * judged + idle + len(GRAPHS) * self.options.some
        return sum((1 + kinds) * self._turns(system, case) for case in self.cases) + points

    def _started(self, system: System, chosen: Choice, group: str, stack: ExitStack) -> Iterator[Server]:
        for variant in system.variants:
            if chosen[variant.kind][group] == variant.name:
                yield stack.enter_context(self.servers.running(system, variant, f"{group}-{variant.kind}"))

    def _beside(self, system: str, servers: Sequence[Server], case: Case) -> None:
        first, *rest = servers
        for server in (self.home, *servers):
            self._warm(server, case)
        sides = [first.side(case), self.home.side(case), *(server.side(case) for server in rest)]
        self._play(f"{system}/{case.name}", sides, self._turns(system, case))

    def _turns(self, system: str, case: Case) -> int:
        if case not in JUDGED or system == SHOWN:
            return self.options.few
        return self.options.pairs if system == NEAREST else self.options.some

    def _curve(self, server: Server) -> None:
        own = Saturation(server)
        self._play(f"curve/{server.subject.system}", [own.peak(), *map(own.at, FRACTIONS)], 1)

    def _warm(self, server: Server, case: Case) -> None:
        try:
            server.warm(case, self.options.warmup)
        except FAILURES as error:
            raise SideError(server.subject.system, str(error)) from error

    def _play(self, contest: str, sides: Sequence[Side], turns: int) -> None:
        """Play a contest; once more with all awake, should standing still have hurt somebody."""
        before = [side.rest.pids() for side in sides]
        try:
            found, why = play(contest, sides, turns, FAILURES), ""
        except SideError as error:
            found, why = [], f"{error.system}: {error}"
        lost = {side.system for side, pids in zip(sides, before, strict=True) if pids - side.rest.pids()}
        if lost or any(each.errors for each in found):
            why = f"{', '.join(sorted(lost)) or 'somebody'} lost processes or connections"
        if why:
            found = play(contest, [replace(side, rest=Rest(nobody)) for side in sides], turns, FAILURES)
            self.awake[contest] = why
        self.keep(found)

    @property
    def _curves(self) -> bool:
        return self.options.curve and PEAK in self.cases


def _bulk(graph: InProcess) -> Side:
    return Side(LIMIT, Rest(nobody), graph.bulk)
