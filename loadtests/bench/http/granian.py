"""granian, in Rust, as its documentation recommends for an asynchronous application: one worker, uvloop, HTTP/1."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtests.bench.peers.environments import uv
from loadtests.bench.systems.processes import family
from loadtests.bench.systems.server import bare_environment, serving
from loadtests.bench.systems.system import Endpoint, Places, Variant
from loadtests.bench.systems.triage_api import JSON, ROUTE, answers, encode
from slipway_cli.servers.ports import free_port

_LOCK = Path(__file__).with_name("requirements.lock")
_FOLDER = Path("var/bench/granian")
_OPTIONS = ("--interface=asgi", "--loop=uvloop", "--workers=1", "--http=1", "--no-ws", "--no-log", "--factory")


class Granian:
    """The application with its apparatus off, on granian. Beside our packages it needs its own, kept in a folder."""

    name = "granian"
    variants = (Variant("one worker"),)

    @contextmanager
    def running(self, variant: Variant, places: Places) -> Iterator[Endpoint]:
        """Start it on a free port.

        Raises:
            RuntimeError: it cannot be installed, or does not start.
        """
        del variant
        install = ("pip", "install", "--require-hashes", "--target", str(_FOLDER), "--requirement", str(_LOCK))
        uv(self.name, *install, "--python", sys.executable)
        port = free_port()
        command = [sys.executable, "-m", "granian", f"--port={port}", *_OPTIONS]
        command.append("loadtests.bench.systems.apparatus_off.service:application")
        environment = bare_environment() | {
            "SLIPWAY_MODELS_DIR": str(places.models.parent.parent),
            "PYTHONPATH": os.pathsep.join([str(_FOLDER.absolute()), str(Path.cwd())]),
        }
        with serving(command, environment, port, places.var / "granian.log") as pid:
            yield Endpoint(f"http://127.0.0.1:{port}{ROUTE}", JSON, encode, answers, lambda: family(pid))
