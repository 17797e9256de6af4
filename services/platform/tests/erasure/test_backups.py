"""Backups die of whom is erased: the tenant's key is replaced in time, and the receipt tells when that was."""

import base64
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from slipway.clock import now, use_clock
from slipway.erasure.backups import BackupSchedule
from slipway.erasure.receipts import holds
from slipway.erasure.service import Eraser
from slipway.keys.endings import memory
from slipway.keys.envelope import SealBroken
from slipway.keys.provider import KeyDestroyed
from slipway.settings import KeyProviderKind
from slipway.subjects.schemas import Receipt

VERSIONS = "SELECT version, emptied_at IS NULL FROM tenant_keys WHERE tenant_id = %s ORDER BY version"


@pytest.fixture
def schedule(platform):
    def make(**changes):
        settings = platform.settings.model_copy(update=changes)
        return BackupSchedule(platform.database, platform.rotation, platform.signer, settings)

    return make


@pytest.fixture
def rotate(registry, platform):
    """A function: rotate by hand, after a while in which every process has forgotten the keys of before."""

    async def run(wait=timedelta()):
        moment = now() + wait
        with use_clock(lambda: moment):
            return await platform.rotation.rotate(registry.principal.tenant_id, "test")

    return run


@pytest.fixture
def end(platform, rotate, back_up):
    """A function: what comes after a rotation has begun: a backup of the keys, and the old version is destroyed."""

    async def run():
        await back_up()
        return await rotate(memory(platform.settings))

    return run


async def test_the_receipt_tells_the_plan_and_then_what_came_of_it(registry, platform, schedule, end, back_up, rows):
    await registry.take_in("ada", "bob")
    await back_up()
    request = await registry.erase("ada")
    planned = request.receipt.body["backups"]
    assert (planned["tenant_key_version"], planned["certain"]) == (1, False)
    at_latest = datetime.fromisoformat(planned["dead_from"])
    assert timedelta(days=1) < at_latest - now() < timedelta(days=1, hours=1, minutes=1)

    await schedule().run()
    assert await rows(VERSIONS, registry.principal.tenant_id) == [(1, True), (2, True)]
    assert (await registry.track(request)).receipt.body == request.receipt.body, "nothing is destroyed yet"
    await end()
    assert await rows(VERSIONS, registry.principal.tenant_id) == [(1, False), (2, True)]
    await schedule().run()
    shown = (await registry.track(request)).receipt
    told = shown.body["backups"]
    assert (told["tenant_key_version"], told["certain"]) == (1, True)
    assert datetime.fromisoformat(told["dead_from"]) < at_latest
    assert shown.body["stores"] == request.receipt.body["stores"]
    receipt = Receipt(shown.body, base64.b64decode(shown.signature), shown.key_id)
    assert holds(receipt, platform.signer.public_key)
    assert await registry.id_of("bob")


async def test_where_keys_were_never_backed_up_there_is_no_plan(registry, schedule, end, rows):
    """The version is destroyed after a backup of the keys alone: nobody knows whether there will ever be one."""
    await registry.take_in("ada")
    request = await registry.erase("ada")
    assert request.receipt.body["backups"] == {"tenant_key_version": 1, "dead_from": None, "certain": False}
    await schedule().run()
    await end()
    await schedule().run()
    told = (await registry.track(request)).receipt.body["backups"]
    assert (told["certain"], told["dead_from"] is None) == (True, False)


async def test_the_plan_contains_how_long_the_key_service_keeps_a_destroyed_key(registry, platform, back_up):
    await registry.take_in("ada")
    await back_up()
    kept = {"key_provider": KeyProviderKind.AWS_KMS, "kms_deletion_days": 30}
    registry.platform = replace(platform, settings=platform.settings.model_copy(update=kept))
    request = await registry.erase("ada")
    at_latest = datetime.fromisoformat(request.receipt.body["backups"]["dead_from"])
    assert timedelta(days=31) < at_latest - now() < timedelta(days=31, hours=1, minutes=1)


async def test_the_next_rotation_is_a_period_after_the_one_before(registry, schedule, end, rows):
    await registry.take_in("ada", "bob", "carl")
    await registry.erase("ada")
    await schedule().run()
    await end()
    request = await registry.erase("bob")
    await schedule().run()
    assert await rows(VERSIONS, registry.principal.tenant_id) == [(1, False), (2, True)]
    at_latest = datetime.fromisoformat(request.receipt.body["backups"]["dead_from"])
    assert timedelta(hours=48) < at_latest - now() < timedelta(hours=49, minutes=1)

    later = now() + timedelta(days=1, minutes=1)
    with use_clock(lambda: later):
        await schedule().run()
    assert await rows(VERSIONS, registry.principal.tenant_id) == [(1, False), (2, True), (3, True)]


async def test_who_is_erased_while_a_version_waits_to_be_destroyed_has_a_plan_that_waits_for_it(
    registry, schedule, back_up
):
    await registry.take_in("ada", "bob")
    await back_up()
    await registry.erase("ada")
    await schedule(erasure_rotation_seconds=0).run()
    request = await registry.erase("bob")
    at_latest = datetime.fromisoformat(request.receipt.body["backups"]["dead_from"])
    assert timedelta(hours=48) < at_latest - now() < timedelta(hours=49, minutes=1)


