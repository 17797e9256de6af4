"""`slipway migrate`."""

import psycopg
import pytest
from typer.testing import CliRunner

from slipway_cli.main import app
from slipway_cli.servers.ports import free_port

ROLES = ("owner", "app", "system")
CHUNKS = "SELECT count(*) FROM job_chunks WHERE state = 'waiting'"


@pytest.fixture
def address(postgres):
    """A function that returns the URL of a role of ours on a server that has nothing of ours."""
    yield lambda role: f"postgresql://slipway_{role}:{role}@127.0.0.1:{postgres.port}/made_by_migrate"
    with psycopg.connect(postgres.admin_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS made_by_migrate")
        connection.execute("DROP ROLE IF EXISTS slipway_scaler")


@pytest.fixture
def new_server(monkeypatch, postgres, address):
    """The environment of that server's administrator."""
    monkeypatch.setenv("SLIPWAY_DATABASE_ADMIN_URL", postgres.admin_url)
    for role in ROLES:
        monkeypatch.setenv(f"SLIPWAY_DATABASE_{role.upper()}_URL", address(role))


def migrate():
    return CliRunner().invoke(app, ["migrate"])


def ask(url, statement):
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchone()


def test_with_an_administrator_it_makes_roles_database_and_schema_and_may_be_repeated(new_server, address):
    for _ in range(2):
        found = migrate()
        assert "The schema is at version" in found.output
        assert "newer" not in found.output
    assert ask(address("app"), "SELECT count(*) FROM jobs") == (0,)


def test_with_an_administrator_it_makes_the_role_of_the_autoscaler_too(new_server, address, monkeypatch):
    monkeypatch.setenv("SLIPWAY_DATABASE_SCALER_URL", address("scaler"))
    for _ in range(2):
        assert migrate().exit_code == 0
    assert ask(address("scaler"), CHUNKS) == (0,)


def test_without_one_that_role_has_to_be_there(new_server, address, monkeypatch, postgres):
    migrate()
    monkeypatch.setenv("SLIPWAY_DATABASE_SCALER_URL", address("scaler"))
    monkeypatch.delenv("SLIPWAY_DATABASE_ADMIN_URL")

    found = migrate()
    assert found.exit_code == 1
    assert "CREATE ROLE slipway_scaler LOGIN PASSWORD" in found.output

    with psycopg.connect(postgres.admin_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE slipway_scaler LOGIN PASSWORD 'scaler'")
    assert migrate().exit_code == 0
    assert ask(address("scaler"), CHUNKS) == (0,)


def test_a_schema_that_is_newer_is_said_to_be_so_and_left_as_it_is(new_server, address):
    """As after a rollback, whose migration must not fail."""
    migrate()
    with psycopg.connect(address("owner"), autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    found = migrate()

    assert found.exit_code == 0
    assert "The schema is at version 9999. It is newer than this release" in found.output
    assert ask(address("app"), "SELECT version_num FROM alembic_version") == ("9999",)


def test_a_server_that_is_away_is_named(monkeypatch, new_server):
    monkeypatch.setenv("SLIPWAY_DATABASE_ADMIN_URL", f"postgresql://a:secret@127.0.0.1:{free_port()}/postgres")
    found = migrate()
    assert found.exit_code == 1
    assert "The database does not let us in" in found.output
    assert "secret" not in found.output
