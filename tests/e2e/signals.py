"""Looks for one signal of one service, where a person would."""

from collections.abc import Callable, Mapping

import httpx
from monitoring.dashboards.extraction import found
from monitoring.dashboards.files import FOLDER
from monitoring.dashboards.prometheus import Prometheus

from e2e import promql
from e2e.logstore import count_lines
from e2e.stage import Stage
from e2e.starting import condition
from e2e.table import Cell, Signal

NEEDS = {
    Signal.HEALTH: (),
    Signal.METRIC: ("prometheus",),
    Signal.LOG: ("otelcol", "elasticsearch"),
    Signal.TRACE: ("otelcol", "jaeger"),
    Signal.DASHBOARD: ("prometheus",),
    Signal.ALERT: ("prometheus",),
}
"""The services through which a signal is seen."""
_LOOK_BACK_SECONDS = 900.0


def is_there(stage: Stage, cell: Cell) -> bool:
    """Tell whether a service gives a signal now."""
    return _LOOKS[cell.signal](stage, cell)


def _health(stage: Stage, cell: Cell) -> bool:
    containers = stage.project.of(cell.service)
    return bool(containers) and all(condition(one["State"]) == cell.expected for one in containers)


def _metric(stage: Stage, cell: Cell) -> bool:
    return any(value != 0 for value in promql.values(stage.prometheus, cell.expected))


def _log(stage: Stage, cell: Cell) -> bool:
    return count_lines(stage, {"term": {"service.name": cell.expected}}) > 0


def _trace(stage: Stage, cell: Cell) -> bool:
    answer = httpx.get(f"{stage.jaeger}/api/traces", params={"service": cell.expected, "limit": 1}, timeout=30)
    return bool(answer.raise_for_status().json()["data"])


def _dashboard(stage: Stage, cell: Cell) -> bool:
    ((uid, part),) = cell.expected.items()
    queries = [query.expression for query in found(FOLDER / f"{uid}.json", "1m", f"{_LOOK_BACK_SECONDS:.0f}s")]
    prometheus = Prometheus(stage.prometheus)
    return any(prometheus.has_data(query, _LOOK_BACK_SECONDS) for query in queries if part in query)


def _alert(stage: Stage, cell: Cell) -> bool:
    return promql.rules(stage.prometheus).get(cell.expected) == "ok"


_LOOKS: Mapping[Signal, Callable[[Stage, Cell], bool]] = {
    Signal.HEALTH: _health,
    Signal.METRIC: _metric,
    Signal.LOG: _log,
    Signal.TRACE: _trace,
    Signal.DASHBOARD: _dashboard,
    Signal.ALERT: _alert,
}
