"""The migration that gives tenant keys versions: what it leaves behind, and when there is no way back."""

import asyncio

import pytest
from alembic import command
from sqlalchemy.exc import DBAPIError

from slipway.database.migrations import configuration, upgrade

SAMPLED = """
    SELECT s.tablename || '.' || s.attname FROM pg_stats s JOIN information_schema.columns c
    ON c.table_schema = s.schemaname AND c.table_name = s.tablename AND c.column_name = s.attname
    WHERE c.table_schema = 'public' AND c.data_type = 'bytea' ORDER BY 1
"""
CANARY = b"\x01\x00\x00\x00\x01canary-of-a-sealed-value-that-was-erased"
SEALED = {
    "subject_keys.wrapped",
    "tenant_keys.wrapped",
    "subjects.pseudonym",
    "job_items.input",
    "idempotency_keys.key",
    "webhook_endpoints.secret",
    "webhook_endpoints.url",
}


async def go_to(settings, revision):
    await asyncio.to_thread(command.downgrade, configuration(settings), revision)


@pytest.fixture
async def of_before(settings, two_tenants, rows):
    """The schema of the release before, with a tenant of it."""
    await rows("UPDATE tenant_keys SET wrapped = %s", CANARY)
    await go_to(settings, "0003")
    return two_tenants


async def test_samples_of_what_is_sealed_go_and_none_is_taken_again(settings, rows, of_before):
    """An erasure does not reach the statistics of PostgreSQL, which keeps values in them."""
    await rows("UPDATE subjects SET pseudonym = id::text::bytea")
    await rows("UPDATE subject_keys SET wrapped = %s", CANARY)
    await rows("ANALYZE")
    assert {name for (name,) in await rows(SAMPLED)} >= SEALED
    files = await rows(
        "SELECT relname, relfilenode FROM pg_class WHERE relname IN ('job_items', 'subjects') ORDER BY 1"
    )

    await asyncio.to_thread(upgrade, settings)
    for _ in range(2):
        found = {name for (name,) in await rows(SAMPLED)}
        assert found.isdisjoint(SEALED | {"tenant_index_keys.wrapped", "job_items.output"})
        held = "SELECT count(*) FROM pg_stats WHERE most_common_vals::text LIKE '%%63616e617279%%'"
        assert await rows(held) == [(0,)]
        await rows("ANALYZE")
    assert (
        await rows("SELECT relname, relfilenode FROM pg_class WHERE relname IN ('job_items', 'subjects') ORDER BY 1")
        == files
    ), "no table was rewritten"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tenant_keys SET retired_at = now(), emptied_at = now(), wrapped = ''",
        "UPDATE tenant_keys SET retired_at = now()",
        "UPDATE tenant_keys SET wrapped = '\\x0200000001aabb'",
    ],
    ids=["destroyed", "being rotated", "wrapped by a file of its own"],
)
async def test_there_is_no_way_back_once_a_key_was_rotated_or_made_in_the_new_way(settings, rows, two_tenants, change):
    """It would drop the index keys, without which nobody is found any more once the first version is gone."""
    await rows("UPDATE tenant_keys SET wrapped = %s", CANARY)
    await rows(f"{change} WHERE tenant_id = %s", two_tenants[0])
    with pytest.raises(DBAPIError, match="would lose data"):
        await go_to(settings, "0003")
    assert await rows("SELECT count(*) FROM tenant_index_keys") == [(2,)]
    assert await rows("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'tenant_keys'") == [(True,)]


async def test_before_that_there_is(settings, rows, of_before):
    assert await rows("SELECT count(*) FROM tenant_keys") == [(2,)]
    await asyncio.to_thread(upgrade, settings)
    assert await rows("SELECT DISTINCT wrapped_by FROM subject_keys") == [(1,)]
