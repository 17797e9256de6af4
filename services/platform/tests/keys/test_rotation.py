import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from slipway.clock import now, use_clock
from slipway.composition import wire_rotation
from slipway.errors import Unavailable
from slipway.jobs import repository as jobs
from slipway.jobs.consumer import Consumer
from slipway.jobs.intake import Intake, Order
from slipway.jobs.sealing import ItemSealer
from slipway.keys.endings import memory
from slipway.keys.envelope import new_data_key, pseudonym, wrap_key
from slipway.keys.provider import KeyDestroyed, KeyIndestructible
from slipway.keys.providers import open_provider
from slipway.keys.rewrapping import BATCH, RotationBlocked
from slipway.keys.rotation import RotationEarly
from slipway.keys.schemas import subject_aad
from slipway.keys.service import Keyring, WrappedElsewhere
from slipway.subjects.service import unnamed_subject
from slipway.webhooks.schemas import EventType
from slipway.webhooks.sealing import EndpointSealer
from slipway.webhooks.service import Webhooks

URL = "https://receiver.example/hook"
VERSIONS = "SELECT version, wrapped, retired_at, emptied_at, destroyed_at FROM tenant_keys ORDER BY version"


@pytest.fixture
def provider(platform):
    return open_provider(platform.settings)


@pytest.fixture
def elsewhere(platform, provider):
    """The keyring of another process: it has its own memory."""
    return Keyring(platform.database, provider, platform.settings)


@pytest.fixture
def begin(platform, principal):
    """A function: rotate; the old version stays."""

    async def run(progress=lambda done, total: None, **options):
        return await platform.rotation.rotate(principal.tenant_id, "test", progress, **options)

    return run


@pytest.fixture
def later(platform):
    """A block in which no process can have the keys of before in its memory."""

    def move():
        moment = now() + memory(platform.settings)
        return use_clock(lambda: moment)

    return move


@pytest.fixture
def rotate(begin, back_up, later):
    """A function: rotate to the end, with a backup and a wait in between; return what was done in both steps."""

    async def run(progress=lambda done, total: None):
        first = await begin(progress)
        await back_up()
        with later():
            last = await begin()
        destroyed, indestructible = first.destroyed + last.destroyed, first.indestructible + last.indestructible
        return replace(first, destroyed=destroyed, indestructible=indestructible, waits=last.waits)

    return run


async def take_in(platform, keyring, principal, names, *, page=b"page"):
    """Accept a job with one input for each name."""
    order = Order(platform.workload.name, 5, 4, 10**6, None, None)
    intake = Intake(platform.database, keyring, principal, order)
    for name in names:
        await intake.add(platform.workload.Input(page=page, patient=name))
    await intake.close(b"")
    return intake.job_id


async def results(platform, keyring, principal, job_id):
    """Read the results as another process does."""

    async def read(keyset):
        async with platform.database.transaction(principal.tenant_id) as connection:
            items = await jobs.read_items(connection, job_id, 0, 10_000)
        return ItemSealer(keyset, job_id).open_results(items)

    return await keyring.read(principal.tenant_id, read)


async def register(keyring, principal):
    async with keyring.transaction(principal.tenant_id) as (connection, keyset):
        return await Webhooks(connection, principal, keyset).create(URL, tuple(EventType), 10)


