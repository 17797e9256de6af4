"""A PostgreSQL of our own, from the binaries of a wheel."""

import signal
from pathlib import Path

import psycopg

from slipway_cli.processes.account import account_for
from slipway_cli.processes.program import Program
from slipway_cli.servers import placement
from slipway_cli.servers.cluster import SUPERUSER, Cluster
from slipway_cli.servers.ports import LOCALHOST
from slipway_cli.servers.server import Server

_CONFIGURATION = {
    "listen_addresses": LOCALHOST,
    "unix_socket_directories": "",  # the path of a socket may have 107 bytes; that of a checkout may have more
    "shared_buffers": "64MB",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # The values of a row, and a password in a failed statement, stay out of the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
_LOSABLE = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class Postgres(Server):
    """A PostgreSQL server on 127.0.0.1 that wants passwords. Its data folder is made at the first start."""

    def __init__(self, data: Path, port: int, *, log: Path | None = None, durable: bool = True) -> None:
        """Describe the server; what is not `durable` is faster, and may be lost with the machine's power."""
        super().__init__()
        self.data = data.absolute()
        self.port = port
        self.log = log or self.data.with_name(f"{data.name}.log")
        self.durable = durable

    @property
    def admin_url(self) -> str:
        """The superuser's URL, on the maintenance database. Valid once the server was started."""
        return f"postgresql://{SUPERUSER}:{Cluster(self.data).password()}@{LOCALHOST}:{self.port}/postgres"

    def program(self) -> Program:
        """Make or check the data folder, and return what to run."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        account = account_for(self.data)
        placed = placement.place(self.data, account, self.log)
        cluster = Cluster(placed.data)
        if not cluster.exists():
            cluster.initialise(placed.binaries, account, self.log, durable=self.durable)
        cluster.remove_dead_lock()
        options = _CONFIGURATION | {"port": str(self.port)} | ({} if self.durable else _LOSABLE)
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            command=(str(placed.binaries / "postgres"), "-D", str(placed.data), *flags),
            log=self.log,
            environment={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            ready=self.answers,
            port=self.port,
            account=account,
            reach=(placed.binaries / "postgres", placed.data),
            stop_signal=signal.SIGINT,  # ends sessions and writes what is left
            stop_seconds=30.0,
            death_signal=signal.SIGINT,
        )

    def answers(self) -> bool:
        """Tell whether the server takes the superuser's password."""
        try:
            psycopg.connect(self.admin_url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def recover(self) -> None:
        """Stop a server that an earlier process left running on the data folder."""
        Cluster(self.data).stop_running()

    def remove(self) -> None:
        """Stop the server and remove its data."""
        self.kill()
        placement.remove(self.data)
