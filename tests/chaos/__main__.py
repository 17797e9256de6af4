"""`python -m chaos --seed 1`, with `tests` and `tests/workloads` on the path: see `make chaos`."""

import sys
import time
from pathlib import Path

from chaos.options import Options, read_options
from chaos.picture import draw
from chaos.report import Outcome, last_line, summary, write_report
from chaos.run import run
from chaos.stage import ROOT, remove_data
from chaos.watch import said_at, say


def main() -> int:
    """Run, and return the exit status: 0 only if a run was valid and everything held."""
    options = read_options(sys.argv[1:])
    while (outcome := _run(options)).invalid and not outcome.faults and options.runs > 1:
        options = options.next()
        say(f"That run proves too little, and nothing speaks against it: the next seed, {options.seed}.")
    return 0 if outcome.passed else 1


def _run(options: Options) -> Outcome:
    """Run once, and tell."""
    folder = ROOT / "var" / "chaos" / f"{time.strftime('%Y%m%d-%H%M%S')}-seed-{options.seed}"
    said_at(f"Starting the stack in {_near(folder)}.")
    outcome = run(options, folder)
    write_report(outcome, folder / "report.json")
    draw(outcome, folder / "timeline.png")
    for line in summary(outcome):
        say(line)
    say(f"Report: {_near(folder / 'report.json')}, picture: {_near(folder / 'timeline.png')}.")
    if outcome.passed:
        remove_data(folder)
    else:
        say(f"Logs and data are kept in {_near(folder / 'var')}; the same again: --replay {_near(folder)}/report.json")
    say(last_line(outcome))
    return outcome


def _near(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    sys.exit(main())
