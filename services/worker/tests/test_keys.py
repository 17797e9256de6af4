"""A worker replaces the keys of tenants that are old enough, by itself."""

import psycopg
import pytest

from slipway.database.engine import driver_url


@pytest.fixture
async def superuser(postgres, settings):
    name = driver_url(settings.database_app_url).database
    url = f"{postgres.admin_url.rpartition('/')[0]}/{name}"
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        yield connection


async def test_a_worker_replaces_an_old_key_and_destroys_it_once_the_new_one_is_backed_up(
    launch, submit, principal, superuser
):
    await submit([b"before"])
    for table in ("tenant_keys", "tenant_index_keys"):
        await superuser.execute(f"UPDATE {table} SET created_at = now() - interval '91 days'")

    worker = await launch()
    await worker.ready()
    await worker.reaches('slipway_key_rotations_total{outcome="succeeded"}', 1)
    await worker.reaches('slipway_job_items_finished_total{outcome="succeeded"}', 1)

    versions = "SELECT version, wrapped <> '', destroyed_at IS NULL FROM tenant_keys ORDER BY 1"
    assert await (await superuser.execute(versions)).fetchall() == [(1, True, True), (2, True, True)]
    assert await (await superuser.execute("SELECT DISTINCT wrapped_by FROM subject_keys")).fetchall() == [(2,)]
    await worker.stop()

    # As the command notes a backup; and no process can have the old version in its memory any more.
    await superuser.execute("UPDATE tenant_keys SET backed_up_at = clock_timestamp()")
    await superuser.execute("UPDATE tenant_keys SET retired_at = retired_at - interval '1 hour' WHERE version = 1")
    worker = await launch()
    await worker.ready()
    await worker.reaches('slipway_key_rotations_total{outcome="succeeded"}', 1)
    assert await (await superuser.execute(versions)).fetchall() == [(1, False, False), (2, True, True)]
