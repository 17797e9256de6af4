"""Calls of the model that were given up and still hang: a thread cannot be stopped, a process can."""

import signal
import threading

from slipway.serving.thread import CallThread
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics

IN_A_ROW = 3
"""Threads that hang, with no answer in between: it is the model that hangs, rather than on one input."""
AT_ONCE = 8
"""Threads that hang at the same time: each keeps its batch, and perhaps a core."""

log = get_logger(__name__)


class Hangs:
    """Counts them, and asks the process to end once it is worth nothing, so that whatever supervises it starts it anew.

    A worker that lived on would claim chunk after chunk, and blame each for what is wrong with its model.
    """

    def __init__(self, workload: str, metrics: Metrics) -> None:
        """Count those of one predictor."""
        self._workload = workload
        self._in_a_row = 0
        self._asked = False
        self._threads: list[CallThread] = []
        metrics.follow(catalogue.MODEL_HANGING, lambda: float(self._alive()), workload=workload)

    def answered(self) -> None:
        """Note that the model answers."""
        self._in_a_row = 0

    def add(self, thread: CallThread) -> None:
        """Note a thread whose call was given up."""
        self._threads = [hanging for hanging in (*self._threads, thread) if hanging.alive]
        self._in_a_row += 1
        alive = self._alive()
        if not self._asked and (alive >= AT_ONCE or min(alive, self._in_a_row) >= IN_A_ROW):
            self._asked = True
            log.critical("model.hangs", workload=self._workload, count=alive)
            ask_to_stop()

    def _alive(self) -> int:
        return sum(thread.alive for thread in self._threads)


def ask_to_stop() -> None:
    """Ask this process to drain and end, as whatever supervises it would."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
