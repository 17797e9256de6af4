"""The stack is restarted under load, twice; `python -m loadtests.restart` does it ten times."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.timeout(400)
def test_nobody_notices_a_rolling_restart():
    command = [sys.executable, "-m", "loadtests.restart", "--restarts", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=380, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert (figures["restarts"], figures["failed"], figures["lost"], figures["attempts_counted"]) == (2, 0, 0, 0)
    assert figures["requests"] >= 100
    assert figures["messages"] >= 1_000
