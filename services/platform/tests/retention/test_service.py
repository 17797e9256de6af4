"""What is over its limit goes, whatever is not stays, and a hold keeps both."""

import asyncio

import pytest

from slipway.errors import Unavailable
from slipway.idempotency.service import IdempotencyKey, begin
from slipway.retention.stores import STORES, Jobs
from slipway.subjects.service import named_subjects
from slipway.tenants.schemas import KeyOrder, Scope
from slipway.tenants.service import issue_key, revoke_key

NOTHING = {"jobs": 0, "job_items": 0, "job_chunks": 0, "subjects": 0, "subject_keys": 0}
HOUR = 1 / 24


async def test_a_job_and_all_of_it_is_kept_to_its_limit_and_no_longer(archive, stranger):
    await archive.take_in("ada", "ada", "bob", None)
    await archive.take_in("eve", caller=stranger)
    await archive.work()
    before = await archive.count()
    assert before == {"jobs": 2, "job_items": 5, "job_chunks": 0, "subjects": 5, "subject_keys": 5}

    assert (await archive.run(30 - HOUR))["jobs"].deleted == 0
    assert await archive.count() == before
    done = await archive.run(30 + HOUR)

    assert await archive.count() == NOTHING
    # Two jobs with five items; their unnamed subjects go with them, the three named ones are left without anything.
    assert (done["jobs"].deleted, done["subjects"].deleted) == (7, 3)
    assert (done["jobs"].due, done["jobs"].oldest, done["subjects"].due) == (0, None, 0)


async def test_the_age_of_a_job_counts_from_its_end(archive, rows):
    old, ended_late, retried = [await archive.take_in("ada") for _ in range(3)]
    await archive.work()
    await rows("UPDATE jobs SET created_at = created_at - interval '60 days', touched_at = now() - interval '60 days'")
    await rows("UPDATE jobs SET finished_at = now() - interval '59 days' WHERE id = %s", old)
    await rows("UPDATE jobs SET finished_at = NULL, state = 'queued', touched_at = now() WHERE id = %s", retried)

    await archive.run(0)

    assert {job for (job,) in await rows("SELECT id FROM jobs")} == {ended_late, retried}


async def test_a_job_that_never_ends_goes_as_well(archive, rows):
    await archive.take_in("ada", None)
    assert await rows("SELECT state FROM jobs") == [("queued",)]
    await archive.run(30 + HOUR)
    assert await archive.count() == NOTHING


async def test_no_transaction_deletes_more_than_it_may(archive, rows):
    for _ in range(3):
        await archive.take_in(*["ada"] * 5, *[f"person {n}" for n in range(5)])
    await archive.work()

    done = await archive.run(31, at_once=4)

    assert await archive.count() == NOTHING
    assert (done["jobs"].deleted, done["subjects"].deleted) == (33, 6)
    batches = [
        rows for (rows,) in await rows("SELECT (detail->>'rows')::int FROM audit_log WHERE action = 'data.expired'")
    ]
    assert sum(batches) == 39
    # The last batch takes the three jobs besides.
    assert max(batches) <= 4 + 3
    assert len(batches) > 33 // 7


async def test_each_tenant_can_see_what_was_deleted(archive, stranger, rows):
    await archive.take_in("ada")
    await archive.take_in(None, caller=stranger)
    await archive.work()
    await archive.run(31)
    found = await rows(
        "SELECT tenant_id, actor, resource, detail->>'rows' FROM audit_log WHERE action = 'data.expired' ORDER BY 3, 1"
    )
    mine, theirs = archive.principal.tenant_id, stranger.tenant_id
    assert set(found) == {
        (mine, "system", "retention/jobs", "2"),
        (mine, "system", "retention/subjects", "1"),
        (theirs, "system", "retention/jobs", "2"),
    }


async def test_a_dry_run_says_what_a_run_does_and_does_nothing(archive, rows):
    job_id = await archive.take_in("ada", "bob", None, None)
    await archive.take_in("ada")
    await archive.take_in("carl")
    await archive.work()
    await archive.hold(await archive.subject_of(job_id, 1), days=90)
    before = await archive.count("jobs", "job_items", "subjects", "subject_keys", "audit_log")

    told = await archive.look(31)

    assert await archive.count(*before) == before
    # Ada's two items, Carl's one and two of nobody; two whole jobs. Bob's item keeps the third.
    assert (told["jobs"].due, told["jobs"].held) == (7, 2)
    assert told["jobs"].deleted == 0
    done = await archive.run(31)
    assert {store: told[store].due for store in ("jobs", "api_keys", "idempotency_keys", "webhook_events")} == {
        store: done[store].deleted for store in ("jobs", "api_keys", "idempotency_keys", "webhook_events")
    }
    assert done["jobs"].held == 2


