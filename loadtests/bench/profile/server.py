"""`python -m loadtests.bench.profile.server FILE`: the API, looked at from SIGUSR1 on; FILE gets what was seen.

A profiler that hooks into every call makes short functions look long. This one looks at the stack of the main thread,
which the event loop has, a thousand times in each second of processor time.
"""

import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from slipway_api.server import serve

_SECONDS = 0.001


class Sampler:
    """Counts what was found on the stack: each function once, and the innermost one."""

    def __init__(self) -> None:
        self.samples = 0
        self.on_stack: Counter[str] = Counter()
        self.innermost: Counter[str] = Counter()

    def start(self, *_: object) -> None:
        """Begin; a handler of a signal."""
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, _SECONDS, _SECONDS)

    def stop(self) -> None:
        """Look no more."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _look(self, _: int, frame: FrameType | None) -> None:
        names = []
        while frame is not None:
            names.append(_name(frame))
            frame = frame.f_back
        self.samples += 1
        self.innermost[names[0]] += 1
        self.on_stack.update(set(names))


def _name(frame: FrameType) -> str:
    return f"{'/'.join(Path(frame.f_code.co_filename).parts[-2:])} {frame.f_code.co_qualname}"


def main() -> None:
    """Serve, and write down what was counted."""
    sampler = Sampler()
    signal.signal(signal.SIGUSR1, sampler.start)
    try:
        serve()
    finally:
        sampler.stop()
        counts = {"samples": sampler.samples, "on_stack": sampler.on_stack, "innermost": sampler.innermost}
        Path(sys.argv[1]).write_text(json.dumps(counts), encoding="utf-8")


if __name__ == "__main__":
    main()
