"""Row-level security, checked over the catalogue, so that a new table cannot forget it."""

import asyncio
from contextlib import suppress
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from slipway.database import Database
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

SYSTEM_GRANTS = """
    SELECT table_name, privilege_type, string_agg(column_name, ' ' ORDER BY column_name)
    FROM information_schema.column_privileges
    WHERE grantee = 'slipway_system' AND table_schema = 'public' GROUP BY 1, 2
"""


async def test_every_table_has_row_level_security_that_binds_its_owner_too(rows, settings):
    found = await rows("""
        SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
            EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'tenant_id' AND NOT attisdropped),
            ARRAY(SELECT polname::text FROM pg_policy WHERE polrelid = c.oid)
        FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
    """)
    assert {name for name, *_ in found} == {*TENANT_TABLES, "tenants", "alembic_version"}
    for name, enabled, forced, of_a_tenant, policies in found:
        if name != "alembic_version":
            assert (enabled, forced) == (True, True), name
            assert of_a_tenant == (name != "tenants"), name
            assert "tenant" in policies, name


async def test_no_role_can_go_round_it(rows, settings):
    found = await rows("""
        SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb,
            (SELECT count(*) FROM pg_auth_members WHERE member = r.oid)
        FROM pg_roles r WHERE rolname LIKE 'slipway%%' ORDER BY 1
    """)
    assert found == [("slipway_app", False, 0), ("slipway_owner", False, 0), ("slipway_system", False, 0)]


async def test_the_serving_roles_own_nothing(rows, settings):
    assert await rows("SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relname LIKE 'job%%'") == [
        ("slipway_owner",)
    ]
    owned = "SELECT count(*) FROM pg_shdepend WHERE deptype = 'o' AND refobjid = %s::regrole"
    assert [await rows(owned, role) for role in ("slipway_app", "slipway_system")] == [[(0,)], [(0,)]]


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


async def test_the_system_role_sees_queue_metadata_and_key_hashes_only(rows, settings):
    """No sealed column, no pseudonym, no wrapped key, no audit detail."""
    found = {(table, privilege): columns for table, privilege, columns in await rows(SYSTEM_GRANTS)}
    chunk = (
        "attempts available_at created_at first id job_id last lease_until priority state suspect tenant_id token "
        "workload"
    )
    assert found == {
        ("alembic_version", "SELECT"): "version_num",
        ("tenants", "SELECT"): "id name",
        ("api_keys", "SELECT"): "expires_at hash id revoked_at scopes tenant_id",
        ("api_keys", "UPDATE"): "last_used_at",
        ("jobs", "SELECT"): (
            "created_at dead id priority revision started_at state tenant_id touched_at traceparent workload"
        ),
        ("jobs", "UPDATE"): "revision started_at state",
        ("job_chunks", "SELECT"): chunk,
        ("job_chunks", "UPDATE"): chunk,
        ("idempotency_keys", "SELECT"): "created_at key tenant_id",
        ("audit_log", "SELECT"): "at tenant_id xid",
        ("audit_seals", "SELECT"): "sequence tenant_id upto_xid",
        ("webhook_endpoints", "SELECT"): "broken_until enabled id tenant_id",
        ("webhook_deliveries", "SELECT"): (
            "attempts available_at created_at endpoint_id event_id finished_at id lease_until state tenant_id token"
        ),
        ("webhook_deliveries", "UPDATE"): "attempts lease_until state token",
        ("webhook_events", "SELECT"): "created_at id tenant_id",
    }
    whole = (
        "SELECT table_name, privilege_type FROM information_schema.table_privileges WHERE grantee = 'slipway_system'"
    )
    assert set(await rows(whole)) == {
        ("alembic_version", "SELECT"),
        ("job_chunks", "SELECT"),
        ("job_chunks", "UPDATE"),
        ("idempotency_keys", "DELETE"),
        ("webhook_deliveries", "SELECT"),
        ("webhook_events", "DELETE"),
    }


async def test_the_app_role_can_add_to_the_audit_log_and_to_nothing_of_it(rows, settings):
    found = await rows("""
        SELECT table_name, privilege_type, string_agg(column_name, ' ' ORDER BY column_name)
        FROM information_schema.column_privileges
        WHERE grantee = 'slipway_app' AND table_name LIKE 'audit%%' AND privilege_type <> 'SELECT' GROUP BY 1, 2
    """)
    assert found == [
        ("audit_log", "INSERT", "action actor detail resource tenant_id trace_id"),
        ("audit_seals", "INSERT", "digest entries key_id sealed_at sequence signature tenant_id upto_xid"),
    ]
