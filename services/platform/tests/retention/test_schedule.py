"""What workers tell of the retention is true: after a failure, a restart, on a wrong clock, and with one another."""

import datetime as dt
from datetime import timedelta

import pytest

from slipway.database import Database
from slipway.errors import Unavailable
from slipway.retention.schedule import RetentionSchedule
from slipway.retention.service import ClockError, Retention
from slipway.retention.stores import STORES, Jobs
from slipway.telemetry.metrics import Metrics

DAY = 86_400
HOUR = 1 / 24


class Broken(Jobs):
    """Can count, and delete nothing."""

    async def delete(self, *_):
        raise ValueError("a defect")


class Blind(Broken):
    """Can do neither."""

    async def look(self, *_):
        raise ValueError("a defect")


@pytest.fixture
def machine_clock(monkeypatch):
    """Return a function that sets the machine's clock ahead."""

    def set_ahead(by: timedelta) -> None:
        class Ahead(dt.datetime):
            @classmethod
            def now(cls, tz=None):
                return dt.datetime.now(tz) + by

        monkeypatch.setattr("slipway.clock.datetime", Ahead)

    return set_ahead


@pytest.mark.parametrize("by", [timedelta(days=40), timedelta(minutes=-6)], ids=["ahead", "behind"])
async def test_on_a_wrong_clock_nothing_is_deleted(archive, machine_clock, by):
    await archive.take_in("ada")
    await archive.work()
    before = await archive.count()
    machine_clock(by)
    for refused in (archive.retention().run(), archive.retention().look()):
        with pytest.raises(ClockError, match=r"Set both right"):
            await refused
    await archive.schedule()
    assert archive.metric("runs_total", outcome="refused") == 1
    assert await archive.count() == before
    machine_clock(timedelta(minutes=4))
    await archive.schedule()
    assert archive.metric("runs_total", outcome="succeeded") == 1


async def test_what_cannot_be_deleted_is_measured_all_the_same(archive):
    await archive.take_in("ada")
    await archive.work()
    await archive.schedule(0)
    await archive.schedule(31, stores=[Broken(), *STORES[1:]])
    assert DAY - 60 < archive.metric("overdue_seconds", store="jobs") < DAY + 60
    # Nobody can look any more: what is known goes on to age.
    await archive.schedule(32, stores=[Blind(), *STORES[1:]])
    assert 2 * DAY - 60 < archive.metric("overdue_seconds", store="jobs") < 2 * DAY + 60
    assert archive.metric("overdue_seconds", store="subjects") == 0
    assert archive.metric("runs_total", outcome="failed") == 2


async def test_the_time_since_a_success_outlives_the_process(archive, platform, stranger):
    await archive.schedule(0)
    for days in (1, 2):
        # A process that has just been started.
        archive.metrics = Metrics()
        await archive.schedule(days, stores=[Broken(), *STORES[1:]])
        assert days * DAY - 60 < archive.metric("age_seconds") < days * DAY + 60
    await archive.schedule(3)
    assert 0 <= archive.metric("age_seconds") < 60


async def test_what_one_worker_has_just_done_the_next_does_not_do_again(archive, rows):
    await archive.schedule(31)
    await archive.take_in("ada")
    await archive.work()
    archive.metrics = Metrics()
    await archive.schedule(31 + 0.4 * HOUR)
    assert archive.metric("deleted_rows_total", store="jobs") == 0
    # It says how things stand nevertheless.
    assert archive.metric("overdue_seconds", store="jobs") == 0
    assert 0.4 * 3600 - 60 < archive.metric("age_seconds") < 0.4 * 3600 + 60
    await archive.schedule(31 + 0.6 * HOUR)
    assert archive.metric("deleted_rows_total", store="jobs") == 2


async def test_what_another_process_is_at_is_left_to_it(archive, superuser, rows):
    await archive.take_in("ada")
    await archive.work()
    turn = f"slipway.retention/jobs/{archive.principal.tenant_id}"
    async with superuser.transaction():
        await rows("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", turn)
        left = (await archive.run(31))["jobs"]
    assert (left.busy, left.deleted, left.failed) == (1, 0, 0)
    assert await rows("SELECT store FROM retention_runs WHERE store = 'jobs'") == []
    assert (await archive.run(31))["jobs"].deleted == 2


SLOW = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
    PERFORM pg_sleep(CASE WHEN OLD.tenant_id = '{tenant}' THEN {seconds} ELSE 0 END);
    RETURN OLD;
END$$;
CREATE TRIGGER slow BEFORE DELETE ON job_items FOR EACH ROW EXECUTE FUNCTION slow();
"""


@pytest.fixture
async def impatient(archive, platform):
    """The platform's database, with a second for each statement."""
    database = Database(platform.settings.model_copy(update={"database_timeout": 1.0}))
    archive.database = database
    yield
    await database.close()


@pytest.mark.usefixtures("impatient")
async def test_a_batch_that_takes_too_long_is_made_smaller(archive, superuser):
    await archive.take_in(*["ada"] * 60)
    await superuser.execute(SLOW.format(tenant=archive.principal.tenant_id, seconds=0.03).encode())
    done = (await archive.run(31, at_once=60))["jobs"]
    assert (done.deleted, done.failed, done.due) == (61, 0, 0)


@pytest.mark.usefixtures("impatient")
async def test_rows_that_take_too_long_one_by_one_hold_up_nobody_else(archive, stranger, superuser, rows):
    await archive.take_in("ada", None)
    await archive.take_in("eve", caller=stranger)
    await superuser.execute(SLOW.format(tenant=archive.principal.tenant_id, seconds=2).encode())
    done = await archive.run(31, at_once=2)
    assert (done["jobs"].failed, done["jobs"].due) == (1, 3)
    assert done["subjects"].deleted == 1
    assert await rows("SELECT DISTINCT tenant_id FROM jobs") == [(archive.principal.tenant_id,)]


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_is_slow_with_everything_is_left_in_peace(archive, superuser):
    await archive.take_in("ada")
    await superuser.execute(SLOW.format(tenant=archive.principal.tenant_id, seconds=2).encode())
    tried = []

    class Slow(Jobs):
        async def delete(self, connection, window, after):
            tried.append(self)
            return await super().delete(connection, window, after)

    with pytest.raises(Unavailable, match="too slow"):
        await archive.run(31, stores=[Slow() for _ in range(5)], at_once=1)
    assert len(tried) == 3


async def test_an_outage_is_counted_and_told(archive):
    class Away(Jobs):
        async def delete(self, *_):
            raise Unavailable("The database does not answer.")

    with pytest.raises(Unavailable):
        await archive.schedule(31, stores=[Away()])
    assert archive.metric("runs_total", outcome="failed") == 1


async def test_before_there_is_a_tenant_nothing_is_overdue(platform):
    schedule = RetentionSchedule(Retention(platform.database, platform.settings), platform.metrics, every=3600)
    await schedule.run()
    told = {
        sample.labels["store"]: sample.value
        for family in platform.metrics.registry.collect()
        for sample in family.samples
        if sample.name == "slipway_retention_overdue_seconds"
    }
    assert told == {store.policy.store: 0 for store in STORES}
