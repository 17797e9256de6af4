"""Measures one slice: a load on a server that runs, and what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.cases import CURVE, Case
from loadtests.bench.generator import targets
from loadtests.bench.generator.attack import Attack, Generator, Load
from loadtests.bench.generator.figures import Figures, figures
from loadtests.bench.measurement import Measurement, Moment
from loadtests.bench.messages import requests
from loadtests.bench.systems.processes import processor_seconds, used
from loadtests.bench.systems.system import Endpoint, Variant

_FEWEST = 300
"""Requests of a point of the curve, where three times the time is enough for them: a p99 of fewer says little."""
_LONGEST = 3


@dataclass(frozen=True, slots=True)
class Subject:
    """A server that runs."""

    system: str
    variant: Variant
    endpoint: Endpoint
    texts: Sequence[str]
    seed: int
    folder: Path
    """For its requests."""

    def targets(self, size: int, turn: int) -> Path:
        """Return its requests of so many messages. Those of a turn are the same for all, of another turn others."""
        path = self.folder / f"targets-{size}-{turn}.ndjson"
        if not path.exists():
            targets.write(path, self.endpoint, requests(self.texts, size, self.seed + turn))
        return path


@dataclass(frozen=True, slots=True)
class Steps:
    """Sends loads by one generator."""

    generator: Generator
    seconds: float
    """Of a slice."""
    run_in: float
    """Seconds before each slice, which do not count."""

    def warm(self, subject: Subject, case: Case, seconds: float) -> None:
        """Send what is not counted.

        Raises:
            WrongAnswerError: an answer of 200 was not right.
        """
        warm = self.generator.send(Load(subject.targets(case.size, 0), seconds, clients=case.concurrency))
        figures(warm.results, subject.endpoint.answers, case.size)

    def closed(self, subject: Subject, case: Case, moment: Moment) -> Measurement:
        """Measure a closed loop.

        Raises:
            WrongAnswerError: an answer of 200 was not right.
            RuntimeError: nothing was answered.
        """
        path, clients = subject.targets(case.size, moment.turn), case.concurrency
        self.warm(subject, case, self.run_in)
        step = _Step(subject, case.name, moment, case.size)
        return step.measure(self.generator, Load(path, self.seconds, clients=clients))

    def opened(self, subject: Subject, fraction: float, peak: float, moment: Moment) -> Measurement:
        """Measure an open loop at a fraction of the peak, in requests a second, of one message each."""
        rate, path = fraction * peak, subject.targets(1, moment.turn)
        seconds = max(self.seconds, min(_LONGEST * self.seconds, _FEWEST / rate))
        self.generator.send(Load(path, self.run_in, rate=rate))
        step = _Step(subject, CURVE, moment, 1, fraction)
        return step.measure(self.generator, Load(path, seconds, rate=rate))


@dataclass(frozen=True, slots=True)
class _Step:
    subject: Subject
    case: str
    moment: Moment
    size: int
    fraction: float | None = None

    def measure(self, generator: Generator, load: Load) -> Measurement:
        endpoint = self.subject.endpoint
        before = processor_seconds(endpoint.pids())
        attack = generator.send(load)
        after = processor_seconds(endpoint.pids())
        found = figures(attack.results, endpoint.answers, self.size, load.rate or None)
        if not found.right:
            raise RuntimeError(f"Nothing was answered in {load.seconds:g} s: {found.error or 'all was refused'}.")
        whole, api = used(before, after), used(before, after, endpoint.supporting())
        return self._measurement(found, attack, load, whole, api)

    def _measurement(self, found: Figures, attack: Attack, load: Load, whole: float, api: float) -> Measurement:
        messages = found.right * self.size
        return Measurement(
            system=self.subject.system,
            variant=self.subject.variant.name,
            case=self.case,
            contest=self.moment.contest,
            turn=self.moment.turn,
            requests=found.requests,
            messages=messages,
            seconds=found.seconds,
            rps=found.right / found.seconds,
            messages_per_s=messages / found.seconds,
            p50_ms=found.p50_ms,
            p95_ms=found.p95_ms,
            p99_ms=found.p99_ms,
            errors=found.errors,
            server_cpu_s_per_1000=1e3 * whole / messages,
            generator_cpu_share=attack.cpu_share,
            api_cpu_s_per_1000=1e3 * api / messages,
            offered=load.rate or None,
            fraction=self.fraction,
            refused=found.refused,
            late_p99_ms=found.late_p99_ms,
            kind=self.subject.variant.kind,
        )