async def test_nobody_goes_whose_data_come_in_at_the_same_time(archive, platform, rows):
    await archive.take_in("ada")
    await archive.forget_jobs()
    keyset = await platform.keyring.keyset(archive.principal.tenant_id)
    async with platform.database.transaction(archive.principal.tenant_id) as connection:
        ada = (await named_subjects(connection, keyset, ["ada"]))["ada"].id
        assert (await archive.run(2))["subjects"].deleted == 0
    assert (ada,) in await rows("SELECT id FROM subjects WHERE pseudonym IS NOT NULL")
    assert (await archive.run(2))["subjects"].deleted == 1


async def test_uploads_and_runs_at_the_same_time_lose_nothing(archive, rows):
    """Each upload names people that the runs are about to delete, as nothing is stored about them."""

    async def upload() -> None:
        for _ in range(15):
            job_id = await archive.take_in("ada", "bob", "carl")
            assert len(await rows("SELECT 1 FROM job_items WHERE job_id = %s", job_id)) == 3
            await rows("DELETE FROM jobs WHERE id = %s", job_id)

    async def expire() -> None:
        for _ in range(30):
            await archive.run(2)

    await asyncio.gather(upload(), expire(), expire())
    kept = await archive.take_in("ada")
    await archive.run(2)
    assert await rows("SELECT job_id FROM job_items") == [(kept,)]


async def test_two_runs_at_the_same_time_delete_each_row_once(archive):
    for _ in range(6):
        await archive.take_in("ada", "bob", None)
    await archive.work()
    one, other = await asyncio.gather(archive.run(31, at_once=2), archive.run(31, at_once=2))
    assert one["jobs"].deleted + other["jobs"].deleted == 24
    assert await archive.count("jobs", "job_items") == {"jobs": 0, "job_items": 0}


async def test_api_keys_go_a_year_after_they_ended(archive, platform, rows):
    tenant = archive.principal.tenant_id
    async with platform.database.transaction(tenant) as connection:
        issued = {
            name: (await issue_key(connection, tenant, KeyOrder(name, frozenset(Scope), None), "test")).id
            for name in ("in force", "revoked", "expired", "both")
        }
        await revoke_key(connection, tenant, issued["revoked"], "test")
    await rows("UPDATE api_keys SET expires_at = now() + interval '10 days' WHERE name IN ('expired', 'both')")
    await rows("UPDATE api_keys SET revoked_at = now() + interval '5 days' WHERE name = 'both'")

    async def left(days: float) -> set[str]:
        await archive.run(days)
        return {name for (name,) in await rows("SELECT name FROM api_keys")}

    assert await left(365 - HOUR) == {"in force", "revoked", "expired", "both"}
    assert await left(365 + HOUR) == {"in force", "expired", "both"}
    assert await left(370 + HOUR) == {"in force", "expired"}
    assert await left(376) == {"in force"}


async def test_old_idempotency_keys_go(archive, platform, rows):
    keyset = await platform.keyring.keyset(archive.principal.tenant_id)
    for name in ("old", "new"):
        async with platform.database.transaction(archive.principal.tenant_id) as connection:
            assert await begin(connection, IdempotencyKey.of(keyset, "POST /v1/jobs", name)) is None
        if name == "old":
            await rows("UPDATE idempotency_keys SET created_at = now() - interval '2 h'")

    assert (await archive.run(1 - HOUR))["idempotency_keys"].deleted == 1
    assert len(await rows("SELECT 1 FROM idempotency_keys")) == 1
    assert (await archive.run(1 + HOUR))["idempotency_keys"].deleted == 1


async def test_one_tenant_who_cannot_be_served_does_not_hold_up_the_others(archive, platform, stranger, rows):
    await archive.take_in("ada")
    await archive.take_in("eve", caller=stranger)
    await archive.work()

    class Broken(Jobs):
        async def delete(self, connection, window, after):
            if (await connection.exec_driver_sql("SELECT current_setting('slipway.tenant')")).scalar_one() == str(
                archive.principal.tenant_id
            ):
                raise ValueError("a defect")
            return await super().delete(connection, window, after)

    done = await archive.run(31, stores=[Broken(), *STORES[1:]])

    assert done["jobs"].failed == 1
    assert await rows("SELECT DISTINCT tenant_id FROM job_items") == [(archive.principal.tenant_id,)]


