"""Row-level security, checked over the catalogue, so that a new table cannot forget it."""

import asyncio
import re
from contextlib import suppress
from uuid import uuid4

import pytest
from sqlalchemy import NullPool, make_url, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from slipway.database import Database
from slipway.database.bootstrap import SYSTEM_ROLE
from slipway.database.engine import driver_url
from slipway.database.grants import GRANTS
from slipway.database.isolation import VERSION_TABLE, find_faults
from slipway.database.scaler import SCALER_ROLE, grant_scaler
from slipway.database.tables import ALL_TABLES

TENANT_TABLES = [table.name for table in ALL_TABLES if table.name != "tenants"]

SCHEMA_CHANGES = (
    "CREATE TABLE extra (id int)",
    "CREATE TEMPORARY TABLE extra (id int)",
    "CREATE SCHEMA extra",
    "CREATE FUNCTION extra() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE jobs ADD COLUMN extra int",
    "ALTER TABLE jobs DISABLE ROW LEVEL SECURITY",
    "DROP TABLE jobs",
    "TRUNCATE jobs",
    "CREATE POLICY extra ON jobs USING (true)",
    "SET ROLE slipway_owner",
)

MUTATIONS = {
    "ALTER TABLE job_items DISABLE ROW LEVEL SECURITY": "job_items: row-level security",
    "ALTER TABLE job_items NO FORCE ROW LEVEL SECURITY": "job_items: row-level security",
    "DROP POLICY tenant ON subjects": "subjects: there is no policy tenant",
    "ALTER POLICY tenant ON subjects USING (true)": "subjects: the policy tenant is not one",
    "ALTER POLICY tenant ON subjects WITH CHECK (true)": "subjects: the policy tenant is not one",
    "ALTER POLICY tenant ON subjects TO PUBLIC": "subjects: the policy tenant is not one",
    "CREATE POLICY more ON subjects FOR SELECT TO slipway_app USING (pseudonym IS NULL)": "subjects: the policy more",
    "CREATE POLICY system ON subject_keys TO slipway_system USING (true)": "subject_keys: the policy system",
    "GRANT SELECT ON subjects TO slipway_system": r"slipway_system may SELECT subjects \(\*\): that is not declared",
    "GRANT SELECT (input) ON job_items TO slipway_system": r"slipway_system may SELECT job_items \(input\)",
    "GRANT SELECT (wrapped) ON tenant_keys TO PUBLIC": r"PUBLIC may SELECT tenant_keys \(wrapped\)",
    "GRANT UPDATE ON audit_log TO slipway_app": r"slipway_app may UPDATE audit_log \(\*\): that is not declared",
    "GRANT INSERT (id) ON audit_log TO slipway_app": r"slipway_app may INSERT audit_log \(id\)",
    "GRANT TRUNCATE ON jobs TO slipway_app": "slipway_app may TRUNCATE jobs",
    "GRANT SELECT ON jobs TO slipway_app WITH GRANT OPTION": "slipway_app may grant SELECT jobs",
    "GRANT USAGE ON SEQUENCE job_chunks_id_seq TO slipway_system": "slipway_system may USAGE job_chunks_id_seq",
    "REVOKE SELECT (hash) ON api_keys FROM slipway_system": r"slipway_system may not SELECT api_keys \(hash\)",
    "ALTER ROLE slipway_app BYPASSRLS": "The role slipway_app may go round it",
    "ALTER ROLE slipway_owner BYPASSRLS": "The role slipway_owner may go round it",
    "ALTER ROLE slipway_system CREATEROLE": "The role slipway_system may go round it",
    "GRANT pg_read_all_data TO slipway_app": "The role slipway_app is a member of pg_read_all_data",
    "GRANT slipway_owner TO slipway_system": "The role slipway_system is a member of slipway_owner",
    "ALTER TABLE jobs OWNER TO slipway_app": "The role slipway_app owns something",
    "ALTER TABLE jobs OWNER TO CURRENT_USER": "jobs belongs to another role",
    "CREATE TABLE secrets (tenant_id uuid)": "secrets is in the schema, and not among the declared tables",
    "CREATE VIEW all_jobs AS SELECT * FROM jobs": "all_jobs is in the schema, and not among the declared tables",
    "DROP TABLE webhook_attempts": "webhook_attempts is declared, and not in the schema",
    "ALTER FUNCTION announce_job SECURITY DEFINER": "The function announce_job runs with the rights of its owner",
    "GRANT CREATE ON SCHEMA public TO slipway_app": "The role slipway_app may create objects in the schema public",
    "DO $$BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END$$": (
        "The role slipway_system may create schemas or temporary tables"
    ),
    "ALTER DEFAULT PRIVILEGES FOR ROLE slipway_owner GRANT SELECT ON TABLES TO slipway_system": (
        "The role slipway_system is granted rights on what is yet to be made"
    ),
}
"""What someone could do to the separation, and the sentence that must be said about it."""


@pytest.fixture
async def catalogue(postgres, settings):
    """A superuser's connection whose changes are taken back, even those to the roles."""
    url = make_url(postgres.admin_url).set(
        drivername="postgresql+psycopg", database=driver_url(settings.database_app_url).database
    )
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        await transaction.rollback()
    await engine.dispose()


async def test_what_is_declared_is_what_the_migrations_made(catalogue):
    """Forced row-level security on every table with a tenant, policies, owners, roles, and grants by column."""
    assert await find_faults(catalogue) == []


@pytest.mark.parametrize("role", ["app", "system"])
async def test_the_serving_roles_may_ask_about_it_as_well(database, role):
    opened = database.transaction(uuid4()) if role == "app" else database.system_transaction()
    async with opened as connection:
        assert await find_faults(connection) == []


