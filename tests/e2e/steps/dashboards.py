"""Executes every query of every dashboard."""

import json
import sys
import time
from typing import Any

from e2e.command import run as command
from e2e.failure import UnmetError
from e2e.report import say
from e2e.stage import Stage

_SECONDS = 240.0
"""Rates and quantiles need a while of traffic before they are numbers."""
_NOT_IN_A_DEMO = (
    *("ALERTS{", "slipway_flag_variants_total", "slipway_webhook_duration_seconds"),
    "slipway_inputs_refused_total",
)
"""Alerts that did not fire, variants of a flag that is off, answers of receivers that nobody has registered, and inputs
about people who have objected."""


def run(stage: Stage) -> None:
    """Demand that each query returns data."""
    if not stage.runs("prometheus"):
        stage.outcome.leave_unchecked("the dashboards' queries (without prometheus)")
        return
    check, began = (
        [sys.executable, "-m", "monitoring.dashboards.check", "--prometheus", stage.prometheus],
        time.monotonic(),
    )
    while True:
        try:
            found = json.loads(command(check))
            _demand_data(found)
            break
        except UnmetError:
            if time.monotonic() - began > _SECONDS:
                raise
            time.sleep(10)
    say(f"{found['with_data']} of {found['queries']} queries have data; what the others show did not happen.")


def _demand_data(found: dict[str, Any]) -> None:
    """Accept no excuse of a panel but for alerts that did not fire, and for what no demo does."""
    missing = [
        f"{query['dashboard']}: {query['panel']}"
        for query in found["empty_as_described"]
        if not any(name in query["expression"] for name in _NOT_IN_A_DEMO)
    ]
    if missing:
        raise UnmetError(f"no data yet for {'; '.join(missing)}")
