"""Executes every query of every dashboard."""

import json
import sys
import time

from e2e.command import run as command
from e2e.failure import UnmetError
from e2e.report import say
from e2e.stage import Stage

_SECONDS = 240.0
"""Rates and quantiles need a while of traffic before they are numbers."""


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
            break
        except UnmetError:
            if time.monotonic() - began > _SECONDS:
                raise
            time.sleep(10)
    say(f"{found['with_data']} of {found['queries']} queries of the dashboards have data; the others say why not.")
