"""The role of the autoscaler: it may count what waits, and nothing else."""

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from pydantic import SecretStr

from slipway.database.bootstrap import bootstrap
from slipway.database.migrations import upgrade
from slipway.database.scaler import COLUMNS, SCALER_ROLE, ScalerRoleError
from slipway.database.tables import ALL_TABLES
from slipway.settings import Settings

FILES = Path(__file__).parents[4] / "k8s" / "charts" / "slipway" / "files"
QUERIES = [file.read_text() for file in sorted(FILES.glob("*.sql"))]

Run = Callable[..., Any]


@pytest.fixture
def scaler(postgres, settings) -> Iterator[Settings]:
    """Settings with a role of the autoscaler, which the server does not have; it is gone after the test."""
    name = settings.database_app_url.get_secret_value().rpartition("/")[2]
    url = SecretStr(f"postgresql://{SCALER_ROLE}:scaler@127.0.0.1:{postgres.port}/{name}")
    yield settings.model_copy(update={"database_scaler_url": url})
    for address in (postgres.admin_url.rpartition("/")[0] + f"/{name}", postgres.admin_url):
        with psycopg.connect(address, autocommit=True) as connection:
            if connection.execute("SELECT to_regrole(%s)", [SCALER_ROLE]).fetchone() != (None,):
                connection.execute(f"DROP OWNED BY {SCALER_ROLE}")
    with psycopg.connect(postgres.admin_url, autocommit=True) as connection:
        connection.execute(f"DROP ROLE IF EXISTS {SCALER_ROLE}")


@pytest.fixture
async def ask(scaler, postgres) -> Run:
    """A function that runs a statement as the role, once it was made and granted what it needs."""
    await bootstrap(postgres.admin_url, scaler)
    await asyncio.to_thread(upgrade, scaler)
    return lambda statement: run(scaler, statement)


def run(settings: Settings, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(settings.database_scaler_url.get_secret_value(), autocommit=True) as connection:
        return connection.execute(statement.replace(":'workload'", "'w'")).fetchall()


async def test_it_counts_what_waits_of_all_tenants(ask, two_tenants, superuser):
    await superuser.execute("UPDATE job_chunks SET available_at = now() - interval '1 minute'")
    chunks, oldest = [ask(query)[0][0] for query in QUERIES]
    assert chunks == 2
    assert 60 <= oldest < 600


async def test_it_counts_nothing_where_nothing_waits(ask):
    assert [ask(query)[0][0] for query in QUERIES] == [0, 0]


async def test_the_queries_read_what_is_granted_and_nothing_else(ask, superuser):
    """Each column that is taken away fails one of them; so does each that is not granted."""
    assert len(QUERIES) == 2
    for table, columns in COLUMNS.items():
        for column in columns:
            await superuser.execute(f"REVOKE SELECT ({column}) ON {table} FROM {SCALER_ROLE}")
            with pytest.raises(InsufficientPrivilege):
                _ = [ask(query) for query in QUERIES]
            await superuser.execute(f"GRANT SELECT ({column}) ON {table} TO {SCALER_ROLE}")
    assert [len(ask(query)) for query in QUERIES] == [1, 1]


async def test_it_sees_no_other_column(ask, two_tenants):
    for table in ALL_TABLES:
        for column in table.columns:
            statement = f"SELECT {column.name} FROM {table.name}"
            if column.name in COLUMNS.get(table.name, ()):
                assert len(ask(statement)) == 2, statement
            else:
                with pytest.raises(InsufficientPrivilege):
                    ask(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM job_chunks",
        "UPDATE job_chunks SET state = 'waiting'",
        "UPDATE jobs SET state = 'cancelled'",
        "INSERT INTO tenants (id, name) VALUES (gen_random_uuid(), 'x')",
        "TRUNCATE job_chunks",
        "SELECT id FROM tenants FOR UPDATE",
        "CREATE TABLE extra (id int)",
        "CREATE TEMPORARY TABLE extra (id int)",
        "SELECT version_num FROM alembic_version",
        "SET ROLE slipway_system",
        "COPY job_chunks TO '/tmp/chunks'",
    ],
)
async def test_it_can_do_nothing_else(ask, statement):
    with pytest.raises(InsufficientPrivilege):
        ask(statement)


async def test_the_role_may_go_round_nothing(ask, rows):
    found = await rows("""
        SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
            EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid)
        FROM pg_roles r WHERE rolname = 'slipway_scaler'
    """)
    assert found == [(False,) * 6]


async def test_what_was_granted_beyond_it_is_taken_back(ask, scaler, superuser):
    await superuser.execute(
        f"GRANT SELECT ON job_items TO {SCALER_ROLE}; GRANT UPDATE (state) ON jobs TO {SCALER_ROLE}"
    )
    await asyncio.to_thread(upgrade, scaler)
    for statement in ("SELECT input FROM job_items", "UPDATE jobs SET state = 'queued'"):
        with pytest.raises(InsufficientPrivilege):
            ask(statement)


async def test_it_may_be_granted_again_and_taken_down_with_the_tables(ask, scaler, rows):
    shown = "SELECT tablename::text, policyname::text, roles::text FROM pg_policies ORDER BY 1, 2"
    before = await rows(shown)
    assert sum(policy == "scaler" for _, policy, _ in before) == len(COLUMNS)
    await asyncio.to_thread(upgrade, scaler)
    assert await rows(shown) == before


async def test_a_role_that_is_not_there_is_told_with_the_statement_that_makes_it(scaler, superuser):
    with pytest.raises(ScalerRoleError) as raised:
        await asyncio.to_thread(upgrade, scaler)
    statement = re.search(r"CREATE ROLE .*?;", str(raised.value))
    assert statement is not None
    await superuser.execute(statement[0].replace("'...'", "'scaler'"))

    await asyncio.to_thread(upgrade, scaler)

    assert run(scaler, QUERIES[0]) == [(0,)]


@pytest.mark.parametrize("role", ["slipway_app", "slipway_owner"])
async def test_no_other_role_is_taken_for_it(role, scaler, postgres):
    url = SecretStr(scaler.database_scaler_url.get_secret_value().replace(SCALER_ROLE, role))
    wrong = scaler.model_copy(update={"database_scaler_url": url})
    with pytest.raises(ScalerRoleError, match="must be that of the role slipway_scaler"):
        await asyncio.to_thread(upgrade, wrong)
    with pytest.raises(ScalerRoleError, match="must be that of the role slipway_scaler"):
        await bootstrap(postgres.admin_url, wrong)
