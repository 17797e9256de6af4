import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from slipway.telemetry.metrics import Metrics
from slipway.telemetry.server import ProbeServer


@pytest.fixture
def state() -> dict[str, bool | str]:
    return {"ready": True}


@pytest.fixture
def port(state: dict[str, bool | str]) -> Iterator[int]:
    server = ProbeServer("127.0.0.1", 0, Metrics().registry, started=bool, ready=lambda: state["ready"])
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


def check(port: int) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "slipway.telemetry.healthcheck"],
        env=os.environ | {"SLIPWAY_METRICS_PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_ready_process_is_healthy(port):
    assert check(port) == (0, "")


def test_one_that_is_not_ready_says_why(port, state):
    state["ready"] = "the database does not answer"
    assert check(port) == (1, "the database does not answer\n")


def test_one_that_is_not_there_says_so():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # taken, but nobody listens
        code, words = check(closed.getsockname()[1])
    assert code == 1
    assert "does not answer" in words


def test_what_does_not_speak_http_is_not_healthy():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.settimeout(30)
        process = subprocess.Popen(
            [sys.executable, "-m", "slipway.telemetry.healthcheck"],
            env=os.environ | {"SLIPWAY_METRICS_PORT": str(deaf.getsockname()[1])},
            stderr=subprocess.PIPE,
            text=True,
        )
        connection, _ = deaf.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(b"\x00 garbage\r\n\r\n")
        assert "does not answer" in process.communicate(timeout=60)[1]
        assert process.returncode == 1
