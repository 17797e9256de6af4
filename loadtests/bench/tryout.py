"""Tries all variants of a system, and chooses."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from loadtests.bench.cases import Case
from loadtests.bench.contest import Side, SideError, play
from loadtests.bench.failures import FAILURES
from loadtests.bench.kind import Kind
from loadtests.bench.measurement import Measurement
from loadtests.bench.servers import Server, Servers
from loadtests.bench.systems.system import System, Variant
from loadtests.bench.trials import (
    FINAL_SECONDS,
    FINAL_TURNS,
    RUN_IN,
    SECONDS,
    Candidate,
    Choice,
    Scores,
    beside,
    configurations,
    finalists,
    rivals,
    trial_cases,
)

_WARM_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Tryout:
    """Of one system beside another, which runs."""

    servers: Servers
    home: Server
    cases: Sequence[Case]
    keep: Callable[[Sequence[Measurement]], None]
    """Told what was measured."""
    failed: dict[str, str]
    """Gets the variants that could not be tried, as `system, variant`, and why."""
    say: Callable[[str], None]

    def choose(self, system: System) -> Choice:
        """Return the variant of each kind for each group of cases.

        Raises:
            RuntimeError: none of a kind answered.
            SideError: one that answered at its start failed after it had stood still.
        """
        cases = trial_cases(self.cases)
        names = {each.name for each in rivals(system.variants)}
        first = self._tried(system, {case: names for case in cases}, _FIRST)  # noqa: C420  # none is changed
        shortlist = {case: _shortlist(system, case, first[case]) for case in cases}
        contested = {
            case: {name for names in of.values() if len(names) > 1 for name in names} for case, of in shortlist.items()
        }
        last = self._tried(system, contested, _FINAL)
        return {
            kind: {case.group: _fastest(shortlist[case][kind], last[case]) for case in cases}
            for kind in dict.fromkeys(variant.kind for variant in system.variants)
        }

    def _tried(self, system: System, wanted: Mapping[Case, Collection[str]], stage: "_Stage") -> dict[Case, Scores]:
        """Return how fast the variants of these names are beside the home; each configuration is started once."""
        scores: dict[Case, dict[str, float]] = {case: {} for case in wanted}
        for number, group in enumerate(configurations(rivals(system.variants))):
            names = {case: [each.name for each in group if each.name in wanted[case]] for case in wanted}
            if not any(names.values()):
                continue
            self.say(f"{stage.name} {system.name}: starting {group[0].name}")
            try:
                with self._started(system, group, f"{stage.name}-{number}") as candidates:
                    for case in wanted:
                        chosen = [each for each in candidates if each.variant.name in names[case]]
                        contest = f"{stage.name}/{system.name}/{case.name}/{number}"
                        scores[case] |= self._scores(contest, case, chosen, stage) if chosen else {}
            except FAILURES as error:
                if isinstance(error, SideError):
                    raise
                self.failed.update({f"{system.name}, {variant.name}": str(error) for variant in group})
                self.say(f"{stage.name} {system.name}: {group[0].name} failed: {error}")
        return dict(scores)

    @contextmanager
    def _started(self, system: System, group: Sequence[Variant], folder: str) -> Iterator[list[Candidate]]:
        way = (self.servers.places.var / system.name / folder / "way").absolute()
        way.parent.mkdir(parents=True, exist_ok=True)
        switched = len(group) > 1
        variant = replace(group[0], settings={**group[0].settings, "way": str(way)}) if switched else group[0]
        way.write_text(str(group[0].settings.get("way", "")), encoding="utf-8")
        with self.servers.running(system, variant, folder) as server:
            for case in trial_cases(self.cases):
                server.warm(case, _WARM_SECONDS)
            yield [Candidate(each, server, way) for each in group]

    def _scores(self, contest: str, case: Case, group: Sequence[Candidate], stage: "_Stage") -> dict[str, float]:
        first, *rest = [each.side(case, stage.seconds) for each in group]
        sides = [first, self._home(case, stage.seconds), *rest]
        home = self.home.subject.system
        try:
            return beside(self._kept(play(contest, sides, stage.turns, FAILURES)), home)
        except SideError:
            # One of them spoils it: each by itself, to see which.
            alone = [self._alone(f"{contest}/{at}", case, each, stage) for at, each in enumerate(group)]
            return {name: score for found in alone for name, score in beside(found, home).items()}

    def _alone(self, contest: str, case: Case, one: Candidate, stage: "_Stage") -> list[Measurement]:
        sides = [one.side(case, stage.seconds), self._home(case, stage.seconds)]
        try:
            return self._kept(play(contest, sides, stage.turns, FAILURES))
        except SideError as error:
            if self.servers.still or error.system == self.home.subject.system:
                raise
            self.failed[f"{error.system}, {one.variant.name}"] = str(error)
            self.say(f"trial {error.system}: {one.variant.name} failed: {error}")
            return []

    def _home(self, case: Case, seconds: float) -> Side:
        steps = replace(self.home.steps, seconds=seconds, run_in=RUN_IN)
        return replace(self.home, steps=steps).side(case)

    def _kept(self, found: list[Measurement]) -> list[Measurement]:
        self.keep(found)
        if self.servers.still and (hurt := [each for each in found if each.errors]):
            raise SideError(hurt[0].system, f"{hurt[0].errors} requests failed after standing still")
        return found


@dataclass(frozen=True, slots=True)
class _Stage:
    name: str
    seconds: float
    turns: int


_FIRST = _Stage("trial", SECONDS, 1)
_FINAL = _Stage("final", FINAL_SECONDS, FINAL_TURNS)


def _shortlist(system: System, case: Case, scores: Scores) -> dict[Kind, list[str]]:
    """Return for each kind who may be the fastest."""
    found: dict[Kind, list[str]] = {}
    for kind in dict.fromkeys(variant.kind for variant in system.variants):
        names = [variant.name for variant in system.variants if variant.kind == kind]
        of_kind = {name: scores[name] for name in names if name in scores}
        found[kind] = names if len(names) == 1 else finalists(of_kind)
        if not found[kind]:
            raise RuntimeError(
                f"None of {len(names)} variants answered without errors in the trial of {case.group} requests."
            )
    return found


def _fastest(names: Sequence[str], scores: Scores) -> str:
    return max(names, key=lambda name: scores.get(name, 0.0))