async def test_all_that_the_old_version_had_wrapped_opens_with_the_new_one_alone(
    platform, principal, rotate, rows, elsewhere
):
    job_id = await take_in(platform, elsewhere, principal, ["jane", "joe", None])
    webhook = await register(elsewhere, principal)
    told = []

    done = await rotate(lambda done, total: told.append((done, total)))

    assert (done.version, done.rewrapped, done.destroyed, done.resumed) == (2, 5, (1,), False)
    assert told[-1] == (5, 5)
    (first, second) = await rows(VERSIONS)
    assert (first[1], None in first[2:]) == (b"", False)
    assert second[1] != b""
    assert second[2:] == (None, None, None)
    assert await rows("SELECT wrapped_by FROM subject_keys UNION SELECT wrapped_by FROM tenant_index_keys") == [(2,)]

    await Consumer(platform).turn()
    for keyring in (
        platform.keyring,
        elsewhere,
        Keyring(platform.database, open_provider(platform.settings), platform.settings),
    ):
        assert [r.state for r in await results(platform, keyring, principal, job_id)] == ["succeeded"] * 3
        async with keyring.transaction(principal.tenant_id) as (connection, keyset):
            assert await Webhooks(connection, principal, keyset).get_secret(webhook.id) == webhook
    assert set((await elsewhere.keyset(principal.tenant_id)).versions) == {2}


async def test_the_old_version_is_destroyed_at_the_provider_too(rotate, provider, principal, rows):
    ((_, wrapped, *_),) = await rows(VERSIONS)
    await rotate()
    with pytest.raises(KeyDestroyed):
        await provider.unwrap(wrapped, tenant=str(principal.tenant_id))


async def test_a_person_is_found_by_the_same_pseudonym_after_any_number_of_rotations(
    platform, principal, rotate, rows, elsewhere
):
    await take_in(platform, platform.keyring, principal, ["jane"])
    before = await rows("SELECT id, pseudonym FROM subjects WHERE pseudonym IS NOT NULL")
    for _ in range(3):
        await rotate()
        await take_in(platform, elsewhere, principal, ["jane"])
    assert await rows("SELECT id, pseudonym FROM subjects WHERE pseudonym IS NOT NULL") == before


async def test_a_tenant_from_before_there_were_index_keys_keeps_its_pseudonyms(
    platform, principal, provider, begin, rotate, rows
):
    """As the release before has left it: pseudonyms derive from the first version."""
    await rows("DELETE FROM tenant_index_keys")
    ((_, wrapped, *_),) = await rows(VERSIONS)
    first = await provider.unwrap(wrapped, tenant=str(principal.tenant_id))
    await take_in(platform, platform.keyring, principal, ["jane"])
    found = "SELECT pseudonym FROM subjects WHERE pseudonym IS NOT NULL"
    assert await rows(found) == [(pseudonym(first, "jane"),)]

    with pytest.raises(RotationEarly):
        await begin()
    await rows("UPDATE tenant_index_keys SET created_at = created_at - interval '1 hour'")
    assert (await rotate()).destroyed == (1,)

    platform.keyring.forget(principal.tenant_id)
    assert (await platform.keyring.keyset(principal.tenant_id)).hash("jane") == pseudonym(first, "jane")


async def test_a_process_that_knows_the_old_version_only_does_not_seal_with_it_any_more(
    platform, principal, rotate, rows, elsewhere
):
    await elsewhere.keyset(principal.tenant_id)
    await rotate()

    await take_in(platform, elsewhere, principal, ["new"])
    webhook = await register(elsewhere, principal)

    assert await rows("SELECT DISTINCT wrapped_by FROM subject_keys") == [(2,)]
    (sealed,) = await rows("SELECT url, secret FROM webhook_endpoints")
    assert [int.from_bytes(value[1:5]) for value in sealed] == [2, 2]
    assert webhook.url == URL


async def test_an_upload_that_was_begun_before_goes_on(platform, principal, rotate, rows, elsewhere):
    order = Order(platform.workload.name, 5, 4, 10**6, None, None)
    intake = Intake(platform.database, elsewhere, principal, order)
    for number in range(BATCH):
        await intake.add(platform.workload.Input(page=b"p", patient=f"early {number}"))
    await rotate()
    for number in range(BATCH):
        await intake.add(platform.workload.Input(page=b"p", patient=f"late {number}"))
    await intake.close(b"")

    assert await rows("SELECT wrapped_by, count(*) FROM subject_keys GROUP BY 1") == [(2, 2 * BATCH + 1)]
    await Consumer(platform).turn()


