"""Runs `slipway demo` against the release: through the gateway, as a user does."""

import json
import sys

from e2e.command import run as command
from e2e.report import say

from cluster.stage import Stage

_LEAST_MESSAGES = 200
_LEAST_AGREEMENT = 0.5


def run(stage: Stage) -> None:
    """Demand that every message was answered, and better than by guessing."""
    files = ["--key-file", str(stage.key_file), *(["--ca", str(stage.authority)] if stage.authority else [])]
    told = command([sys.executable, "-m", "slipway_cli", "demo", "--url", stage.options.url, *files])
    figures = json.loads(told.splitlines()[-1])
    say(f"slipway demo: {json.dumps(figures)}")
    stage.outcome.check(
        "demo", f"the demo's {figures['messages']} messages are answered", holds=figures["messages"] >= _LEAST_MESSAGES
    )
    agreement = figures["agreement"]
    stage.outcome.check("demo", f"{agreement:.2f} of them rightly", holds=agreement > _LEAST_AGREEMENT)
