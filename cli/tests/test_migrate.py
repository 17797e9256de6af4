"""`slipway migrate`."""

import psycopg
import pytest
from typer.testing import CliRunner

from slipway_cli.main import app
from slipway_cli.servers.ports import free_port

ROLES = ("owner", "app", "system")


@pytest.fixture
def new_server(monkeypatch, postgres):
    """The environment of a server that has nothing of ours; returns the database's address."""
    name = "made_by_migrate"
    monkeypatch.setenv("SLIPWAY_DATABASE_ADMIN_URL", postgres.admin_url)
    for role in ROLES:
        url = f"postgresql://slipway_{role}:{role}@127.0.0.1:{postgres.port}/{name}"
        monkeypatch.setenv(f"SLIPWAY_DATABASE_{role.upper()}_URL", url)
    yield f"postgresql://slipway_app:app@127.0.0.1:{postgres.port}/{name}"
    with psycopg.connect(postgres.admin_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")


def test_with_an_administrator_it_makes_roles_database_and_schema_and_may_be_repeated(new_server):
    for _ in range(2):
        found = CliRunner().invoke(app, ["migrate"])
        assert "The schema is at version" in found.output
    with psycopg.connect(new_server) as connection:
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (0,)


def test_a_server_that_is_away_is_named(monkeypatch, new_server):
    monkeypatch.setenv("SLIPWAY_DATABASE_ADMIN_URL", f"postgresql://a:secret@127.0.0.1:{free_port()}/postgres")
    found = CliRunner().invoke(app, ["migrate"])
    assert found.exit_code == 1
    assert "The database does not let us in" in found.output
    assert "secret" not in found.output
