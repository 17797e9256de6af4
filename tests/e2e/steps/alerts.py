"""Breaks things on purpose, wave after wave, and looks whether the alerts tell."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import groupby

import httpx

from e2e import promql
from e2e.failure import UnmetError, demand
from e2e.faults import Fault, read_faults
from e2e.injectors import INJECTORS
from e2e.report import say
from e2e.stage import Stage
from e2e.starting import settle

_FIRES_SECONDS = 180.0
_RESOLVES_SECONDS = 600.0
_EVERY_SECONDS = 3.0
_NEEDS = ("prometheus",)


def run(stage: Stage) -> None:
    """Demand that each alert fires within three minutes of its fault, and ends after it."""
    if not stage.runs(*_NEEDS):
        stage.outcome.leave_unchecked("the alerts (without prometheus)")
        return
    faults = [fault for fault in read_faults() if _wanted(stage, fault)]
    fired: list[str] = []
    for wave, together in groupby(faults, lambda fault: fault.wave):
        fired += _play(stage, wave, list(together))
    _await_end(stage, fired, {alert for fault in faults for alert in fault.later})


def _wanted(stage: Stage, fault: Fault) -> bool:
    """Tell whether a fault is to be injected; with `--alerts`, also what others of its wave are there for."""
    if gone := [name for name in fault.needs if not stage.runs(name)]:
        for alert in (*fault.alerts, *fault.later):
            stage.outcome.leave_unchecked(f"{alert} (without {', '.join(gone)})")
        return False
    asked, wave = set(stage.options.alerts), [one for one in read_faults() if one.wave == fault.wave]
    expected = _expected([fault]) or _expected(wave)
    return not asked or bool(asked & expected)


def _expected(faults: Sequence[Fault]) -> set[str]:
    return {alert for fault in faults for alert in (*fault.alerts, *fault.later)}


def _play(stage: Stage, wave: int, faults: Sequence[Fault]) -> list[str]:
    """Inject the faults of a wave, and return the alerts that fired."""
    if early := sorted(_expected(faults) & promql.alerts(stage.prometheus)):
        say(f"Firing already, before wave {wave}: {', '.join(early)}.")
    with ExitStack() as broken:
        injected = [fault for fault in faults if _inject(stage, fault, broken)]
        fired, silent = _watch(stage, _expected(injected))
    for alert in silent:
        say(f"SILENT {alert}: it did not fire within {_FIRES_SECONDS:.0f} s.")
    stage.outcome.alerts_silent += silent
    settle(stage.project)
    return fired


def _inject(stage: Stage, fault: Fault, broken: ExitStack) -> bool:
    """Break something until `broken` is closed, and tell whether that could be done."""
    say(f"Wave {fault.wave}: {fault.name}")
    try:
        broken.enter_context(INJECTORS[fault.injector](stage, *fault.arguments))
    except (UnmetError, httpx.HTTPError) as error:
        stage.outcome.fail("alerts", f"{fault.name} could not be injected: {error}")
        stage.outcome.alerts_silent += sorted(_expected([fault]))
        return False
    return True


def _watch(stage: Stage, alerts: set[str]) -> tuple[list[str], list[str]]:
    """Return the alerts that fired in time, in their order, and those that did not."""
    began, waiting, fired = time.monotonic(), set(alerts), list[str]()
    while waiting and time.monotonic() - began < _FIRES_SECONDS:
        for alert in sorted(waiting & _firing(stage)):
            say(f"{alert} fires, {time.monotonic() - began:.0f} s after the fault.")
            waiting.discard(alert)
            fired.append(alert)
        time.sleep(_EVERY_SECONDS)
    return fired, sorted(waiting)


def _firing(stage: Stage) -> set[str]:
    try:
        return promql.alerts(stage.prometheus)
    except httpx.HTTPError:
        return set()


def _await_end(stage: Stage, fired: Sequence[str], later: set[str]) -> None:
    """Note the alerts that end once nothing is broken; those that look back too far are only noted."""
    began, waiting = time.monotonic(), set(fired) - later
    for alert in sorted(set(fired) & later):
        stage.outcome.leave_unchecked(f"the end of {alert}, which looks back too far to be waited for")
    while waiting & _firing(stage) and time.monotonic() - began < _RESOLVES_SECONDS:
        time.sleep(_EVERY_SECONDS)
    stuck = sorted(waiting & promql.alerts(stage.prometheus))
    stage.outcome.alerts_fired += [alert for alert in fired if alert not in stuck]
    if stuck:
        raise UnmetError(f"Still firing {_RESOLVES_SECONDS:.0f} s after the last fault: {', '.join(stuck)}.")
    demand(fired, "No alert fired at all.", "prometheus")
    say(f"{len(fired)} alerts fired, and ended {time.monotonic() - began:.0f} s after the last fault.")
