"""What the limit is told on the command line."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from loadtests.bench.limit.setting import GRAPHS

SCRATCH = Path("var/bench/limit")
_MOST_MESSAGES = 100_000


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options; wrong ones end the program and say what would be right."""
    parser = argparse.ArgumentParser("python -m loadtests.bench.limit", description="The model in-process, by itself.")
    commands = parser.add_subparsers(dest="command", required=True)
    search = commands.add_parser("search", help="find the best setting of each graph, and write them")
    search.add_argument("--out", type=Path, required=True, help="where the settings go")
    search.add_argument("--messages", type=_count, default=256, help="messages of each trial (default 256)")
    search.add_argument("--graphs", nargs="+", choices=GRAPHS, default=list(GRAPHS), help="only these (default all)")
    search.add_argument("--seed", type=int, default=1, help="of the order of messages")
    slices = commands.add_parser("slices", help="wait for lines that ask for slices of a graph, and answer each")
    slices.add_argument("--settings", type=Path, required=True, help="what `search` wrote")
    slices.add_argument("--graph", choices=GRAPHS, default="int8", help="which (default int8)")
    for command in (search, slices):
        command.add_argument("--models", type=Path, default=Path("var/models"), help="folder of the models")
        command.add_argument("--data", type=Path, help="CSV file with a column `text` (default: the sample's)")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_MESSAGES:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {_MOST_MESSAGES:,}")
    return int(text)
