"""A run: trials of variants, then contests, in which Slipway and another system take turns of a few seconds.

Slipway is started once, and stays up. Each of the others is started beside it. Whoever is not being measured stands
still: on two processors, what others do when they are idle would be measured too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from loadtests.bench.cases import CASES
from loadtests.bench.contest import SideError
from loadtests.bench.contests import Contests
from loadtests.bench.cores import available, pinned, share_out
from loadtests.bench.failures import FAILURES
from loadtests.bench.generator.attack import Generator
from loadtests.bench.generator.binary import ensure
from loadtests.bench.limit_steps import Limit
from loadtests.bench.measurement import LIMIT, MEASUREMENTS, TRIALS, Measurement, append
from loadtests.bench.messages import SAMPLE, read_texts
from loadtests.bench.options import Options
from loadtests.bench.places import find_places
from loadtests.bench.progress import Progress
from loadtests.bench.record import Record
from loadtests.bench.servers import Server, Servers
from loadtests.bench.steps import Steps
from loadtests.bench.systems.system import System
from loadtests.bench.trials import FINAL_TURNS, FINALISTS, configurations, rivals, trial_cases
from loadtests.bench.tryout import Tryout

BINARIES = Path("var/bench/bin")


def run(options: Options, home: System, others: Sequence[System]) -> Record:
    """Measure all, telling how it goes; return the record, which says what failed.

    Args:
        options: how it goes; without `limit` among the systems the model in-process is left out.
        home: beside whom all others are measured.
        others: those.

    Raises:
        RuntimeError: there is no generator; the text says what to do.
    """
    options.out.mkdir(parents=True, exist_ok=False)
    cores, texts = share_out(available()), read_texts([options.data] if options.data else SAMPLE)
    places = find_places(options.models, options.out / "systems", cores.servers)
    generator = Generator(ensure(BINARIES), cores.generator, options.out)
    steps = Steps(generator, options.seconds, options.run_in)
    record = Record(options.out, options, cores, len(texts))
    with pinned(cores.servers):
        _Run(options, home, others, Servers(steps, places, texts, options.seed), record).all()
    return record


@dataclass(slots=True)
class _Run:
    options: Options
    home: System
    others: Sequence[System]
    servers: Servers
    record: Record
    progress: Progress = field(default_factory=lambda: Progress(0))

    def all(self) -> None:
        with_limit = not self.options.systems or LIMIT in self.options.systems
        if with_limit:
            self.progress.say("limit: looking for the best settings (some minutes)")
            self._guarded(LIMIT, self._limit.search)
        self._guarded(self.home.name, partial(self._beside_home, with_limit=with_limit))

    def _beside_home(self, *, with_limit: bool) -> None:
        self.progress.say(f"{self.home.name}: starting")
        with self.servers.running(self.home, self.home.variants[0], "home") as home:
            cases = tuple(case for case in CASES if case.name in self.options.cases)
            contests = Contests(
                self.options, self.servers, home, cases, partial(self._keep, MEASUREMENTS), self.record.awake
            )
            self._expect(contests, with_limit=with_limit)
            self._trials(home, contests)
            contests.alone()
            if with_limit:
                self._guarded(LIMIT, partial(contests.limit, self._limit))
            for system in self.others:
                self._guarded(system.name, partial(self._contest, contests, system))

    def _trials(self, home: Server, contests: Contests) -> None:
        tryout = Tryout(
            self.servers,
            home,
            contests.cases,
            partial(self._keep, TRIALS),
            self.record.failed_variants,
            self.progress.say,
        )
        for system in self.others:
            self._guarded(system.name, partial(self._choose, tryout, system))

    def _choose(self, tryout: Tryout, system: System) -> None:
        try:
            chosen = tryout.choose(system)
        except FAILURES as error:
            # Perhaps it does not bear to stand still.
            self.record.awake[f"trial/{system.name}"] = str(error)
            self.progress.say(f"trial {system.name}: once more, with its configurations awake: {error}")
            chosen = replace(tryout, servers=replace(self.servers, still=False)).choose(system)
        self.record.chosen[system.name] = chosen

    def _contest(self, contests: Contests, system: System) -> None:
        self.progress.say(f"{system.name}: starting")
        contests.other(system, self.record.chosen[system.name])

    def _keep(self, name: str, found: Sequence[Measurement]) -> None:
        for each in found:
            append(self.record.folder, each, name)
            self.progress.done(each)

    def _guarded(self, name: str, work: Callable[[], object]) -> None:
        """Do what a system's failure must not end the run in; without the home there is nothing to compare with."""
        if name in self.record.failed:
            return
        try:
            work()
        except FAILURES as error:
            if isinstance(error, SideError) and error.system == self.home.name != name:
                raise
            self.record.failed[name] = str(error) or type(error).__name__
            self.progress.say(f"{name} FAILED, and is left out from now on: {error}")
        self.record.write()

    def _expect(self, contests: Contests, *, with_limit: bool) -> None:
        tried = len(trial_cases(contests.cases))
        self.progress.expect(contests.count(self.home.name, 1) + with_limit * contests.count(LIMIT, 1))
        for system in self.others:
            found, kinds = rivals(system.variants), len({variant.kind for variant in system.variants})
            finals = len({variant.kind for variant in found}) * (FINALISTS + 1) * FINAL_TURNS
            self.progress.expect(tried * (len(found) + len(configurations(found)) + finals))
            self.progress.expect(contests.count(system.name, kinds))

    @property
    def _limit(self) -> Limit:
        return Limit(self.options, self.record.folder)
