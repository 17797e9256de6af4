"""Two PostgreSQL servers of their own: one that is backed up, and a new one to restore into."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from slipway.database.bootstrap import bootstrap
from slipway.database.migrations import upgrade
from slipway.keys.local import create_keys
from slipway.settings import Settings
from slipway_cli.processes.account import account_for
from slipway_cli.processes.child import Child
from slipway_cli.processes.program import Program
from slipway_cli.servers import placement
from slipway_cli.servers.cluster import SUPERUSER, Cluster
from slipway_cli.servers.ports import LOCALHOST, free_port
from slipway_cli.servers.postgres import Postgres


@dataclass
class LocalServer:
    """A server of this machine, as `infra.backup` wants to see it."""

    postgres: Postgres

    def command(self, program: str, *arguments: str) -> list[str]:
        password = Cluster(self.postgres.data).password()
        reach = {"PGHOST": LOCALHOST, "PGPORT": str(self.postgres.port), "PGUSER": SUPERUSER, "PGPASSWORD": password}
        environment = [f"{name}={value}" for name, value in reach.items()]
        return ["env", *environment, str(placement.wheel_binaries() / program), *arguments]

    def set_epoch(self, epoch: int) -> None:
        self.postgres.stop()
        account = account_for(self.postgres.data)
        placed = placement.place(self.postgres.data, account, self.postgres.log)
        program = placed.binaries / "pg_resetwal"
        command = (str(program), "--epoch", str(epoch), "--pgdata", str(placed.data))
        environment = {"LC_ALL": "C", "PATH": os.defpath}
        reach = (program, placed.data)
        Child(Program("pg_resetwal", command, self.postgres.log, environment, account=account, reach=reach)).succeed()
        self.postgres.start()

    def settings(self, keys: Path) -> Settings:
        roles = {
            f"database_{role}_url": SecretStr(
                f"postgresql://slipway_{role}:{role}@{LOCALHOST}:{self.postgres.port}/slipway"
            )
            for role in ("owner", "app", "system")
        }
        files = {"master_key_file": keys / "master.key", "audit_key_file": keys / "audit.pem"}
        return Settings(_env_file=None, **roles, **files)


@contextmanager
def running(folder: Path) -> Iterator[LocalServer]:
    server = Postgres(folder, free_port())
    try:
        with server:
            yield LocalServer(server)
    finally:
        server.remove()


@pytest.fixture
def source(tmp_path: Path) -> Iterator[LocalServer]:
    """Return a server with the application's database, its transaction ids far ahead of a new one's."""
    with running(tmp_path / "source") as server:
        settings = server.settings(tmp_path / "keys")
        asyncio.run(bootstrap(server.postgres.admin_url, settings))
        upgrade(settings)
        create_keys(settings)
        yield server


@pytest.fixture
def target(tmp_path: Path) -> Iterator[LocalServer]:
    """Return a new server, with nothing in it."""
    with running(tmp_path / "target") as server:
        yield server
