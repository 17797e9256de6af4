"""`python -m cluster`, with `tests` on the path: see `make e2e-cluster`."""

import signal
import sys
from types import FrameType

from e2e.report import say

from cluster.options import read_options
from cluster.report import Outcome, last_line, summary
from cluster.run import run


def main() -> int:
    """Run, and return the exit status: 0 only if everything that was checked held."""
    options, outcome = read_options(sys.argv[1:]), Outcome()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        run(options, outcome)
    except KeyboardInterrupt:
        outcome.fail("run", "It was interrupted.")
    for line in summary(outcome):
        say(line)
    print(last_line(outcome), flush=True)  # noqa: T201  # for programs
    return 0 if outcome.passed else 1


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
