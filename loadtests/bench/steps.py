"""Measures one step: a load on a server that runs, and what it cost."""

from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.cases import CURVE, Case
from loadtests.bench.generator import targets
from loadtests.bench.generator.attack import Attack, Generator, Load
from loadtests.bench.generator.figures import Figures, figures
from loadtests.bench.measurement import Measurement
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
    targets: dict[int, Path]
    """Its requests, by how many messages one has."""


def prepare(system: str, variant: Variant, endpoint: Endpoint, texts: list[str], seed: int, folder: Path) -> Subject:
    """Return the server as a subject, all its requests written."""
    written = {
        size: targets.write(folder / f"targets-{size}.ndjson", endpoint, requests(texts, size, seed))
        for size in (1, 32)
    }
    return Subject(system, variant, endpoint, written)


@dataclass(frozen=True, slots=True)
class Steps:
    """Sends loads by one generator."""

    generator: Generator
    seconds: float
    warmup: float

    def closed(self, subject: Subject, case: Case, number: int) -> Measurement:
        """Warm up, then measure a closed loop in a round.

        Raises:
            WrongAnswerError: an answer of 200 was not right.
            RuntimeError: nothing was answered.
        """
        path, clients = subject.targets[case.size], case.concurrency
        warm = self.generator.send(Load(path, self.warmup, clients=clients))
        figures(warm.results, subject.endpoint.answers, case.size)
        step = _Step(subject, case.name, number, case.size)
        return step.measure(self.generator, Load(path, self.seconds, clients=clients))

    def opened(self, subject: Subject, fraction: float, peak: float, number: int) -> Measurement:
        """Measure an open loop at a fraction of the peak, in requests a second, of one message each."""
        rate = fraction * peak
        seconds = max(self.seconds, min(_LONGEST * self.seconds, _FEWEST / rate))
        step = _Step(subject, CURVE, number, 1, fraction)
        return step.measure(self.generator, Load(subject.targets[1], seconds, rate=rate))


@dataclass(frozen=True, slots=True)
class _Step:
    subject: Subject
    case: str
    number: int
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
            round=self.number,
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