async def test_a_rotation_waits_for_an_upload_that_holds_the_keys_and_misses_none_of_it(
    platform, principal, rotate, rows, elsewhere
):
    async with elsewhere.transaction(principal.tenant_id) as (connection, keyset):
        rotation = asyncio.create_task(rotate())
        await asyncio.sleep(0.8)
        assert await rows("SELECT version FROM tenant_keys") == [(1,)]
        webhook = await Webhooks(connection, principal, keyset).create(URL, tuple(EventType), 10)
    done = await rotation

    assert (done.version, done.destroyed) == (2, (1,))
    async with elsewhere.transaction(principal.tenant_id) as (connection, keyset):
        row = (await rows("SELECT url FROM webhook_endpoints"))[0]
        assert EndpointSealer(keyset, webhook.id).open("url", row[0]) == URL


@pytest.mark.parametrize("step", ["_begin", "_batches", "_close", "_destroy_at_provider", "_empty"])
async def test_a_rotation_that_was_cut_short_goes_on_where_it_was(
    platform, principal, rotate, rows, elsewhere, monkeypatch, step
):
    job_id = await take_in(platform, elsewhere, principal, [f"{number}" for number in range(BATCH + 10)])
    _cut_after(monkeypatch, platform.rotation, step)
    with pytest.raises(ConnectionError, match="cut"):
        await rotate()
    monkeypatch.undo()
    await take_in(platform, elsewhere, principal, ["meanwhile"])
    await platform.keyring.keyset(principal.tenant_id)

    done = await rotate()

    expected = (2, (1,), True) if step != "_empty" else (3, (2,), False)
    assert (done.version, done.destroyed, done.resumed) == expected
    assert await rows("SELECT DISTINCT wrapped_by FROM subject_keys") == [(done.version,)]
    while await rows("SELECT 1 FROM job_chunks"):
        await Consumer(platform).turn()
    assert {r.state for r in await results(platform, elsewhere, principal, job_id)} == {"succeeded"}


async def test_the_old_version_stays_until_what_took_its_place_is_in_a_newer_backup(
    principal, begin, back_up, later, rows, provider
):
    ((_, wrapped, *_),) = await rows(VERSIONS)
    await back_up()
    done = await begin()
    with later():
        again = await begin()
        assert [(wait.version, wait.backup) for wait in (*done.waits, *again.waits)] == [(1, True)] * 2
        assert (again.destroyed, again.changed) == ((), False)
        assert await provider.unwrap(wrapped, tenant=str(principal.tenant_id))
        await back_up()
        last = await begin()
    assert (last.version, last.destroyed, last.waits) == (2, (1,), ())
    with pytest.raises(KeyDestroyed):
        await provider.unwrap(wrapped, tenant=str(principal.tenant_id))


async def test_the_old_version_stays_while_a_process_may_have_it_in_its_memory(
    platform, principal, begin, back_up, later, rows, provider
):
    ((_, wrapped, *_),) = await rows(VERSIONS)
    await begin()
    await back_up()
    moment = now()
    done = await begin()
    assert [(wait.version, wait.backup) for wait in done.waits] == [(1, False)]
    assert timedelta() < done.waits[0].until - moment <= memory(platform.settings)
    assert await provider.unwrap(wrapped, tenant=str(principal.tenant_id))
    with later():
        assert (await begin()).destroyed == (1,)


async def test_rows_that_come_to_an_old_version_after_all_are_carried_over_and_need_a_newer_backup(
    platform, principal, begin, back_up, later, rows, elsewhere
):
    """As a restore from before may bring them, which no rule of the database meets."""
    await take_in(platform, elsewhere, principal, ["jane"])
    old = await rows("SELECT subject_id, wrapped FROM subject_keys")
    await begin()
    await back_up()
    await rows("SET session_replication_role = replica")
    for subject, wrapped in old:
        await rows("UPDATE subject_keys SET wrapped = %s, wrapped_by = 1 WHERE subject_id = %s", wrapped, subject)
    await rows("RESET session_replication_role")
    with later():
        done = await begin()
        assert (done.rewrapped, done.destroyed, [wait.backup for wait in done.waits]) == (2, (), [True])
        await back_up()
        assert (await begin()).destroyed == (1,)


