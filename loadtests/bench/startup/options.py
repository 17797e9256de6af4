"""What a run is told on the command line."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtests.kinds import existing

DATA = Path("services/triage/data/test.csv")
MODELS = Path("var/models")


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes."""

    rounds: int = 5
    """Starts of the API that count."""
    requests: int = 200
    """Requests after the first, one after another, that the first is compared with; of one text, then of many."""
    seconds: float = 10.0
    """Of each load, before the memory is read."""
    data: Path = DATA
    models: Path = MODELS
    seed: int = 1


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Return the options; wrong ones end the program and say what would be right."""
    parser = argparse.ArgumentParser("python -m loadtests.bench.startup", description="Start-up and memory of the API")
    add, own = parser.add_argument, Options()
    add("--rounds", type=_at_least(1), default=own.rounds, help=f"starts that count (default {own.rounds})")
    add("--requests", type=_at_least(1), default=own.requests, help="sequential requests to compare the first with")
    add("--seconds", type=float, default=own.seconds, help=f"of each load (default {own.seconds:g}); 0: no load")
    add("--data", type=existing, default=DATA, help=f"CSV file with a column `text` (default {DATA})")
    add("--models", type=existing, default=MODELS, help="folder of the model (`make model` builds it)")
    add("--seed", type=int, default=own.seed, help="of the choice of messages")
    return Options(**vars(parser.parse_args(arguments)))


def _at_least(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return int(text)

    return read
