"""`python -m loadtests.autoscale`: see `make loadtest-autoscale` and docs/loadtests.md."""

import json
import subprocess
import sys

import httpx

from loadtests.autoscale.interruption import end_in_order
from loadtests.autoscale.kubectl import ClusterError
from loadtests.autoscale.options import read_options
from loadtests.autoscale.progress import say
from loadtests.autoscale.run import run
from loadtests.verdict.unreadable import UnreadableError
from loadtests.watch.failure import WatchError

_CODES = {"PASS": 0, "FAIL": 1, "INVALID": 2}
_NOT_CARRIED_OUT = 3
_EXPECTED = (
    ClusterError,
    WatchError,
    UnreadableError,
    httpx.HTTPError,
    subprocess.SubprocessError,
    OSError,
    ValueError,
    LookupError,
)
"""What a cluster, a program or a file can do wrong."""


def main() -> int:
    """Run, print the verdict as the last line, and return the exit code."""
    options = read_options(sys.argv[1:])
    end_in_order()
    try:
        verdict = run(options)
    except KeyboardInterrupt:
        # Whatever failed to be put back would have been raised instead.
        return _not_carried_out("Interrupted; each autoscaler has its own bounds again.")
    except _EXPECTED as error:
        return _not_carried_out(f"The run could not be carried out: {type(error).__name__}: {error}")
    print(json.dumps(verdict), flush=True)
    return _CODES[verdict["verdict"]]


def _not_carried_out(text: str) -> int:
    say(text)
    print(json.dumps({"verdict": None, "error": text}), flush=True)
    return _NOT_CARRIED_OUT


if __name__ == "__main__":
    sys.exit(main())
