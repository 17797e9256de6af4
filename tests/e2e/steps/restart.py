"""Takes the stack down, keeps its volumes, starts it anew, and looks for everything that was there."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from e2e import promql
from e2e.failure import UnmetError, wait_for
from e2e.flagserver import is_on, make_flag
from e2e.jobs import answered_job, read_results
from e2e.logstore import count_lines
from e2e.report import say
from e2e.stage import Stage
from e2e.starting import start

_TEXTS = ["Where is my parcel?", "The invoice of May is wrong.", "I cannot log in since yesterday."]
_THROUGH_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that a restart must not lose."""

    what: str
    needs: tuple[str, ...]
    """Services that keep it."""
    is_there: Callable[[], object]


def run(stage: Stage) -> None:
    """Demand that jobs, logs, traces, metrics and the state of flags outlive the containers."""
    things = [kept for kept in _things(stage) if stage.runs(*kept.needs)]
    for kept in things:
        wait_for(f"Before the restart: {kept.what}", kept.is_there, _THROUGH_SECONDS, *kept.needs)
    stage.project.compose("down", "--timeout", "60")
    say(f"Up again after {start(stage.project):.0f} s.")
    lost = [kept.what for kept in things if not _found_again(kept)]
    if lost:
        raise UnmetError(f"Lost by a restart: {', '.join(lost)}.")
    say(f"Found again: {', '.join(kept.what for kept in things)}.")


def _found_again(kept: Kept) -> bool:
    try:
        wait_for(kept.what, kept.is_there, _THROUGH_SECONDS)
    except UnmetError:
        return False
    return True


def _things(stage: Stage) -> list[Kept]:
    trace = secrets.token_hex(16)
    with stage.client() as client:
        job = answered_job(client, _TEXTS, trace)
    at = time.time()
    return [
        Kept("the results of a job", ("postgres",), _quiet(lambda: _results(stage, job.path) == job.results)),
        Kept(
            "the log lines of a request",
            ("elasticsearch", "otelcol"),
            _quiet(lambda: count_lines(stage, {"term": {"trace.id": trace}})),
        ),
        Kept("the trace of a job", ("jaeger", "otelcol"), _quiet(lambda: _trace(stage, trace))),
        Kept("yesterday's metrics", ("prometheus",), _quiet(lambda: _metric_at(stage, at))),
        _flag(stage),
    ]


def _quiet(look: Callable[[], object]) -> Callable[[], object]:
    """Return a look that finds nothing where a service does not answer yet."""

    def quietly() -> object:
        try:
            return look()
        except (httpx.HTTPError, UnmetError):
            return None

    return quietly


def _results(stage: Stage, path: str) -> str:
    with stage.client() as client:
        return read_results(client, path)


def _trace(stage: Stage, trace: str) -> bool:
    return httpx.get(f"{stage.jaeger}/api/traces/{trace}", timeout=30).is_success


def _metric_at(stage: Stage, at: float) -> bool:
    return bool(promql.samples(stage.prometheus, f"up{{job='api'}} @ {at:.0f}"))


def _flag(stage: Stage) -> Kept:
    """Make a flag of our own, so that nobody's flag changes."""
    name = f"e2e-{secrets.token_hex(4)}"
    make_flag(stage, name)
    return Kept("the state of a flag", ("unleash", "unleash-db"), _quiet(lambda: is_on(stage, name)))
