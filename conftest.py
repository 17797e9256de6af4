"""Fixtures for every package's tests: real servers, and a fresh database for each test that asks for one."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from pydantic import SecretStr

from slipway.database.bootstrap import bootstrap
from slipway.database.migrations import upgrade
from slipway.keys.local import create_keys
from slipway.settings import Settings
from slipway_cli.servers.ports import free_port
from slipway_cli.servers.postgres import Postgres
from slipway_cli.servers.redis import Redis

_TEMPLATE = "slipway_template"

NewSettings = Callable[[Path], AbstractContextManager[Settings]]


@pytest.fixture(scope="session", autouse=True)
def _own_environment() -> Iterator[None]:
    """Keep the settings of the person who runs the tests out of them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("SLIPWAY_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Let the programs that tests start end by Ctrl-C, also where the tests were started to ignore it (`&`, nohup)."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """Return a folder outside the checkout; it is gone after the session."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-tests-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres(servers_folder: Path) -> Iterator[Postgres]:
    """Return a running PostgreSQL server, this process's own."""
    server = Postgres(servers_folder / "postgres", free_port(), durable=False)
    try:
        with server:
            yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def redis_server(servers_folder: Path) -> Iterator[Redis]:
    """Return a running Redis server, this process's own."""
    with Redis(servers_folder / "redis", free_port(), "for-tests") as server:
        yield server


@pytest.fixture(scope="session")
def template_database(postgres: Postgres) -> str:
    """Return the name of a migrated, empty database, to be cloned."""
    settings = _settings(postgres, _TEMPLATE)
    asyncio.run(bootstrap(postgres.admin_url, settings))
    upgrade(settings)
    return _TEMPLATE


@pytest.fixture(scope="session")
def new_settings(postgres: Postgres, redis_server: Redis, template_database: str) -> NewSettings:
    """Return a context manager: settings on a fresh database, an empty Redis, and new keys in a folder."""

    @contextmanager
    def make(folder: Path) -> Iterator[Settings]:
        name = f"test_{uuid4().hex}"
        fresh = _settings(
            postgres,
            name,
            redis_url=SecretStr(redis_server.url),
            master_key_file=folder / "keys" / "master.key",
            audit_key_file=folder / "keys" / "audit.pem",
            evidence_dir=folder / "evidence",
        )
        with psycopg.connect(postgres.admin_url, autocommit=True) as connection:
            connection.execute(
                f"CREATE DATABASE {name} TEMPLATE {template_database} OWNER slipway_owner STRATEGY FILE_COPY"
            )
            redis_server.flush()
            create_keys(fresh)
            # What is granted on a database is not cloned with it.
            asyncio.run(bootstrap(postgres.admin_url, fresh))
            yield fresh
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    return make


@pytest.fixture
def settings(new_settings: NewSettings, tmp_path: Path) -> Iterator[Settings]:
    """Return the settings of one test."""
    with new_settings(tmp_path) as fresh:
        yield fresh


def _settings(postgres: Postgres, database: str, **more: SecretStr | Path) -> Settings:
    urls = {
        f"database_{role}_url": SecretStr(f"postgresql://slipway_{role}:{role}@127.0.0.1:{postgres.port}/{database}")
        for role in ("owner", "app", "system")
    }
    return Settings(_env_file=None, **urls, **more)
