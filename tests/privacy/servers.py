"""A PostgreSQL of its own, with our roles and a migrated database, for proofs that need no services."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from slipway.database.bootstrap import bootstrap
from slipway.database.migrations import upgrade
from slipway.keys.local import create_keys
from slipway.settings import Settings
from slipway_cli.servers.ports import free_port
from slipway_cli.servers.postgres import Postgres


@contextmanager
def migrated_server(folder: Path, database: str) -> Iterator[tuple[Settings, str]]:
    """Start a server below a folder, and remove its data at the end; yield settings, and a superuser's URL."""
    with Postgres(folder / "postgres", free_port(), durable=False) as server:
        urls = {
            f"database_{role}_url": SecretStr(f"postgresql://slipway_{role}:{role}@127.0.0.1:{server.port}/{database}")
            for role in ("owner", "app", "system")
        }
        files = {"master_key_file": folder / "keys" / "master.key", "audit_key_file": folder / "keys" / "audit.pem"}
        settings = Settings(_env_file=None, **urls, **files, evidence_dir=folder / "evidence")
        try:
            create_keys(settings)
            asyncio.run(bootstrap(server.admin_url, settings))
            upgrade(settings)
            yield settings, f"{server.admin_url.rpartition('/')[0]}/{database}"
        finally:
            server.remove()