async def test_a_rotation_waits_for_erasures_that_go_on_but_not_for_ever(registry, schedule, rows):
    await registry.take_in("ada", "bob")
    await registry.erase("ada")
    await registry.ask("bob")
    await schedule().run()
    assert await rows(VERSIONS, registry.principal.tenant_id) == [(1, True)]
    later = now() + timedelta(minutes=11)
    with use_clock(lambda: later):
        await schedule().run()
    assert await rows(VERSIONS, registry.principal.tenant_id) == [(1, True), (2, True)]


async def test_a_rotation_by_hand_is_told_of_as_well(registry, rotate, end, schedule):
    await registry.take_in("ada")
    request = await registry.erase("ada")
    await rotate()
    await end()
    await schedule().run()
    assert (await registry.track(request)).receipt.body["backups"]["certain"] is True


async def test_a_rotation_in_the_middle_of_an_erasure_counts(registry, platform, monkeypatch):
    """Between the first step and the last the person's key is wrapped anew: it is that version that opens backups."""
    await registry.take_in("ada", "bob")
    real = Eraser.empty

    async def rotating(self, who):
        await platform.rotation.rotate(who.tenant, "test")
        await real(self, who)

    with monkeypatch.context() as patch:
        patch.setattr(Eraser, "empty", rotating)
        request = await registry.erase("ada")
    assert request.receipt.body["backups"] == {
        **request.receipt.body["backups"],
        "tenant_key_version": 2,
        "certain": False,
    }


async def test_a_version_that_cannot_be_destroyed_keeps_backups_alive_of_who_was_there(
    registry, rotate, end, schedule, rows
):
    await registry.take_in("ada", "bob")
    await rotate()
    await end()
    ended = "destroyed_at = NULL, retired_at = retired_at - interval '1 hour'"
    await rows(f"UPDATE tenant_keys SET {ended} WHERE version = 1")
    await rows("UPDATE subjects SET created_at = created_at - interval '2 hours'")
    await registry.take_in("carl")
    erased = {name: await registry.erase(name) for name in ("ada", "carl")}
    assert erased["ada"].receipt.body["backups"] == {"tenant_key_version": 2, "dead_from": None, "certain": True}
    assert erased["carl"].receipt.body["backups"]["dead_from"] is not None
    await rotate()
    await end()
    await schedule().run()
    told = {name: (await registry.track(request)).receipt.body["backups"] for name, request in erased.items()}
    assert told["ada"] == {"tenant_key_version": 2, "dead_from": None, "certain": True}
    assert (told["carl"]["certain"], told["carl"]["dead_from"] is None) == (True, False)


async def test_a_tenant_from_before_there_were_index_keys_is_given_time(registry, schedule, rows):
    await registry.take_in("ada")
    await rows("DELETE FROM tenant_index_keys")
    await rows("UPDATE tenant_keys SET created_at = now() - interval '40 days'")
    await registry.erase("ada")
    for _ in range(2):
        await schedule(erasure_rotation_seconds=0).run()
    assert await rows(VERSIONS, registry.principal.tenant_id) == [(1, True)]
    later = now() + timedelta(hours=1, minutes=1)
    with use_clock(lambda: later):
        await schedule(erasure_rotation_seconds=0).run()
    assert await rows(VERSIONS, registry.principal.tenant_id) == [(1, True), (2, True)]


async def test_one_rotation_serves_all_who_were_erased_before_it(registry, schedule, end, rows):
    await registry.take_in("ada", "bob", "carl")
    for name in ("ada", "bob"):
        await registry.erase(name)
    for _ in range(2):
        await schedule(erasure_rotation_seconds=0).run()
    await end()
    await schedule(erasure_rotation_seconds=0).run()
    assert await rows(VERSIONS, registry.principal.tenant_id) == [(1, False), (2, True)]
    await registry.erase("carl")
    await schedule(erasure_rotation_seconds=0).run()
    assert len(await rows(VERSIONS, registry.principal.tenant_id)) == 3


async def test_an_older_backup_with_every_key_still_alive_opens_nobody_who_was_erased(
    registry, platform, schedule, end, rows
):
    """The wrapped key and the sealed inputs as they were, under the tenant's keys as the provider opens them today."""
    await registry.take_in("ada", "bob")
    ada, bob = await registry.id_of("ada"), await registry.id_of("bob")
    saved = dict(await rows("SELECT subject_id, wrapped FROM subject_keys"))
    tenant = registry.principal.tenant_id
    old = (await rows("SELECT wrapped FROM tenant_keys WHERE tenant_id = %s", tenant))[0][0]
    before = await platform.keyring.keyset(tenant)
    assert before.subject_key(str(ada), saved[ada])
    assert before.subject_key(str(bob), saved[bob])

    await registry.erase("ada")
    await schedule(erasure_rotation_seconds=0).run()
    await end()

    today = await platform.keyring.keyset(tenant)
    with pytest.raises(SealBroken):
        today.subject_key(str(ada), saved[ada])
    with pytest.raises(KeyDestroyed):
        await platform.key_provider.unwrap(old, tenant=str(tenant))
    newest = dict(await rows("SELECT subject_id, wrapped FROM subject_keys"))
    assert today.subject_key(str(bob), newest[bob])
    assert ada not in newest
