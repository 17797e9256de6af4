"""The files of a run, read and checked line by line."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from loadtests.verdict.records import (
    Autoscaler,
    Clock,
    Deployment,
    Event,
    Gap,
    Measured,
    Observation,
    Pod,
    Sample,
    Tick,
)
from loadtests.verdict.run import Run
from loadtests.verdict.unreadable import UnreadableError

_Read = TypeVar("_Read")
_SAMPLES, _GENERATOR, _CLUSTER = "samples.ndjson", "generator.ndjson", "cluster.ndjson"


@dataclass(frozen=True)
class Recording:
    """All that was recorded of a run; everything is in the order of its times."""

    run: Run
    samples: tuple[Sample, ...] = ()
    ticks: tuple[Tick, ...] = ()
    observations: tuple[Deployment | Autoscaler | Pod | Event | Gap | Clock, ...] = ()
    measured: tuple[Measured, ...] = ()
    cut_off: tuple[str, ...] = ()
    """Files whose last line is not whole: who wrote them was killed."""

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """Looks at the Deployment that is judged."""
        return tuple(one for one in self.observations if isinstance(one, Deployment) and self._judged(one))

    @property
    def autoscalers(self) -> tuple[Autoscaler, ...]:
        """Looks at its autoscaler."""
        return tuple(one for one in self.observations if isinstance(one, Autoscaler) and self._judged(one))

    @property
    def pods(self) -> tuple[Pod, ...]:
        """Looks at its pods."""
        return tuple(one for one in self.observations if isinstance(one, Pod) and one.component == self.run.judged)

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """Looks at the API server's clock."""
        return tuple(one for one in self.observations if isinstance(one, Clock))

    def _judged(self, one: Deployment | Autoscaler) -> bool:
        if one.component:
            return one.component == self.run.judged
        return one.name.endswith(f"-{self.run.judged}")


def read_recording(folder: Path) -> Recording:
    """Read a folder.

    Raises:
        UnreadableError: it is not there, a file of it is missing, or a line is not what it should be.
    """
    if not folder.is_dir():
        raise UnreadableError(f"There is no folder {folder}: give the one that a load test wrote (--out).")
    run = _read_run(folder / "run.json")
    burst = run.shape == "burst"
    cut_off: list[str] = []
    samples = _lines(folder / _SAMPLES, TypeAdapter(Sample), cut_off, optional=burst)
    ticks = _lines(folder / _GENERATOR, TypeAdapter(Tick), cut_off, optional=burst)
    seen: list[Deployment | Autoscaler | Pod | Event | Gap | Clock]
    seen = _lines(folder / _CLUSTER, TypeAdapter(Observation), cut_off)
    measured = _lines(folder / "prometheus.ndjson", TypeAdapter(Measured), cut_off, optional=True)
    return Recording(
        run=run,
        samples=tuple(sorted(samples, key=lambda one: one.due)),
        ticks=tuple(sorted(ticks, key=lambda one: one.at)),
        observations=tuple(sorted(seen, key=lambda one: one.at)),
        measured=tuple(sorted(measured, key=lambda one: one.at)),
        cut_off=tuple(cut_off),
    )


def _read_run(path: Path) -> Run:
    try:
        return Run.model_validate_json(_text(path))
    except ValidationError as error:
        raise UnreadableError(f"{path}: {_first(error)}") from None


def _lines(path: Path, shape: TypeAdapter[_Read], cut_off: list[str], *, optional: bool = False) -> list[_Read]:
    if optional and not path.exists():
        return []
    lines, read = _text(path).splitlines(), list[_Read]()
    for number, line in enumerate(lines, 1):
        try:
            read.append(shape.validate_json(line))
        except ValidationError as error:
            if number == len(lines) and not _is_json(line):
                cut_off.append(path.name)
                break
            raise UnreadableError(f"{path}, line {number}: {_first(error)}") from None
    return read


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise UnreadableError(f"{path} is missing: a load test writes it, see docs/verdicts.md.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path} cannot be read: {error}") from None


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]
