"""`python -m cluster`, with `tests` on the path: see `make e2e-cluster`."""

import sys
import traceback

from e2e.report import say
from loadtests.autoscale.interruption import end_in_order

from cluster.options import read_options
from cluster.report import Outcome, last_line, summary
from cluster.run import run


def main() -> int:
    """Run, and return the exit status: 0 only if everything that was checked held."""
    options, outcome = read_options(sys.argv[1:]), Outcome()
    end_in_order()
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


if __name__ == "__main__":
    sys.exit(main())
