"""How a run ends that is told to stop."""

import subprocess
import sys

import pytest

RUN = """
import signal
from loadtests.autoscale.interruption import end_in_order
signal.signal(signal.SIGHUP, signal.{before})
end_in_order()
try:
    signal.raise_signal(signal.SIGHUP)
    print("went on")
except KeyboardInterrupt:
    print("ended")
"""


@pytest.mark.parametrize(("before", "said"), [("SIG_DFL", "ended"), ("SIG_IGN", "went on")])
def test_a_terminal_that_goes_away_ends_a_run_unless_it_was_told_to_stay(before, said):
    done = subprocess.run([sys.executable, "-c", RUN.format(before=before)], capture_output=True, text=True, check=True)

    assert done.stdout.split("\n")[0] == said


def test_the_second_signal_does_not_break_off_the_tidying_up():
    code = RUN.format(before="SIG_DFL").replace('print("ended")', 'signal.raise_signal(signal.SIGTERM); print("tidy")')

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "tidy\n"
