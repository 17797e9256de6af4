"""What a run is told on the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtests.kinds import existing, within

FACTORS = (1, 2, 3)
"""How many times the peak rate is offered."""
_DATA = Path("services/triage/data/test.csv")


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes."""

    seconds: float
    warmup: float
    rounds: int
    sizes: tuple[int, ...]
    """Messages a request; each is a case of its own."""
    deadline: float
    data: Path
    models: Path
    seed: int


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Return the options; wrong ones end the program and say what would be right."""
    parser = argparse.ArgumentParser("python -m loadtests.overload", description=__doc__)
    add = parser.add_argument
    add("--seconds", type=within(float, 1, 600), default=10, help="measured seconds of each step (default 10)")
    add("--warmup", type=within(float, 0, 60), default=3, help="seconds before each measurement (default 3)")
    add("--rounds", type=within(int, 1, 50), default=3, help="how often all is repeated (default 3)")
    add("--sizes", type=within(int, 1, 64), nargs="+", default=[32, 1], help="messages a request (default 32 1)")
    add("--deadline", type=within(float, 0.1, 60), default=2, help="seconds after which an answer is useless")
    add("--data", type=existing, default=_DATA, help=f"CSV file with a column `text` (default {_DATA})")
    add("--models", type=existing, default=Path("var/models"), help="folder of the model (`make model` builds it)")
    add("--seed", type=within(int, 0, 2**31), default=1, help="of the times of arrival and the choice of messages")
    found = vars(parser.parse_args(arguments))
    return Options(**(found | {"sizes": tuple(found["sizes"])}))
