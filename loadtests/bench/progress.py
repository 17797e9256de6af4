"""What whoever waits in front of the terminal is told."""

import time

from loadtests.bench.measurement import Measurement


class Progress:
    """Counts steps, and guesses when the last is done: by the time that the steps so far took."""

    def __init__(self, steps: int) -> None:
        """Expect so many steps."""
        self._steps, self._done, self._began = steps, 0, time.monotonic()

    def say(self, text: str) -> None:
        """Print a line at once."""
        print(f"[{self._done:4d} of {self._steps}{self._left()}] {text}", flush=True)

    def expect(self, steps: int) -> None:
        """Take steps into account that were not known of; some may not come."""
        self._steps += steps

    def done(self, step: Measurement) -> None:
        """Print what a step found."""
        self._done += 1
        self.say(f"{step.contest} {step.turn}: {step.system}, {describe(step)}")

    def _left(self) -> str:
        if not self._done:
            return ""
        seconds = (time.monotonic() - self._began) / self._done * max(0, self._steps - self._done)
        return f", {seconds / 60:.0f} min left"


def describe(step: Measurement) -> str:
    """Return a step's figures in a line."""
    case = step.case if step.fraction is None else f"{step.case} at {step.fraction:g} of the peak"
    odd = [f"{step.errors} ERRORS"] * bool(step.errors) + [f"{step.refused} refused"] * bool(step.refused)
    late = [] if step.late_p99_ms is None else [f"sent {step.late_p99_ms:.1f} ms late (p99)"]
    parts = [
        f"{case} ({step.variant}) {step.messages_per_s:.1f} messages/s",
        f"p50/p95/p99 {step.p50_ms:.1f}/{step.p95_ms:.1f}/{step.p99_ms:.1f} ms",
        f"{step.server_cpu_s_per_1000:.2f} s of processor for 1,000",
        f"generator {100 * step.generator_cpu_share:.0f} %",
    ]
    return ", ".join(parts + late + odd)
