import asyncio
import shutil
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import create_engine, pool
from sqlalchemy.exc import DBAPIError

from slipway.database import Database, tables
from slipway.database.base import metadata
from slipway.database.bootstrap import bootstrap
from slipway.database.engine import driver_url
from slipway.database.migrations import configuration, head, upgrade
from slipway.database.readiness import check_schema
from slipway.errors import Unavailable

ROOT = Path(__file__).parents[4]
SCHEMA = """
    SELECT 'column', table_name, column_name, data_type || coalesce(column_default, '') || is_nullable
        FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'policy', tablename, policyname, roles::text || coalesce(qual, '') || coalesce(with_check, '')
        FROM pg_policies
    UNION ALL SELECT 'grant', table_name, grantee, string_agg(privilege_type || column_name, ' ' ORDER BY 1)
        FROM (SELECT table_name, grantee, privilege_type, column_name FROM information_schema.column_privileges
              WHERE table_schema = 'public' ORDER BY 1, 2, 3, 4) g GROUP BY 2, 3
    ORDER BY 1, 2, 3
"""


def is_comment(change):
    return isinstance(change, list) and all(kind == "modify_comment" for kind, *_ in change)


async def downgrade(settings):
    await asyncio.to_thread(command.downgrade, configuration(settings), "base")


async def test_the_models_are_the_migrated_schema(settings):
    assert len(tables.ALL_TABLES) == len(metadata.tables)
    engine = create_engine(driver_url(settings.database_owner_url), poolclass=pool.NullPool)
    with engine.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Did not recognize type 'xid8'")
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    # Comments are for the readers of the code.
    assert [change for change in found if not is_comment(change)] == []


async def test_down_and_up_again_ends_where_it_began(settings, rows):
    before = await rows(SCHEMA)
    assert len(before) > 100

    await downgrade(settings)
    assert await rows("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'") == [("alembic_version",)]
    await asyncio.to_thread(upgrade, settings)

    assert await rows(SCHEMA) == before


async def test_a_second_upgrade_changes_nothing(settings, rows):
    before = await rows("SELECT oid, relname, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    assert await asyncio.to_thread(upgrade, settings) == head()
    after = await rows("SELECT oid, relname, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    assert after == before


async def test_a_schema_that_is_newer_than_the_code_is_left_alone(settings, rows):
    """As after a rollback of the code: version N-1 runs on schema N."""
    await rows("UPDATE alembic_version SET version_num = 'from-the-future'")
    await rows("ALTER TABLE jobs ADD COLUMN extra int")
    before = await rows(SCHEMA)

    assert await asyncio.to_thread(upgrade, settings) == "from-the-future"

    assert await rows("SELECT version_num FROM alembic_version") == [("from-the-future",)]
    assert await rows(SCHEMA) == before


async def test_processes_may_migrate_at_the_same_time(settings, rows):
    await downgrade(settings)
    script = (
        "from slipway.settings import Settings; from slipway.database.migrations import upgrade; upgrade(Settings())"
    )
    environment = {"SLIPWAY_DATABASE_OWNER_URL": settings.database_owner_url.get_secret_value()}

    def migrate(_):
        return subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False)

    with ThreadPoolExecutor(2) as threads:
        ended = await asyncio.to_thread(lambda: list(threads.map(migrate, range(2))))

    assert [(process.returncode, process.stderr) for process in ended] == [(0, b"")] * 2
    assert await rows("SELECT version_num FROM alembic_version") == [(head(),)]


async def test_a_migration_needs_the_owner(settings):
    with pytest.raises(ValueError, match="SLIPWAY_DATABASE_OWNER_URL"):
        await asyncio.to_thread(upgrade, settings.model_copy(update={"database_owner_url": None}))


def test_every_migration_passes_the_linter(tmp_path):
    script = StringIO()
    with redirect_stdout(script):
        command.upgrade(configuration(), "head", sql=True)
    file = tmp_path / "migration.sql"
    file.write_text(script.getvalue())
    squawk = shutil.which("squawk", path=Path(sys.executable).parent)
    assert squawk is not None

    found = subprocess.run(
        [squawk, "--config", Path(__file__).with_name("squawk.toml"), file], capture_output=True, text=True, check=False
    )

    assert "CREATE TABLE job_items" in script.getvalue()
    assert found.returncode == 0, found.stdout + found.stderr


async def test_a_migrated_database_is_ready(database):
    await check_schema(database)


async def test_a_schema_that_is_newer_than_the_code_is_ready(database, rows):
    await rows("UPDATE alembic_version SET version_num = 'from-the-future'")
    await check_schema(database)


async def test_an_older_schema_is_not_ready(database, settings):
    await downgrade(settings)
    with pytest.raises(Unavailable, match="slipway migrate"):
        await check_schema(database)


async def test_an_empty_database_is_not_ready(database, settings, rows):
    await downgrade(settings)
    await rows("DROP TABLE alembic_version")
    with pytest.raises(Unavailable, match="slipway migrate"):
        await check_schema(database)


async def test_without_a_server_nothing_is_ready(settings):
    nowhere = SecretStr("postgresql://slipway_system@127.0.0.1:9/slipway")
    database = Database(settings.model_copy(update={"database_system_url": nowhere}))
    with pytest.raises(Unavailable, match="does not answer"):
        await check_schema(database)
    await database.close()


async def test_bootstrap_may_run_again(postgres, settings, database):
    await bootstrap(postgres.admin_url, settings)
    await bootstrap(postgres.admin_url, settings)

    await check_schema(database)
    with pytest.raises(ValueError, match="SLIPWAY_DATABASE_OWNER_URL"):
        await bootstrap(postgres.admin_url, settings.model_copy(update={"database_owner_url": None}))


async def test_only_the_three_roles_may_connect(rows, settings):
    found = await rows("SELECT datacl::text FROM pg_database WHERE datname = current_database()")
    assert sorted(found[0][0].strip("{}").split(",")) == [
        "slipway_app=c/slipway_owner",
        "slipway_owner=CTc/slipway_owner",
        "slipway_system=c/slipway_owner",
    ]


async def test_a_legal_hold_is_not_lost_on_the_way_down(settings, rows):
    tenant, subject = (await rows("SELECT gen_random_uuid(), gen_random_uuid()"))[0]
    await rows("INSERT INTO tenants (id, name) VALUES (%s, 'held')", tenant)
    held = "INSERT INTO subjects (id, tenant_id, hold_until) VALUES (%s, %s, now() + interval '1 h')"
    await rows(held, subject, tenant)

    with pytest.raises(DBAPIError, match="Legal holds are in force"):
        await downgrade(settings)
    assert await rows("SELECT id FROM subjects WHERE hold_until > now()") == [(subject,)]
    assert await rows("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'subjects'") == [(True,)]

    await rows("UPDATE subjects SET hold_until = now()")
    await downgrade(settings)
