"""What a process does that is asked to stop before it has begun. It imports nothing that would take long."""

import signal
import sys


def end_when_asked() -> None:
    """End at SIGTERM and SIGINT with status 0, until somebody else takes the signals over.

    The first process of a container ignores what it has no handler for: without one, a SIGTERM while it still imports
    is lost, and it is killed a long time later.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit())
