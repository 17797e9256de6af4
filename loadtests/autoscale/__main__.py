"""`python -m loadtests.autoscale`: see `make loadtest-autoscale` and docs/loadtests.md."""

import json
import signal
import sys
from types import FrameType

import httpx

from loadtests.autoscale.kubectl import ClusterError
from loadtests.autoscale.options import read_options
from loadtests.autoscale.progress import say
from loadtests.autoscale.run import run
from loadtests.watch.failure import WatchError

_CODES = {"PASS": 0, "FAIL": 1, "INVALID": 2}
_NOT_CARRIED_OUT = 3
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run, print the verdict as the last line, and return the exit code."""
    options = read_options(sys.argv[1:])
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    try:
        verdict = run(options)
    except (ClusterError, WatchError, httpx.HTTPError) as error:
        say(f"The run could not be carried out: {str(error) or type(error).__name__}")
        return _NOT_CARRIED_OUT
    except KeyboardInterrupt:
        # Whatever failed to be put back would have been raised instead.
        say("Interrupted; each autoscaler has its own bounds again.")
        return _NOT_CARRIED_OUT
    print(json.dumps(verdict), flush=True)
    return _CODES[verdict["verdict"]]


def _interrupt(_: int, __: FrameType | None) -> None:
    """End the run in order. A second signal must not break off what puts the bounds back."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