async def test_nothing_can_be_sealed_with_a_version_that_ends(platform, principal, begin, rows, elsewhere):
    """As an old process does, or one of the release before, which knows nothing of versions and takes no lock."""
    before = await elsewhere.keyset(principal.tenant_id)
    webhook = await register(elsewhere, principal)
    await begin()
    tenant = principal.tenant_id

    async def seal_for_somebody(connection):
        await unnamed_subject(connection, before)

    async def seal_a_webhook(connection):
        await Webhooks(connection, principal, before).create(URL, tuple(EventType), 10)

    async def seal_an_address(connection):
        sealed = EndpointSealer(before, webhook.id).seal("url", URL)
        await connection.execute(text("UPDATE webhook_endpoints SET url = :url"), {"url": sealed})

    async def wrap_the_index_key(connection):
        wrapped = before.index.wrap(before.current, before.tenant)
        await connection.execute(text("UPDATE tenant_index_keys SET wrapped = :wrapped"), {"wrapped": wrapped})

    async def in_a_transaction(work):
        async with platform.database.transaction(tenant) as connection:
            await work(connection)

    for work in (seal_for_somebody, seal_a_webhook, seal_an_address, wrap_the_index_key):
        with pytest.raises(IntegrityError, match="has ended"):
            await in_a_transaction(work)
    assert await rows("SELECT DISTINCT wrapped_by FROM tenant_index_keys") == [(2,)]
    assert await rows("SELECT count(*) FROM subjects") == [(0,)]


async def test_what_is_being_sealed_as_a_version_ends_is_not_lost(platform, principal, begin, rows, elsewhere):
    """It is not seen yet by who looks whether anything needs the version: that one has to wait."""
    before = await elsewhere.keyset(principal.tenant_id)
    async with platform.database.transaction(principal.tenant_id) as connection:
        await unnamed_subject(connection, before)
        rotation = asyncio.create_task(begin())
        await asyncio.sleep(0.8)
    done = await rotation
    assert await rows("SELECT DISTINCT wrapped_by FROM subject_keys") == [(2,)]
    assert done.rewrapped == 2


async def test_the_version_that_wrapped_is_read_from_the_envelope(platform, principal, begin, rows):
    """The release before does not know the column, and would leave its default."""
    await begin()
    keyset = await platform.keyring.keyset(principal.tenant_id)
    async with platform.database.transaction(principal.tenant_id) as connection:
        person = await unnamed_subject(connection, keyset)
        wrapped = wrap_key(keyset.current, new_data_key(), subject_aad(keyset.tenant, str(person.id)))
        await connection.execute(text("UPDATE subject_keys SET wrapped = :w, wrapped_by = 1"), {"w": wrapped})
    assert await rows("SELECT wrapped_by FROM subject_keys") == [(2,)]


async def test_a_tenant_of_the_release_before_is_not_rotated_while_that_may_run(platform, principal, begin, rows):
    """On demand neither: its processes could not open what is sealed after it."""
    await rows("DELETE FROM tenant_index_keys")
    with pytest.raises(RotationEarly, match=r"not before .* UTC, rotate again. Nothing was changed"):
        await begin()
    with pytest.raises(RotationEarly):
        await begin()
    assert await rows("SELECT version FROM tenant_keys") == [(1,)]
    moment = now() + timedelta(hours=1, seconds=1)
    with use_clock(lambda: moment):
        assert (await begin()).version == 2


async def test_a_version_that_another_process_has_replaced_is_not_replaced_again(principal, begin, rotate):
    assert (await rotate()).version == 2
    done = await begin(expected=1)
    assert (done.version, done.changed, done.resumed) == (2, False, False)
    assert (await begin(expected=2)).version == 3


