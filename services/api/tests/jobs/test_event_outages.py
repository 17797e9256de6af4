"""Server-sent events while PostgreSQL, or the connection that listens to it, is away."""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import SecretStr

from slipway.database.bootstrap import bootstrap
from slipway.database.migrations import upgrade
from slipway.errors import Unavailable
from slipway.keys.local import create_keys
from slipway_cli.servers.ports import free_port
from slipway_cli.servers.postgres import Postgres

LISTENERS = "pg_stat_activity WHERE application_name = 'slipway-listener' AND datname = current_database()"


async def ask(server, caller, query):
    async with server.platform.database.transaction(caller.tenant) as connection:
        return (await connection.exec_driver_sql(query)).all()


async def until_listening(server, caller) -> None:
    async with asyncio.timeout(30):
        while not await ask(server, caller, f"SELECT 1 FROM {LISTENERS} AND query <> ''"):
            await asyncio.sleep(0.02)


async def test_the_end_is_seen_though_the_listening_connection_is_killed_again_and_again(
    start, new_caller, submit, watching
):
    server = await start()
    caller = await new_caller(server)
    for _ in range(3):
        job = await submit(*[b"x"] * 120, by=caller)
        async with watching(job, by=caller) as events:
            await events.next()
            await until_listening(server, caller)
            killed = await ask(server, caller, f"SELECT pg_terminate_backend(pid) FROM {LISTENERS}")
            await server.work()
            seen = await events.rest()
        assert (True,) in killed
        assert seen[-1].data["state"] == "completed"


async def test_who_cannot_listen_still_shows_the_end(start, new_caller, submit, watching, log_lines):
    """As behind a full server, or a pooler that knows no LISTEN."""
    server = await start()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    announcements, settings = server.app.state.api.announcements, server.settings
    url = SecretStr(f"postgresql://slipway_app:app@127.0.0.1:{port}/none")
    announcements._settings = settings.model_copy(update={"database_app_url": url})
    caller = await new_caller(server)
    job = await submit(*[b"x"] * 120, by=caller)
    async with watching(job, by=caller) as events:
        await events.next()
        await server.work()
        seen = await events.rest()
    assert seen[-1].data["state"] == "completed"
    logged = log_lines()
    assert {"task": "announcements", "reason": "unavailable"}.items() <= next(
        line.items() for line in logged if line["event"] == "background.postponed"
    )
    assert "error" not in {line["level"] for line in logged}


@pytest.fixture
def own_postgres(servers_folder):
    """A server that the test may kill."""
    server = Postgres(servers_folder / "postgres-of-events", free_port())
    yield server
    server.remove()


async def prepared(postgres, shared_settings, folder: Path):
    """Make a database on it; return settings for it."""
    urls = {
        f"database_{role}_url": SecretStr(f"postgresql://slipway_{role}:{role}@127.0.0.1:{postgres.port}/slipway")
        for role in ("owner", "app", "system")
    }
    keys = {"master_key_file": folder / "master.key", "audit_key_file": folder / "audit.pem", "evidence_dir": folder}
    settings = shared_settings.model_copy(update={**urls, **keys, "database_timeout": 2.0})
    create_keys(settings)
    await bootstrap(postgres.admin_url, settings)
    await asyncio.to_thread(upgrade, settings)
    return settings


async def test_postgres_may_be_gone_for_a_while(
    own_postgres, shared_settings, start, new_caller, submit, watching, tmp_path
):
    await asyncio.to_thread(own_postgres.start)
    server = await start(await prepared(own_postgres, shared_settings, tmp_path))
    caller = await new_caller(server)
    job = await submit(*[b"x"] * 120, by=caller)
    async with watching(job, by=caller) as events:
        await events.next()
        await until_listening(server, caller)
        await asyncio.to_thread(own_postgres.kill)
        await asyncio.sleep(3)
        assert (await caller.http.get(f"/v1/jobs/{job['id']}/events")).status_code == 503
        await asyncio.to_thread(own_postgres.start)
        for _ in range(50):
            with suppress(Unavailable):
                await server.work()
                break
            await asyncio.sleep(0.1)
        seen = await events.rest()
    assert seen[-1].data["state"] == "completed"
    assert seen[-1].data["succeeded"] == 120
