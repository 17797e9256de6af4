"""`python -m cluster`, with `tests` on the path: see `make e2e-cluster`."""

import signal
import sys
import traceback
from types import FrameType

from e2e.report import say

from cluster.options import read_options
from cluster.report import Outcome, last_line, summary
from cluster.run import run

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run, and return the exit status: 0 only if everything that was checked held."""
    options, outcome = read_options(sys.argv[1:]), Outcome()
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    try:
        run(options, outcome)
    except KeyboardInterrupt:
        outcome.fail("run", "It was interrupted.")
    except Exception as error:  # noqa: BLE001  # the last line is for programs: it is there whatever happens
        outcome.fail("run", f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
    for line in summary(outcome):
        say(line)
    print(last_line(outcome), flush=True)  # noqa: T201  # for programs
    return 0 if outcome.passed else 1


def _interrupt(_: int, __: FrameType | None) -> None:
    """End the run in order. A second signal must not break off what removes the namespace."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