async def test_an_outage_ends_a_run(archive):
    class Away(Jobs):
        async def delete(self, connection, window, after):
            raise Unavailable("The database does not answer.")

    with pytest.raises(Unavailable):
        await archive.run(31, stores=[Away()])


async def test_what_is_locked_is_measured_and_goes_next_time(archive, superuser, rows):
    metric = archive.metric
    await archive.take_in("ada")
    await archive.work()
    await archive.schedule(0)
    assert metric("overdue_seconds", store="jobs") == 0

    async with superuser.transaction():
        await rows("SELECT 1 FROM jobs FOR UPDATE")
        async with asyncio.timeout(30):
            await archive.schedule(31)
    assert 86_400 - 60 < metric("overdue_seconds", store="jobs") < 86_400 + 60
    assert metric("deleted_rows_total", store="jobs") == 0

    await archive.schedule(31 + HOUR)
    assert metric("overdue_seconds", store="jobs") == 0
    assert metric("deleted_rows_total", store="jobs") == 2
    assert 0 <= metric("age_seconds") < 60


async def test_unnamed_people_whose_job_is_gone_go_as_well(archive, rows):
    held, other = [await archive.take_in(None) for _ in range(2)]
    await archive.hold(await archive.subject_of(held, 0), days=90)
    kept = await archive.take_in(None)
    await rows("DELETE FROM jobs WHERE id IN (%s, %s)", held, other)

    told = (await archive.look(2))["subjects"]
    assert (told.due, told.held) == (1, 1)
    assert (await archive.run(1 - HOUR))["subjects"].deleted == 0
    assert (await archive.run(2, at_once=1))["subjects"].deleted == 1
    assert await archive.count("subjects", "jobs") == {"subjects": 2, "jobs": 1}
    assert len(await rows("SELECT 1 FROM job_items WHERE job_id = %s", kept)) == 1
    assert (await archive.run(91))["subjects"].deleted == 1


async def test_jobs_of_any_size_are_counted_bit_by_bit(archive):
    for people in (["ada"] * 7, ["bob"] * 2, [None]):
        job_id = await archive.take_in(*people)
    await archive.hold(await archive.subject_of(job_id, 0), days=90)
    whole, bit_by_bit = [(await archive.look(31, **sizes))["jobs"] for sizes in ({}, {"at_once": 3})]
    assert (whole.due, whole.held) == (bit_by_bit.due, bit_by_bit.held) == (11, 2)
    assert whole.oldest == bit_by_bit.oldest is not None


LOCKED = {
    "api_keys": "id = (SELECT min(id) FROM api_keys)",
    "idempotency_keys": "key = (SELECT min(key) FROM idempotency_keys)",
    "webhook_events": "id = (SELECT min(id) FROM webhook_events)",
}


@pytest.mark.parametrize("table", LOCKED)
async def test_a_row_that_somebody_has_locked_holds_up_no_other(archive, superuser, rows, table):
    tenant = str(archive.principal.tenant_id)
    await rows(
        "INSERT INTO api_keys (id, tenant_id, name, hash, scopes, revoked_at)"
        " SELECT n::text, %s, 'k', 'h', '{}', now() FROM generate_series(1, 3) n",
        tenant,
    )
    await rows(
        "INSERT INTO idempotency_keys (tenant_id, key, owner, locked_until)"
        " SELECT %s, n::text::bytea, gen_random_uuid(), now() FROM generate_series(1, 3) n",
        tenant,
    )
    await rows(
        "INSERT INTO webhook_events (id, tenant_id, type, payload)"
        " SELECT n::text, %s, 't', '{}' FROM generate_series(1, 3) n",
        tenant,
    )
    async with superuser.transaction():
        await rows(f"SELECT 1 FROM {table} WHERE {LOCKED[table]} FOR UPDATE")
        done = (await archive.run(400))[table]
    assert (done.deleted, done.due) == (2, 1)
    assert (await archive.run(400))[table].deleted == 1
    told = "SELECT sum((detail->>'rows')::int) FROM audit_log WHERE action = 'data.expired' AND resource = %s"
    assert await rows(told, f"retention/{table}") == [(3,)]
