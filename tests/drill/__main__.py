"""`python -m drill --seed 1`, with `tests` and `tests/workloads` on the path: see `make privacy-drill`."""

import logging
import signal
import sys
import time
from pathlib import Path

from drill.catalogue import PROOFS
from drill.meter import open_meter
from drill.options import Options, read_options
from drill.outcome import Outcome
from drill.places import ROOT
from drill.report import last_line, summary, write_report
from drill.run import run


def main() -> int:
    """Run, and return the exit status: 0 only if all that was asked for was shown to hold."""
    options = read_options(sys.argv[1:], [proof.name for proof in PROOFS])
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it ends in order, as after Ctrl-C
    folder = ROOT / "var" / "privacy-drill" / f"{time.strftime('%Y%m%d-%H%M%S')}-seed-{options.seed}"
    folder.mkdir(parents=True)
    # What libraries say of connections that a proof cuts is no finding, and goes where it disturbs nobody.
    logging.basicConfig(filename=folder / "libraries.log")
    estimates = {proof.name: proof.seconds(options.sizes) for proof in Outcome(options).chosen}
    _announce(options, estimates)
    with open_meter(estimates) as meter:
        outcome = run(options, folder, meter, lambda so_far: write_report(so_far, folder))
    for line in [*summary(outcome), f"Report: {_near(folder / 'report.md')}", last_line(outcome)]:
        _say(line)
    return 0 if outcome.passed else 1


def _announce(options: Options, estimates: dict[str, float]) -> None:
    each = ", ".join(f"{name} {_minutes(seconds)}" for name, seconds in estimates.items())
    _say(f"Seed {options.seed}. On two cores it takes some {_minutes(sum(estimates.values()))}: {each}.")


def _minutes(seconds: float) -> str:
    return f"{max(1, round(seconds / 60))} min"


def _near(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
