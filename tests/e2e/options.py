"""What a run is asked to do."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STEPS = ("boot", "demo", "walk", "dashboards", "rules", "logs", "flags", "alerts", "restart", "backup", "down")
"""In the order in which they run."""
_PROJECT = "slipway-e2e"


@dataclass(frozen=True, slots=True)
class Options:
    """All that decides what a run does."""

    steps: Sequence[str] = STEPS
    without: frozenset[str] = frozenset()
    """Services to leave out."""
    project: str = _PROJECT
    boot: bool = True
    """Whether the stack is started by the run, and taken down after it."""
    keep: bool = False
    """Whether it stays when the run is over."""
    alerts: Sequence[str] = ()
    """Inject the faults of these alerts only; empty: of all."""

    @property
    def taken_down(self) -> bool:
        """Whether the run ends with nothing left."""
        return self.boot and not self.keep


def read_options(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Options:
    """Return the options of a command line; ends the process with a clear message when they are wrong."""
    given = _parser().parse_args(arguments)
    return Options(
        steps=[step for step in STEPS if step in (given.only or STEPS)],
        without=frozenset(environment.get("E2E_WITHOUT", "").replace(",", " ").split()),
        project=given.project,
        boot=given.boot,
        keep=given.keep,
        alerts=given.alerts,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="e2e",
        description="Start the composed stack from nothing, break it, and check that every signal tells. "
        'E2E_WITHOUT="grafana kibana" leaves services out.',
    )
    parser.add_argument("--only", type=_steps, metavar="STEPS", help=f"these steps alone: {','.join(STEPS)}")
    parser.add_argument("--project", default=_PROJECT, help=f"name of the compose project (default {_PROJECT})")
    parser.add_argument("--no-boot", dest="boot", action="store_false", help="use the stack of that name as it runs")
    parser.add_argument("--keep", action="store_true", help="leave the stack running")
    parser.add_argument("--alerts", type=_words, default=(), metavar="NAMES", help="only the faults of these alerts")
    return parser


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _steps(text: str) -> list[str]:
    steps = _words(text)
    if not steps or (unknown := sorted(set(steps) - set(STEPS))):
        raise argparse.ArgumentTypeError(f"{', '.join(unknown) if steps else 'nothing'} is no step: {', '.join(STEPS)}")
    return steps
