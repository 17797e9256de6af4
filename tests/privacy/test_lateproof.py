"""Nothing is kept for longer than its limit and 24 hours, and the count would say so."""

from datetime import timedelta

import pytest
from privacy.lateness import late_by_table, late_rows, plant
from privacy.lateproof import prove
from psycopg import AsyncConnection

from slipway.clock import now
from slipway.database.engine import driver_url
from slipway.retention.policies import Policy
from slipway.retention.stores import STORES, Jobs

NEW = {
    "subjects": "WHERE hold_until IS NOT NULL",
    "webhook_events": "WHERE created_at > now() - interval '9 days'",
    "webhook_deliveries": "WHERE created_at > now() - interval '9 days'",
    "webhook_attempts": "WHERE at > now() - interval '9 days'",
}
"""Which rows of a table must stay."""


@pytest.fixture
async def superuser(settings, postgres):
    url = f"{postgres.admin_url.rpartition('/')[0]}/{driver_url(settings.database_app_url).database}"
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        yield connection


async def count(superuser, table):
    return (await (await superuser.execute(f"SELECT count(*) FROM {table}")).fetchone())[0]


async def test_nothing_is_late_and_nothing_is_lost(settings, postgres, superuser):
    told = []
    proof = await prove(settings, postgres.admin_url, 8, jobs=60, ahead=(0, 1, 40), at_once=50, progress=told.append)

    assert (proof.late_rows, proof.lost_rows) == (0, 0), proof.by_table
    assert proof.deleted > 500
    assert told == [1, 2, 3]
    remembered = "subjects WHERE pseudonym IS NOT NULL AND coalesce(restricted_at, objected_at) IS NOT NULL"
    assert await count(superuser, remembered) == 2 * 12
    # Of the people under a hold, and of nobody else, something is left by then.
    assert await count(superuser, "job_items") > 0
    not_held = await superuser.execute("""
        SELECT count(*) FROM job_items i JOIN subjects s ON s.id = i.subject_id JOIN jobs j ON j.id = i.job_id
        WHERE s.hold_until IS NULL AND coalesce(j.finished_at, j.touched_at) < now() + interval '10 days'
    """)
    assert await not_held.fetchone() == (0,)


async def test_rows_that_nobody_deletes_are_counted(settings, superuser):
    await plant(superuser, 8, jobs=40)
    found = await late_by_table(superuser, settings, now())
    assert [table for table, late in found.items() if not late] == []
    assert await late_rows(superuser, settings, now()) == sum(found.values()) > 500


@pytest.mark.parametrize("forgotten", [store.policy.store for store in STORES])
async def test_a_store_that_is_forgotten_is_found(settings, postgres, forgotten):
    kept = tuple(store for store in STORES if store.policy.store != forgotten)
    proof = await prove(settings, postgres.admin_url, 8, jobs=20, ahead=(40,), stores=kept)
    policy = next(store.policy for store in STORES if store.policy.store == forgotten)
    assert proof.by_table[policy.table] > 0


async def test_what_goes_too_early_is_found(settings, postgres, monkeypatch):
    monkeypatch.setattr(Policy, "limit", lambda *_: timedelta(days=3))
    proof = await prove(settings, postgres.admin_url, 8, jobs=20, ahead=(0,))
    assert proof.lost_rows > 0


async def test_an_objection_that_is_forgotten_is_found(settings, postgres, superuser):
    class Forgetful(Jobs):
        async def delete(self, connection, window, after):
            await superuser.execute("DELETE FROM subjects WHERE objected_at IS NOT NULL")
            return await super().delete(connection, window, after)

    proof = await prove(settings, postgres.admin_url, 8, jobs=20, ahead=(400,), stores=[Forgetful(), *STORES[1:]])
    assert proof.lost_rows > 0


@pytest.mark.parametrize("table", ["subjects", "webhook_events", "webhook_deliveries", "webhook_attempts"])
async def test_a_row_that_something_else_takes_is_found(settings, postgres, superuser, table):
    """Whatever deletes too much, and from wherever, while the retention runs."""

    class Careless(Jobs):
        async def delete(self, connection, window, after):
            await superuser.execute(
                f"DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM {table} {NEW[table]} LIMIT 1)"
            )
            return await super().delete(connection, window, after)

    proof = await prove(settings, postgres.admin_url, 8, jobs=20, ahead=(0,), stores=[Careless(), *STORES[1:]])
    assert proof.lost_rows > 0