async def test_keys_by_the_million_are_counted_within_the_time_limit(platform, principal, rotate, rows, monkeypatch):
    monkeypatch.setattr("slipway.keys.repository._COUNTED", 3)
    await take_in(platform, platform.keyring, principal, [f"{number}" for number in range(8)])
    told = []
    await rotate(lambda done, total: told.append((done, total)))
    assert told[-1] == (10, 10)


async def test_an_endpoint_that_is_no_envelope_any_more_keeps_the_old_version(principal, begin, rows, elsewhere):
    webhook = await register(elsewhere, principal)
    await rows("UPDATE webhook_endpoints SET secret = 'garbled'")
    with pytest.raises(RotationBlocked, match="1 do not open"):
        await begin()
    assert await rows("SELECT version, rewrapped_at IS NULL FROM tenant_keys ORDER BY version") == [
        (1, True),
        (2, True),
    ]
    await rows("DELETE FROM webhook_endpoints WHERE id = %s", webhook.id)
    assert [(wait.version, wait.backup) for wait in (await begin()).waits] == [(1, True)]


async def test_keys_that_are_read_as_the_old_version_ends_are_read_again(
    platform, principal, begin, back_up, later, provider
):
    """Its rows are of before the end, what the provider says is of after it."""
    await begin()
    await back_up()

    class Slow:
        id = provider.id

        async def unwrap(self, wrapped, *, tenant):
            with later():
                await begin()
            return await provider.unwrap(wrapped, tenant=tenant)

    keyring = Keyring(platform.database, Slow(), platform.settings)
    assert set((await keyring.keyset(principal.tenant_id)).versions) == {2}


async def test_a_key_of_another_provider_is_told_from_a_broken_one(platform, principal, rows):
    await rows("UPDATE tenant_keys SET provider = 'vault-transit:elsewhere', wrapped = '\\x04000000011234'")
    with pytest.raises(Unavailable) as found:
        await Keyring(platform.database, open_provider(platform.settings), platform.settings).keyset(
            principal.tenant_id
        )
    assert isinstance(found.value.__cause__, WrappedElsewhere)
    assert "vault-transit:elsewhere" in str(found.value.__cause__)


async def test_several_at_once_make_one_version(platform, principal, rows, provider, back_up, later):
    await take_in(platform, platform.keyring, principal, [f"{number}" for number in range(2 * BATCH)])

    async def one():
        keyring = Keyring(platform.database, provider, platform.settings)
        rotation = wire_rotation(platform.database, provider, keyring, platform.settings)
        return await rotation.rotate(principal.tenant_id, "test")

    done = await asyncio.gather(*(one() for _ in range(4)))

    assert {rotated.version for rotated in done} == {2}
    assert sum(rotated.rewrapped for rotated in done) == 2 * BATCH + 2
    await back_up()
    with later():
        done = await asyncio.gather(*(one() for _ in range(4)))
    assert sorted(version for rotated in done for version in rotated.destroyed) == [1]
    assert await rows(
        "SELECT action, count(*) FROM audit_log WHERE action LIKE 'tenant_key%%' GROUP BY 1 ORDER BY 1"
    ) == [
        ("tenant_key.destroyed", 1),
        ("tenant_key.rotated", 1),
    ]


async def test_what_does_not_open_keeps_the_old_version(platform, principal, rotate, rows):
    await take_in(platform, platform.keyring, principal, ["jane", "joe"])
    ((subject, good),) = await rows("SELECT subject_id, wrapped FROM subject_keys LIMIT 1")
    await rows(
        "UPDATE subject_keys SET wrapped = set_byte(wrapped, 30, 255 - get_byte(wrapped, 30)) WHERE subject_id = %s",
        subject,
    )
    with pytest.raises(RotationBlocked, match="1 do not open"):
        await rotate()
    assert (await rows("SELECT rewrapped_at FROM tenant_keys")) == [(None,), (None,)]
    assert await rows("SELECT wrapped_by, count(*) FROM subject_keys GROUP BY 1 ORDER BY 1") == [(1, 1), (2, 2)]
    assert len(await rows("SELECT 1 FROM tenant_keys WHERE wrapped <> ''")) == 2

    await rows("UPDATE subject_keys SET wrapped = %s WHERE subject_id = %s", good, subject)
    done = await rotate()
    assert (done.version, done.rewrapped, done.destroyed, done.resumed) == (2, 1, (1,), True)


