"""`make bench-sealing`: bulk throughput with encryption on, of that without, in one run on the same machine.

Two stacks run beside each other and work in turns: the product, and one whose API and worker store jobs in plain text,
which is a composition of the bench alone (`loadtests/sealing/plain`). A job is measured whole: upload, worker, results.
A line a round shows both ratios by the clock, by processor seconds in brackets, and the throughput of either.
"""

import json
import sys

import httpx

from loadtests.autoscale.interruption import end_in_order
from loadtests.sealing.figures import figures
from loadtests.sealing.options import SAMPLE, Options, parse
from loadtests.sealing.run import Run
from slipway_cli.errors import LocalError

_INTERRUPTED = 130


def main(options: Options) -> int:
    """Measure, print the figures as one JSON object, and say by the exit status whether the bar was met."""
    run = Run(options, say=lambda text: print(text, flush=True))
    try:
        run.measure()
    except KeyboardInterrupt:
        print("Stopped. What follows, if anything, is of the rounds that were finished.", file=sys.stderr)
        _tell(run, options)
        return _INTERRUPTED
    except (RuntimeError, LocalError, httpx.HTTPError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if _tell(run, options) else 1


def _tell(run: Run, options: Options) -> bool:
    """Print what was found; return whether no bar was missed."""
    pairs = {kind: found for kind, found in run.pairs.items() if found}
    if not pairs:
        return False
    found = figures(pairs, options.messages, judged=options.workload == SAMPLE)
    print(json.dumps(found | {"workload": options.workload}))
    return found["passed"] is not False


if __name__ == "__main__":
    end_in_order()
    sys.exit(main(parse()))
