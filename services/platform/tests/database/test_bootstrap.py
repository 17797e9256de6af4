"""Roles and database on a new server, made by an administrator who is no superuser: managed servers have no other."""

import asyncio

import psycopg
import pytest
from pydantic import SecretStr

from slipway.database.bootstrap import bootstrap
from slipway.database.migrations import head, upgrade
from slipway.settings import Settings
from slipway_cli.servers.ports import free_port
from slipway_cli.servers.postgres import Postgres

ROLES = ("app", "owner", "scaler", "system")


@pytest.fixture
def server(servers_folder):
    """A server of which an administrator is all that we get."""
    server = Postgres(servers_folder / f"managed-{free_port()}", free_port(), durable=False)
    try:
        with server:
            yield server
    finally:
        server.remove()


@pytest.fixture
def settings(server):
    urls = {
        f"database_{role}_url": SecretStr(f"postgresql://slipway_{role}:{role}@127.0.0.1:{server.port}/managed")
        for role in ROLES
    }
    return Settings(_env_file=None, **urls)


async def test_whoever_may_create_roles_and_databases_is_enough(server, settings):
    with psycopg.connect(server.admin_url, autocommit=True) as superuser:
        superuser.execute("CREATE ROLE admin LOGIN CREATEROLE CREATEDB PASSWORD 'admin'")
        for _ in range(2):
            await bootstrap(f"postgresql://admin:admin@127.0.0.1:{server.port}/postgres", settings)
            assert await asyncio.to_thread(upgrade, settings) == head()
        roles = superuser.execute(
            "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb, rolcanlogin"
            " FROM pg_roles WHERE rolname LIKE 'slipway%' ORDER BY 1"
        ).fetchall()
        able = "SELECT pg_has_role('admin', 'slipway_owner', 'SET') OR pg_has_role('admin', 'slipway_owner', 'USAGE')"
        assert superuser.execute(able).fetchone() == (False,), "the administrator is the owner for a moment only"
        acl = superuser.execute("SELECT datacl::text FROM pg_database WHERE datname = 'managed'").fetchone()[0]
    assert roles == [(f"slipway_{role}", False, True) for role in ROLES]
    assert sorted(entry.partition("=")[0] for entry in acl.strip("{}").split(",")) == [f"slipway_{r}" for r in ROLES]
    for role in ("app", "system", "scaler"):
        url = getattr(settings, f"database_{role}_url").get_secret_value()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM tenants" if role == "app" else "SELECT 1").fetchone()


async def test_a_role_that_could_do_more_is_put_in_its_place(server, settings):
    with psycopg.connect(server.admin_url, autocommit=True) as superuser:
        superuser.execute("CREATE ROLE slipway_app SUPERUSER BYPASSRLS CREATEDB")
        await bootstrap(server.admin_url, settings)
        found = superuser.execute(
            "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcanlogin FROM pg_roles WHERE rolname = 'slipway_app'"
        )
        assert found.fetchone() == (False, False, False, True)
