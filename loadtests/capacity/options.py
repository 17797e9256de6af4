"""What a calibration is told on the command line."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loadtests.scenario.access import Access
from loadtests.scenario.mix import SCENARIOS


@dataclass(frozen=True, slots=True)
class Options:
    """How it goes, and against what."""

    url: str
    access: Access
    scenario: str
    first: float
    settle: float
    seconds: float
    p95_ms: float
    clients: int


def parse(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> Options:
    """Return the options; wrong ones end the program and say what would be right."""
    parser = argparse.ArgumentParser("python -m loadtests.capacity", description=__doc__)
    add = parser.add_argument
    add("--url", required=True, help="of the one pod, or of the gateway before it")
    add("--key-file", help="file with API keys, one a line [LOADTEST_KEY_FILE]")
    add("--ca-file", help="authority of the certificate; none: those that this machine trusts [LOADTEST_CA_FILE]")
    add("--scenario", choices=list(SCENARIOS), default="single", help="what is sent (default: single)")
    add("--first", type=_positive, default=15.0, help="requests/s of the first trial (default 15)")
    add("--settle", type=_positive, default=1.5, help="seconds of a trial before it is measured (default 1.5)")
    add("--seconds", type=_positive, default=8.0, help="measured seconds of a trial (default 8)")
    add("--p95-ms", type=_positive, default=500.0, help="95 %% of answers must be there within it (default 500)")
    add("--clients", type=int, default=256, help="most requests under way at the same time (default 256)")
    found = vars(parser.parse_args(arguments))
    told = {"LOADTEST_KEY_FILE": found.pop("key_file"), "LOADTEST_CA_FILE": found.pop("ca_file")}
    access = Access.read({**environment, **{name: value for name, value in told.items() if value}})
    return Options(access=access, **found)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number over 0")
    return value