async def test_rows_that_somebody_holds_are_waited_for_and_then_the_old_version_stays(
    platform, principal, rotate, rows, superuser, monkeypatch
):
    monkeypatch.setattr("slipway.keys.rewrapping._OTHERS_SECONDS", 0.01)
    await take_in(platform, platform.keyring, principal, ["jane"])
    async with superuser.transaction():
        await superuser.execute("SELECT 1 FROM subject_keys FOR UPDATE")
        with pytest.raises(RotationBlocked, match="0 do not open"):
            await rotate()
    done = await rotate()
    assert (done.version, done.rewrapped, done.destroyed, done.resumed) == (2, 2, (1,), True)


async def test_without_the_provider_nothing_changes(platform, principal, rotate, rows, monkeypatch):
    async def away(*_, **__):
        raise ConnectionError("away")

    before = await rows(VERSIONS)
    await platform.keyring.keyset(principal.tenant_id)
    monkeypatch.setattr(platform.rotation._provider, "wrap", away)
    with pytest.raises(Unavailable, match="Nothing was changed"):
        await rotate()
    assert await rows(VERSIONS) == before


async def test_a_version_that_the_provider_cannot_destroy_is_said_to_live_in_backups(
    platform, principal, rotate, rows, monkeypatch
):
    async def refuse(**_):
        raise KeyIndestructible("it wraps others as well")

    monkeypatch.setattr(platform.rotation._destruction._provider, "destroy", refuse)
    done = await rotate()
    assert (done.version, done.destroyed, done.indestructible) == (2, (), (1,))
    (first, _) = await rows(VERSIONS)
    assert (first[1], first[3] is None, first[4]) == (b"", False, None)
    assert (await rotate()).version == 3, "it is over and done with"


async def test_both_ends_of_a_version_are_in_the_audit_log(principal, rotate, rows):
    began = now()
    await rotate()
    found = await rows(
        "SELECT actor, action, resource, detail FROM audit_log WHERE action LIKE 'tenant_key%%' ORDER BY id"
    )
    assert [entry[:3] for entry in found] == [
        ("test", "tenant_key.rotated", "tenant_key/2"),
        ("test", "tenant_key.destroyed", "tenant_key/1"),
    ]
    assert found[1][3]["destroyed_at"] >= began.isoformat()


async def test_another_tenant_s_keys_are_left_alone(platform, principal, stranger, rotate, rows):
    await take_in(platform, platform.keyring, stranger, ["jane"])
    before = await rows("SELECT * FROM subject_keys")
    await rotate()
    assert await rows("SELECT * FROM subject_keys") == before
    assert await rows("SELECT version FROM tenant_keys WHERE tenant_id = %s", stranger.tenant_id) == [(1,)]


def _cut_after(monkeypatch, rotation, step):
    """Let a rotation end as by a kill, after a step has had its effect."""
    parts = (rotation, rotation._rewrapping, rotation._destruction)
    part = next(part for part in parts if hasattr(part, step))
    original = getattr(part, step)

    async def cut(*arguments, **options):
        await original(*arguments, **options)
        raise ConnectionError("cut")

    async def cut_in_the_middle(tenant):
        async for batch in original(tenant):
            if batch.rewrapped == BATCH:
                raise ConnectionError("cut")
            yield batch

    monkeypatch.setattr(part, step, cut_in_the_middle if step == "_batches" else cut)
