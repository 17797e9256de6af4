"""Fixtures of the command line's tests: a project folder of its own, with small services in place of the real ones."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import SystemRandom

import psutil
import pytest
from typer.testing import CliRunner, Result

from slipway_cli.main import app
from slipway_cli.processes.program import Program
from slipway_cli.servers.ports import is_free

SERVICE = """
import http.server, os, signal, socket, sys, threading
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *_):
        print("asked", self.path)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["SLIPWAY_METRICS_PORT"])), Handler)
if "SLIPWAY_API_FD" in os.environ:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server = http.server.ThreadingHTTPServer(("", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=int(os.environ["SLIPWAY_API_FD"]))
    server.server_activate()
os.write(int(os.environ["SLIPWAY_READY_FD"]), b"1")
server.serve_forever()
"""
PORTS = (
    "API_PORT",
    "LOCAL_POSTGRES_PORT",
    "LOCAL_REDIS_PORT",
    *(f"LOCAL_{name}_METRICS_PORT" for name in ("API", "API_NEXT", "WORKER", "SCHEDULER")),
)


def free_ports() -> Iterator[tuple[str, int]]:
    """Choose ports below those that the system gives to outgoing connections, differently in each process."""
    random, taken = SystemRandom(), set()
    for name in PORTS:
        while (port := random.randint(15_000, 32_000)) in taken or not is_free(port):
            continue
        taken.add(port)
        yield name, port


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project the working folder; its services are small, and its ports are free."""
    modules = tmp_path / "modules"
    for file in ("slipway_api/__main__.py", "slipway_worker/__main__.py", "slipway_worker/scheduler.py"):
        (modules / file).parent.mkdir(parents=True, exist_ok=True)
        (modules / file).with_name("__init__.py").touch()
        (modules / file).write_text(SERVICE)
    folder = tmp_path / "project"
    (folder / "var").mkdir(parents=True)
    (folder / "var" / "local.env").write_text("".join(f"SLIPWAY_{name}='{port}'\n" for name, port in free_ports()))
    (folder / "var" / "local.env").chmod(0o600)
    monkeypatch.setenv("PYTHONPATH", str(modules))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def slipway(project: Path) -> Iterator[Callable[..., Result]]:
    """Run the command in the project, within this process."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments)

    yield run
    run("down")


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Program]:
    """Describe a program in Python that is ready once it has written `ready` to its log."""

    def describe(source: str, **more: object) -> Program:
        log = tmp_path / "program.log"
        return Program(
            name="program",
            command=(sys.executable, "-u", "-c", source),
            log=log,
            environment=dict(os.environ),
            ready=lambda: log.exists() and "ready" in log.read_text(),
            **more,
        )

    return describe


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Wait until no process with this pid runs."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


@pytest.fixture(name="gone")
def gone_fixture() -> Callable[..., bool]:
    """Wait until no process with this pid runs."""
    return gone


@pytest.fixture
def bystander() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that has nothing to do with us, and must survive."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    survived = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert survived
