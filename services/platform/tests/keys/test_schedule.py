from datetime import timedelta

import pytest
from sqlalchemy import text

from slipway.clock import now, use_clock
from slipway.keys.schedule import KeySchedule
from slipway.webhooks.rewrapping import Endpoints

VERSIONS = "SELECT version, emptied_at IS NULL FROM tenant_keys WHERE tenant_id = %s ORDER BY version"


@pytest.fixture
def schedule(platform):
    return KeySchedule(platform.database, platform.rotation, platform.settings, platform.metrics)


@pytest.fixture
def gauge(platform):
    return lambda name, **labels: platform.metrics.registry.get_sample_value(f"slipway_{name}_seconds", labels)


@pytest.fixture
def overdue(gauge):
    """A function: the measured seconds for a reason."""
    return lambda reason: gauge("key_rotation_overdue", reason=reason)


@pytest.fixture
def later():
    """A function: a block in which it is so many days later."""

    def move(days):
        moment = now() + timedelta(days=days)
        return use_clock(lambda: moment)

    return move


async def test_a_key_is_replaced_when_its_time_has_come_and_not_before(
    schedule, principal, later, rows, gauge, overdue, back_up
):
    with later(89.9):
        assert await schedule.run() == 0
        assert overdue("rotation") == 0
        assert gauge("tenant_key_age") == pytest.approx(89.9 * 86_400, abs=600)
    assert await rows(VERSIONS, principal.tenant_id) == [(1, True)]
    with later(90.1):
        assert await schedule.run() == 1
        assert overdue("rotation") == 0
        assert gauge("tenant_key_age") < 600
        assert await schedule.run() == 0
        await back_up()
        assert await schedule.run() == 0, "processes may still have the old version in their memory"
    assert await rows(VERSIONS, principal.tenant_id) == [(1, True), (2, True)]
    with later(90.2):
        assert await schedule.run() == 1
        assert await schedule.run() == 0
    assert await rows(VERSIONS, principal.tenant_id) == [(1, False), (2, True)]


async def test_a_backup_that_is_not_made_is_overdue_a_day_after_it_is_waited_for(
    schedule, principal, later, rows, overdue, back_up, platform
):
    await platform.rotation.rotate(principal.tenant_id, "test")
    for days, seconds in ((0.9, 0), (3, 2 * 86_400)):
        with later(days):
            assert await schedule.run() == 0
            assert overdue("backup") == pytest.approx(seconds, abs=600)
            assert overdue("rotation") == 0
    await back_up()
    with later(3):
        assert await schedule.run() == 1
        assert (overdue("backup"), overdue("rotation")) == (0, 0)
    assert await rows(VERSIONS, principal.tenant_id) == [(1, False), (2, True)]


async def test_what_was_begun_is_gone_on_with_at_once(schedule, principal, platform, rows, monkeypatch):
    async def cut(*_):
        raise ConnectionError("cut")

    with monkeypatch.context() as patch:
        patch.setattr(platform.rotation._rewrapping, "rewrap", cut)
        with pytest.raises(ConnectionError):
            await platform.rotation.rotate(principal.tenant_id, "test")

    assert await rows("SELECT DISTINCT wrapped_by FROM tenant_index_keys") == [(1,)]
    assert await schedule.run() == 1
    assert await rows("SELECT DISTINCT wrapped_by FROM tenant_index_keys") == [(2,)]


async def test_a_key_that_another_worker_has_replaced_is_not_replaced_again(
    schedule, principal, platform, later, rows, back_up, monkeypatch
):
    """Which keys are due is read once, and the others may be hours."""
    with later(91):
        found = await schedule._measured()
        assert await schedule.run() == 1
    await back_up()
    with later(91.1):
        assert await schedule.run() == 1

        async def of_before():
            return found

        monkeypatch.setattr(schedule, "_measured", of_before)
        assert await schedule.run() == 0
    assert await rows(VERSIONS, principal.tenant_id) == [(1, False), (2, True)]


@pytest.mark.parametrize("damage", ["garbled", "too late"])
async def test_a_tenant_whose_webhooks_are_damaged_or_slow_holds_up_no_other(
    schedule, principal, stranger, later, rows, platform, monkeypatch, damage
):
    first, last = sorted((principal.tenant_id, stranger.tenant_id))
    if damage == "garbled":
        await rows(
            "INSERT INTO webhook_endpoints (id, tenant_id, url, secret, events, created_by)"
            " VALUES (gen_random_uuid(), %s, 'u', 's', '{}', '')",
            first,
        )
    else:
        count = Endpoints.needs

        async def slow(self, connection, version):
            if (await connection.scalar(text("SELECT current_setting('slipway.tenant')"))) == str(first):
                await connection.execute(text("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)"))
            return await count(self, connection, version)

        monkeypatch.setattr(Endpoints, "needs", slow)
    with later(91):
        assert await schedule.run() == 1
    assert await rows(
        "SELECT rewrapped_at IS NOT NULL FROM tenant_keys WHERE tenant_id = %s AND version = 1", last
    ) == [(True,)]
    assert platform.metrics.registry.get_sample_value("slipway_key_rotations_total", {"outcome": "failed"}) == 1


async def test_a_tenant_whose_key_does_not_open_holds_up_no_other(
    schedule, principal, stranger, later, rows, platform, overdue
):
    await rows("UPDATE tenant_keys SET wrapped = 'nonsense' WHERE tenant_id = %s", principal.tenant_id)
    with later(91):
        assert await schedule.run() == 1
        assert overdue("rotation") == pytest.approx(86_400, abs=600)
    assert await rows(VERSIONS, stranger.tenant_id) == [(1, True), (2, True)]
    assert await rows(VERSIONS, principal.tenant_id) == [(1, True)]
    counted = platform.metrics.registry.get_sample_value
    assert counted("slipway_key_rotations_total", {"outcome": "failed"}) == 1
    assert counted("slipway_key_rotations_total", {"outcome": "succeeded"}) == 1


async def test_a_tenant_of_the_release_before_waits_until_that_release_is_gone(schedule, principal, later, rows):
    """Its processes derive pseudonyms from the first version: they must find it until the rollout is over."""
    await rows("DELETE FROM tenant_index_keys")
    with later(91):
        assert await schedule.run() == 0
        assert await rows("SELECT wrapped_by FROM tenant_index_keys") == [(1,)]
    await rows("UPDATE tenant_index_keys SET created_at = created_at + interval '91 days'")
    with later(91.02):
        assert await schedule.run() == 0
    with later(91.05):
        assert await schedule.run() == 1
    assert await rows(VERSIONS, principal.tenant_id) == [(1, True), (2, True)]


async def test_without_tenants_nothing_is_due(schedule, platform, gauge):
    assert await schedule.run() == 0
    assert gauge("tenant_key_age") == 0
