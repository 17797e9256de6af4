"""Tells what a run showed: as JSON, as a summary, and as the one line that a program reads."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaos.audit import Findings
from chaos.bars import Bar
from chaos.faults import Injected
from chaos.options import Options
from chaos.records import Call
from chaos.schedule import Fault, Kind
from chaos.watch import Sample

LATE_SECONDS = 120.0
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a run showed."""

    options: Options
    plan: Sequence[Fault]
    start: float
    """Unix time of the start of the traffic."""
    injected: Sequence[Injected]
    carried: Counter[Kind]
    """How often the workload misbehaved, by kind: those faults travel in messages."""
    findings: Findings
    bars: Sequence[Bar]
    late_s: float | None
    """Seconds from the last fault until every job was terminal; None: they never were."""
    unexcused: Sequence[Call]
    """Calls that failed while neither the API nor PostgreSQL was down."""
    calls: Sequence[Call]
    samples: Sequence[Sample]
    failure: str | None
    """Why the supervisor gave a process up, if it did."""

    @property
    def faults_hit(self) -> dict[str, int]:
        """How many faults of each kind hit something."""
        hits = Counter(done.kind for done in self.injected if done.hit)
        return {kind.value: hits[kind] + self.carried[kind] for kind in Kind}

    @property
    def invalid(self) -> list[str]:
        """Kinds of faults that hit nothing: the run proves nothing about them."""
        return [kind for kind, hits in self.faults_hit.items() if not hits]

    @property
    def faults(self) -> list[str]:
        """Everything that speaks against the run, a line each."""
        late = self.late_s
        reasons = [f"{found.check} ({found.count}): {found.detail}" for found in self.findings.violations]
        reasons += [f"{bar.name}: {bar.found}" for bar in self.bars if not bar.held]
        if late is None:
            reasons.append("Some jobs never became terminal.")
        elif late > LATE_SECONDS:
            reasons.append(
                f"The last job was terminal {late:.0f} s after the last fault: {LATE_SECONDS:.0f} are allowed."
            )
        reasons += [
            f"{call.route} failed with {call.status or 'no answer'} while API and PostgreSQL were up: {call.detail}"
            for call in self.unexcused
        ]
        if self.failure:
            reasons.append(f"The supervisor gave up: {self.failure}")
        return reasons

    @property
    def passed(self) -> bool:
        """Whether the run is valid and everything held."""
        return not self.invalid and not self.faults


def last_line(outcome: Outcome) -> str:
    """Return the line for programs: one JSON object."""
    found = outcome.findings
    told: dict[str, Any] = {"seed": outcome.options.seed}
    told |= {name: value for name, value in asdict(found).items() if name != "violations"}
    told |= {"late_s": None if outcome.late_s is None else round(outcome.late_s, 1), "faults_hit": outcome.faults_hit}
    return json.dumps(told | {"valid": not outcome.invalid, "passed": outcome.passed})


def write_report(outcome: Outcome, path: Path) -> None:
    """Write everything: the options and the plan, which replay it, and what was found."""
    path.write_text(
        json.dumps(
            {
                "options": asdict(outcome.options),
                "result": json.loads(last_line(outcome)),
                "invalid": outcome.invalid,
                "against": outcome.faults,
                "bars": [asdict(bar) for bar in outcome.bars],
                "plan": [asdict(fault) for fault in outcome.plan],
                "start": outcome.start,
                "injected": [asdict(done) for done in outcome.injected],
                "calls": _counted(outcome.calls),
                "samples": [asdict(sample) for sample in outcome.samples],
            },
            indent=1,
        ),
        encoding="utf-8",
    )


def _counted(calls: Sequence[Call]) -> dict[str, int]:
    counted = Counter(f"{call.route} {call.status or 'no answer'}" for call in calls)
    return dict(sorted(counted.items()))


def summary(outcome: Outcome) -> list[str]:
    """Return what a person wants to know."""
    found, options = outcome.findings, outcome.options
    told = [
        "",
        f"Seed {options.seed}: {found.accepted:,} messages accepted, {found.answered:,} answered.",
        f"{found.cancelled:,} were taken back by their owners, {found.dead} are dead of {found.poison} poisoned.",
        f"{found.lost} were lost, {found.duplicated} answered twice.",
        "Faults that hit: " + ", ".join(f"{kind} {hits}" for kind, hits in outcome.faults_hit.items()) + ".",
    ]
    told += [f"{'held' if bar.held else 'BROKEN'}: {bar.name} ({bar.found})" for bar in outcome.bars]
    if outcome.late_s is not None:
        told.append(f"All jobs were terminal {outcome.late_s:.0f} s after the last fault.")
    told += [f"INVALID: no fault of kind {kind} hit anything." for kind in outcome.invalid]
    told += [f"AGAINST: {reason}" for reason in outcome.faults[:_SHOWN]]
    if len(outcome.faults) > _SHOWN:
        told.append(f"... and {len(outcome.faults) - _SHOWN} more: see the report.")
    return told
