"""The watch as a process of its own, beside a program that has other things to do."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from loadtests.watch.background import watching
from loadtests.watch.failure import WatchError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def arguments(file):
    return {"namespace": "slipway", "release": "demo", "file": file}


def test_it_watches_for_as_long_as_the_block_lasts(cluster, arguments, lines):
    with watching(**arguments):
        before = len(lines("deployment"))
        assert before
        assert cluster.is_running
    assert len(lines("deployment")) > before
    assert not cluster.is_running


def test_what_went_wrong_in_the_block_is_what_is_raised(cluster, arguments):
    with pytest.raises(ZeroDivisionError), watching(**arguments):
        _ = 1 / 0
    assert not cluster.is_running


def test_it_says_why_it_cannot_begin(cluster, arguments):
    cluster.show("forbidden")
    with pytest.raises(WatchError, match="may not list"), watching(**arguments):
        raise AssertionError("It began.")


def test_it_ends_with_a_program_that_is_killed(cluster, file):
    """Neither the watch nor its proxy outlives the one who wanted them."""
    source = (
        "import time; from pathlib import Path; from loadtests.watch.background import watching\n"
        f"with watching(namespace='slipway', release='demo', file=Path({str(file)!r})):\n"
        "    print('watching', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", source], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "watching\n"
        process.send_signal(signal.SIGKILL)
    for _ in range(600):
        if not cluster.is_running:
            return
        time.sleep(0.05)
    raise AssertionError("The proxy still runs.")


def test_the_command_ends_at_sigterm(cluster, file, lines):
    command = [sys.executable, "-m", "loadtests.watch", str(file), "--release", "demo"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "watching\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert lines("deployment")
    assert not cluster.is_running