@pytest.mark.parametrize(("change", "fault"), MUTATIONS.items())
async def test_a_hole_in_it_is_found(catalogue, change, fault):
    await catalogue.execute(text(change))
    assert any(re.match(fault, sentence) for sentence in await find_faults(catalogue))


async def test_the_optional_role_of_the_autoscaler_is_no_fault(catalogue):
    await catalogue.execute(text(f"CREATE ROLE {SCALER_ROLE}"))
    await catalogue.run_sync(grant_scaler)
    assert await find_faults(catalogue) == []


async def test_every_table_of_a_tenant_says_whose_a_row_is(catalogue):
    """By a column that cannot be empty: a row of nobody would be out of everybody's sight, erasure's as well."""
    found = await catalogue.execute(
        text("SELECT attrelid::regclass::text FROM pg_attribute WHERE attname = 'tenant_id' AND attnotnull")
    )
    assert set(TENANT_TABLES) <= set(found.scalars())


def test_the_roles_that_are_declared_are_granted_nothing_on_other_tables():
    for role in GRANTS.values():
        assert role.keys() <= {*TENANT_TABLES, "tenants", VERSION_TABLE}


def test_the_system_role_sees_nothing_that_is_sealed_or_secret():
    """No sealed column, no pseudonym, no wrapped key, no audit detail."""
    sealed = {"job_items", "subject_keys", "tenant_index_keys", "webhook_attempts"}
    assert GRANTS[SYSTEM_ROLE].keys().isdisjoint(sealed)
    hidden = {
        "audit_log": {"actor", "resource", "detail"},
        "idempotency_keys": {"fingerprint"},
        "subject_requests": {"subject_id", "requested_by", "receipt", "receipt_signature"},
        "subjects": {"id", "pseudonym", "hold_reason"},
        "tenant_keys": {"*", "wrapped", "provider"},
        "webhook_endpoints": {"url", "secret", "previous_secret"},
        "webhook_events": {"payload"},
    }
    for table, columns in hidden.items():
        assert columns.isdisjoint(GRANTS[SYSTEM_ROLE][table].select)


@pytest.mark.parametrize("role", ["app", "system"])
async def test_the_serving_roles_cannot_change_the_schema(database, role):
    for statement in SCHEMA_CHANGES:
        opened = database.transaction(uuid4()) if role == "app" else database.system_transaction()
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            async with opened as connection:
                await connection.execute(text(statement))


async def test_without_a_tenant_no_table_shows_a_row(database, two_tenants):
    async with database._app._engine.begin() as connection:
        for table in ALL_TABLES:
            assert (await connection.execute(text(f"SELECT 1 FROM {table.name}"))).all() == [], table.name
        await connection.execute(text("SELECT set_config('slipway.tenant', '', true)"))
        for table in ALL_TABLES:
            assert (await connection.execute(text(f"SELECT 1 FROM {table.name}"))).all() == [], table.name


async def test_a_tenant_sees_its_own_rows_and_no_others(database, two_tenants):
    for tenant in two_tenants:
        async with database.transaction(tenant) as connection:
            for table in ALL_TABLES:
                column = "id" if table.name == "tenants" else "tenant_id"
                seen = await connection.execute(text(f"SELECT {column} FROM {table.name}"))
                assert {row[0] for row in seen} == {tenant}, table.name
    async with database.transaction(uuid4()) as connection:
        for table in ALL_TABLES:
            assert (await connection.execute(text(f"SELECT 1 FROM {table.name}"))).all() == [], table.name


async def test_a_tenant_cannot_write_for_another(database, two_tenants, rows):
    mine, theirs = two_tenants
    for table, values in (
        ("tenants", "(id, name) VALUES (:theirs, 'x')"),
        ("subjects", "(tenant_id) VALUES (:theirs)"),
        ("audit_log", "(tenant_id, actor, action, resource) VALUES (:theirs, 'a', 'a', 'a')"),
        ("tenant_keys", "(tenant_id, version, provider, wrapped) VALUES (:theirs, 9, 'x', 'x')"),
    ):
        with pytest.raises(ProgrammingError, match="row-level security"):
            async with database.transaction(mine) as connection:
                await connection.execute(text(f"INSERT INTO {table} {values}"), {"theirs": theirs})
    async with database.transaction(mine) as connection:
        for statement in ("UPDATE jobs SET priority = 0", "DELETE FROM jobs"):
            changed = await connection.execute(text(f"{statement} WHERE tenant_id = :theirs"), {"theirs": theirs})
            assert changed.rowcount == 0
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with database.transaction(mine) as connection:
            await connection.execute(text("UPDATE jobs SET tenant_id = :theirs"), {"theirs": theirs})
    assert await rows("SELECT count(DISTINCT tenant_id), count(*) FROM jobs") == [(2, 2)]


@pytest.mark.parametrize("ending", ["commit", "error", "cancellation", "broken statement"])
async def test_a_pooled_connection_forgets_its_tenant(settings, two_tenants, ending):
    database = Database(settings.model_copy(update={"database_pool_size": 1}))

    async def use(tenant):
        async with database.transaction(tenant) as connection:
            assert len((await connection.execute(text("SELECT 1 FROM jobs"))).all()) == 1
            if ending == "error":
                raise RuntimeError("the block fails")
            if ending == "cancellation":
                raise asyncio.CancelledError
            if ending == "broken statement":
                await connection.execute(text("SELECT 1 / 0"))

    with suppress(RuntimeError, asyncio.CancelledError, DBAPIError):
        await use(two_tenants[0])
        assert ending == "commit"
    async with database._app._engine.begin() as connection:
        assert (await connection.execute(text("SELECT 1 FROM jobs"))).all() == []
    await database.close()
