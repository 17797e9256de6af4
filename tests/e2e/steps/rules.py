"""Runs promtool and amtool on what Prometheus and Alertmanager are configured with."""

import sys

from e2e.command import run as command
from e2e.report import say
from e2e.stage import Stage


def run(_: Stage) -> None:
    """Demand that configuration, rules and the rules' tests pass."""
    told = command([sys.executable, "-m", "monitoring.prometheus.check"])
    say(f"promtool and amtool: {told.splitlines()[-1] if told else 'nothing to say'}")
