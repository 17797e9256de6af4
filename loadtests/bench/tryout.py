"""Tries all variants of a system, and chooses."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import groupby

from loadtests.bench.cases import Case
from loadtests.bench.contest import Side, SideError, play
from loadtests.bench.failures import FAILURES
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
    beside,
    configurations,
    finalists,
    means,
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
            SideError: one that answered at its start failed, while those that are not tried stand still.
        """
        kinds = list(dict.fromkeys(variant.kind for variant in system.variants))
        chosen: Choice = {kind: {} for kind in kinds}
        with ExitStack() as stack:
            candidates = self._started(system, stack)
            for case in trial_cases(self.cases):
                scores = self._scores(system, case, candidates)
                for kind in kinds:
                    variants = [variant for variant in system.variants if variant.kind == kind]
                    chosen[kind][case.group] = self._best(system, case, variants, scores, candidates)
        return chosen

    def _started(self, system: System, stack: ExitStack) -> list[Candidate]:
        found: list[Candidate] = []
        for number, group in enumerate(configurations(rivals(system.variants))):
            self.say(f"trial {system.name}: starting {group[0].name}")
            try:
                found += self._start(system, group, f"trial-{number}", stack)
            except FAILURES as error:
                self.failed.update({f"{system.name}, {variant.name}": str(error) for variant in group})
                self.say(f"trial {system.name}: {group[0].name} failed: {error}")
        return found

    def _start(self, system: System, group: Sequence[Variant], folder: str, stack: ExitStack) -> list[Candidate]:
        way = (self.servers.places.var / system.name / folder / "way").absolute()
        way.parent.mkdir(parents=True, exist_ok=True)
        switched = len(group) > 1
        variant = replace(group[0], settings={**group[0].settings, "way": str(way)}) if switched else group[0]
        way.write_text(str(group[0].settings.get("way", "")), encoding="utf-8")
        with ExitStack() as own:
            server = own.enter_context(self.servers.running(system, variant, folder))
            for case in trial_cases(self.cases):
                server.warm(case, _WARM_SECONDS)
            own.callback(server.rest.end)
            server.rest.begin()
            stack.push(own.pop_all())
        return [Candidate(each, server, way) for each in group]

    def _scores(self, system: System, case: Case, candidates: Sequence[Candidate]) -> dict[str, float]:
        scores: dict[str, float] = {}
        for number, (_, group) in enumerate(groupby(candidates, key=lambda each: id(each.server))):
            contest = f"trial/{system.name}/{case.name}/{number}"
            scores |= beside(self._together(contest, case, list(group)), self.home.subject.system)
        return scores

    def _together(self, contest: str, case: Case, group: list[Candidate]) -> list[Measurement]:
        first, *rest = [each.side(case, SECONDS) for each in group]
        try:
            return self._kept(play(contest, [first, self._home(case), *rest], 1, FAILURES))
        except SideError:
            # One of them spoils it: each by itself, to see which.
            return [m for at, each in enumerate(group) for m in self._alone(f"{contest}/{at}", case, each)]

    def _alone(self, contest: str, case: Case, one: Candidate) -> list[Measurement]:
        try:
            return self._kept(play(contest, [one.side(case, SECONDS), self._home(case)], 1, FAILURES))
        except SideError as error:
            if self.servers.still or error.system == self.home.subject.system:
                raise
            self.failed[f"{error.system}, {one.variant.name}"] = str(error)
            self.say(f"trial {error.system}: {one.variant.name} failed: {error}")
            return []

    def _best(
        self,
        system: System,
        case: Case,
        variants: Sequence[Variant],
        scores: dict[str, float],
        candidates: Sequence[Candidate],
    ) -> str:
        if len(variants) == 1:
            return variants[0].name
        names = finalists({each.name: scores[each.name] for each in variants if each.name in scores})
        if not names:
            raise RuntimeError(
                f"None of {len(variants)} variants answered without errors in the trial of {case.group} requests."
            )
        if len(names) == 1:
            return names[0]
        return self._final(f"final/{system.name}/{variants[0].kind}/{case.name}", case, names, candidates)

    def _final(self, contest: str, case: Case, names: Sequence[str], candidates: Sequence[Candidate]) -> str:
        sides = [each.side(case, FINAL_SECONDS) for each in candidates if each.variant.name in names]
        rates = means(self._kept(play(contest, sides, FINAL_TURNS, FAILURES)))
        return max(rates or dict.fromkeys(names, 0.0), key=lambda name: rates.get(name, 0.0))

    def _home(self, case: Case) -> Side:
        steps = replace(self.home.steps, seconds=SECONDS, run_in=RUN_IN)
        return replace(self.home, steps=steps).side(case)

    def _kept(self, found: list[Measurement]) -> list[Measurement]:
        self.keep(found)
        if self.servers.still and (hurt := [each for each in found if each.errors]):
            raise SideError(hurt[0].system, f"{hurt[0].errors} requests failed after standing still")
        return found
