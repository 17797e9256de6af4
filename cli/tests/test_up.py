import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest


@pytest.fixture
def up(project):
    """`slipway up` in the foreground, ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "slipway_cli", "up"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("Ready after"):
            break
    assert process.poll() is None, "".join(said)
    process.said = said
    yield process
    if process.poll() is None:
        process.kill()
    process.stdout.close()
    process.wait()


def run_up(*options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "slipway_cli", "up", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def running(slipway) -> list[int]:
    document = json.loads(slipway("status", "--json").stdout)
    return [process["pid"] for process in document["processes"]]


def test_it_shows_what_it_does_and_stops_everything_when_asked(up, slipway, gone):
    """Plain lines, as there is no terminal."""
    said = "".join(up.said)
    assert "Starting PostgreSQL and Redis.\n" in said
    for name in ("postgres", "redis", "api", "worker", "scheduler"):
        assert f"{name}: ready (pid " in said
    url = said.split("Ready after ")[1].split()[2]
    assert httpx.get(f"{url}/health/ready").status_code == 200

    pids = running(slipway)
    second = run_up()
    assert second.returncode == 1
    assert f"already up (pid {up.pid})" in second.stderr
    assert running(slipway) == pids

    up.send_signal(signal.SIGINT)
    rest = up.stdout.read()
    assert up.wait(timeout=60) == 0
    assert rest.endswith("Stopped.\n")
    assert len(pids) == 5
    assert all(gone(pid, 0.5) for pid in pids)
    order = [rest.index(f"{name}: stopped") for name in ("api", "scheduler", "worker", "redis", "postgres")]
    assert order == sorted(order)


def test_what_dies_again_and_again_before_it_is_ready_ends_it_loudly(up, slipway, gone):
    pids = running(slipway)
    (Path(os.environ["PYTHONPATH"]) / "slipway_worker" / "scheduler.py").write_text("raise SystemExit('no broker')")
    document = json.loads(slipway("status", "--json").stdout)
    (pid,) = [process["pid"] for process in document["processes"] if process["name"] == "scheduler"]
    psutil.Process(pid).kill()
    up.said += up.stdout
    assert up.wait(timeout=60) == 1
    assert "scheduler ended with status 1, for the 5th time in a row before it was ready" in "".join(up.said)
    assert "no broker" in "".join(up.said)
    assert len(pids) == 5
    assert all(gone(pid, 0.5) for pid in pids)


def test_detached_it_goes_on_until_it_is_taken_down(project, slipway, gone):
    done = run_up("--detach")
    assert done.returncode == 0, done.stderr
    pids = running(slipway)
    assert len(pids) == 5
    assert "redis" in slipway("status").stdout

    logs = slipway("logs")
    assert "api       | asked /health/ready" in logs.stdout
    assert "database system is ready" in slipway("logs", "postgres").stdout
    missing = slipway("logs", "nothing")
    assert (missing.exit_code, "there is: api, postgres" in missing.stderr) == (1, True)

    assert slipway("down").stdout == "Stopped.\n"
    assert all(gone(pid, 0.5) for pid in pids)
    assert slipway("down").stdout == "The stack is not up.\n"
    status = slipway("status", "--json")
    assert (status.exit_code, json.loads(status.stdout)["up"]) == (1, False)


def test_detached_a_failure_is_told(project, slipway):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = run_up("--detach", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port}, asked for the API, is taken by" in done.stderr


@pytest.fixture
def _interruptible():
    """Lets children be interrupted: in the background of a shell they would inherit the opposite."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_logs_follow_what_is_written(project):
    (project / "var" / "logs").mkdir()
    log = project / "var" / "logs" / "api.log"
    log.write_text("one\ntwo\n")
    command = [sys.executable, "-u", "-m", "slipway_cli", "logs", "api", "--follow", "--lines", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout.readline() == "two\n"
        with log.open("a") as opened:
            opened.write("three\n")
        assert follower.stdout.readline() == "three\n"
        log.write_text("4\n")  # cut by a rotation
        assert follower.stdout.readline() == "4\n"
        follower.send_signal(signal.SIGINT)
    assert follower.returncode == 0
