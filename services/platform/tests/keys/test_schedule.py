from datetime import timedelta

import pytest

from slipway.clock import now, use_clock
from slipway.keys.lifetimes import lifetime, when_backups_die
from slipway.keys.schedule import KeySchedule
from slipway.subjects.service import named_subjects

VERSIONS = "SELECT version, emptied_at IS NULL FROM tenant_keys WHERE tenant_id = %s ORDER BY version"


@pytest.fixture
def schedule(platform):
    return KeySchedule(platform.database, platform.rotation, platform.settings, platform.metrics)


@pytest.fixture
def gauge(platform):
    return lambda name: platform.metrics.registry.get_sample_value(f"slipway_{name}_seconds")


@pytest.fixture
def later():
    """A function: a block in which it is so many days later."""

    def move(days):
        moment = now() + timedelta(days=days)
        return use_clock(lambda: moment)

    return move


async def test_a_key_is_replaced_when_its_time_has_come_and_not_before(schedule, principal, later, rows, gauge):
    with later(89.9):
        assert await schedule.run() == 0
        assert gauge("key_rotation_overdue") == 0
        assert gauge("tenant_key_age") == pytest.approx(89.9 * 86_400, abs=600)
    assert await rows(VERSIONS, principal.tenant_id) == [(1, True)]
    with later(90.1):
        assert await schedule.run() == 1
        assert gauge("key_rotation_overdue") == 0
        assert gauge("tenant_key_age") < 600
        assert await schedule.run() == 0
    assert await rows(VERSIONS, principal.tenant_id) == [(1, False), (2, True)]


async def test_what_was_begun_is_gone_on_with_at_once(schedule, principal, platform, rows, monkeypatch):
    async def cut(*_):
        raise ConnectionError("cut")

    with monkeypatch.context() as patch:
        patch.setattr(platform.rotation, "_rewrap", cut)
        with pytest.raises(ConnectionError):
            await platform.rotation.rotate(principal.tenant_id, "test")

    assert await schedule.run() == 1
    assert await rows(VERSIONS, principal.tenant_id) == [(1, False), (2, True)]


async def test_a_tenant_whose_key_does_not_open_holds_up_no_other(
    schedule, principal, stranger, later, rows, platform, gauge
):
    await rows("UPDATE tenant_keys SET wrapped = 'nonsense' WHERE tenant_id = %s", principal.tenant_id)
    with later(91):
        assert await schedule.run() == 1
        assert gauge("key_rotation_overdue") == pytest.approx(86_400, abs=600)
    assert await rows(VERSIONS, stranger.tenant_id) == [(1, False), (2, True)]
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
    assert await rows(VERSIONS, principal.tenant_id) == [(1, False), (2, True)]


async def test_without_tenants_nothing_is_due(schedule, platform, gauge):
    assert await schedule.run() == 0
    assert gauge("tenant_key_age") == 0


async def test_a_backup_of_a_person_dies_with_the_version_that_wrapped_the_key(platform, principal, rows):
    tenant, settings = principal.tenant_id, platform.settings

    async def fate(*names):
        async with platform.keyring.transaction(tenant) as (connection, keyset):
            people = await named_subjects(connection, keyset, names)
            found = await when_backups_die(connection, [person.id for person in people.values()], settings)
        return {name: found[person.id] for name, person in people.items()}

    ((made,),) = await rows("SELECT created_at FROM tenant_keys")
    jane = (await fate("jane"))["jane"]
    assert (jane.version, jane.certain, jane.ends_at) == (1, False, made + timedelta(days=90))

    await platform.rotation.rotate(tenant, "test")

    async with platform.database.transaction(tenant) as connection:
        ended = await lifetime(connection, 1, settings)
        assert await lifetime(connection, 3, settings) is None
    ((destroyed,),) = await rows("SELECT destroyed_at FROM tenant_keys WHERE version = 1")
    assert ended is not None
    assert (ended.certain, ended.ends_at) == (True, destroyed)
    again = await fate("jane", "joe")
    assert {found.version for found in again.values()} == {2}, "who is still there is in newer backups, too"
