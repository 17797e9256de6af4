"""`python -m loadtests.restart`: restarts a stack again and again while it is in use.

The exit code is 1 if a request failed, a message was lost or answered wrongly, or an attempt was counted.
"""

import argparse
import asyncio
import json
import sys

from loadtests.overload.target import own_folder
from loadtests.restart.run import run

_ALLOWED = {"restarts": range(1, 101), "workers": range(1, 9)}


def main() -> int:
    """Run, print the figures, and return the exit code."""
    options = _options()
    with own_folder("restart") as folder:
        figures = asyncio.run(run(folder, options.restarts, options.workers))
    sys.stdout.write(f"{json.dumps(figures)}\n")
    return int(any(figures[name] for name in ("failed", "lost", "attempts_counted")))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtests.restart", description=__doc__)
    parser.add_argument("--restarts", type=int, default=10, help="how often the stack is restarted (default 10)")
    parser.add_argument("--workers", type=int, default=2, help="worker processes (default 2)")
    options = parser.parse_args()
    for name, allowed in _ALLOWED.items():
        if getattr(options, name) not in allowed:
            parser.error(f"--{name}: from {allowed[0]} to {allowed[-1]}")
    return options


if __name__ == "__main__":
    sys.exit(main())
