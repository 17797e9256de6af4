"""The address and the secrets are sealed, and tenants do not meet."""

import base64

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from slipway.errors import Conflict, NotFound
from slipway.keys.envelope import SealBroken
from slipway.webhooks import deliveries
from slipway.webhooks.schemas import EventType
from slipway.webhooks.sealing import EndpointSealer

TABLES = ("webhook_endpoints", "webhook_events", "webhook_deliveries", "webhook_attempts", "audit_log")


async def test_neither_address_nor_secret_is_anywhere_in_the_tables(desk, receiver, rows):
    webhook = await desk.register(receiver.url)
    async with desk.opened() as webhooks:
        rotated = await webhooks.rotate_secret(webhook.id)
    await desk.change(webhook.id, url=f"{receiver.url}&more=t0psecret")
    await desk.test(webhook.id)
    await desk.dispatch()
    assert len(receiver.requests) == 1

    dump = "".join([str(await rows(f"SELECT * FROM {table}")) for table in TABLES]).encode()
    assert str(webhook.id).encode() in dump
    secrets = [secret.removeprefix("whsec_") for secret in (webhook.secret, rotated.secret)]
    for secret in ("t0psecret", "127.0.0.1", "/hook", *secrets):
        assert secret.encode() not in dump
        assert secret.encode().hex().encode() not in dump
    for secret in secrets:
        assert base64.b64decode(secret).hex().encode() not in dump


async def test_a_sealed_column_opens_in_its_place_only(desk, rows):
    one, two = await desk.register("https://one.example/"), await desk.register("https://two.example/")
    keyset = await desk.platform.keyring.keyset(desk.principal.tenant_id)
    ((url, secret),) = await rows("SELECT url, secret FROM webhook_endpoints WHERE id = %s", one.id)
    assert EndpointSealer(keyset, one.id).open("url", url) == "https://one.example/"
    for endpoint, column, sealed in ((two.id, "url", url), (one.id, "secret", url), (one.id, "url", secret)):
        with pytest.raises(SealBroken):
            EndpointSealer(keyset, endpoint).open(column, sealed)


async def test_other_tenants_see_nothing_of_it(desk, receiver, stranger):
    webhook = await desk.register(receiver.url)
    (delivery_id,) = await desk.test(webhook.id)
    async with desk.opened(stranger) as theirs:
        assert await theirs.every() == []
        for act in (theirs.get, theirs.delete, theirs.rotate_secret, theirs.get_secret):
            with pytest.raises(NotFound):
                await act(webhook.id)
    async with desk.platform.database.transaction(stranger.tenant_id) as connection:
        for act in (
            deliveries.send_test(connection, stranger, webhook.id),
            deliveries.redeliver(connection, stranger, webhook.id, delivery_id),
            deliveries.get_delivery(connection, webhook.id, delivery_id),
        ):
            with pytest.raises(NotFound):
                await act
    await desk.complete(principal=stranger)
    await desk.dispatch()
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("column", ["url", "secret", "previous_secret", "events"])
async def test_the_role_that_claims_cannot_read_what_is_sealed(desk, column):
    await desk.register("https://one.example/")
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with desk.platform.database.system_transaction() as connection:
            await connection.execute(text(f"SELECT {column} FROM webhook_endpoints"))


@pytest.mark.parametrize("statement", ["SELECT payload FROM webhook_events", "SELECT 1 FROM webhook_attempts"])
async def test_nor_payloads_nor_the_log(desk, statement):
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with desk.platform.database.system_transaction() as connection:
            await connection.execute(text(statement))


async def test_there_is_a_limit_of_endpoints(desk):
    for _ in range(2):
        await desk.register("https://one.example/", most=2)
    with pytest.raises(Conflict, match="2 webhooks"):
        await desk.register("https://one.example/", most=2)


async def test_a_redelivery_of_another_endpoints_delivery_is_not_found(desk):
    one, two = await desk.register("https://one.example/"), await desk.register("https://two.example/")
    (delivery_id,) = await desk.test(one.id)
    async with desk.platform.database.transaction(desk.principal.tenant_id) as connection:
        with pytest.raises(NotFound):
            await deliveries.redeliver(connection, desk.principal, two.id, delivery_id)


async def test_a_disabled_endpoint_is_not_sent_to(desk):
    webhook = await desk.register("https://one.example/", EventType.JOB_COMPLETED)
    (delivery_id,) = await desk.test(webhook.id)
    await desk.change(webhook.id, enabled=False)
    async with desk.platform.database.transaction(desk.principal.tenant_id) as connection:
        with pytest.raises(Conflict, match="Enable it"):
            await deliveries.send_test(connection, desk.principal, webhook.id)
        with pytest.raises(Conflict, match="Enable it"):
            await deliveries.redeliver(connection, desk.principal, webhook.id, delivery_id)


async def test_what_is_being_sent_is_not_sent_again(desk, rows):
    webhook = await desk.register("https://one.example/")
    (delivery_id,) = await desk.test(webhook.id)
    await rows("UPDATE webhook_deliveries SET state = 'sending', lease_until = now() + interval '1 minute'")
    async with desk.platform.database.transaction(desk.principal.tenant_id) as connection:
        with pytest.raises(Conflict, match="being sent"):
            await deliveries.redeliver(connection, desk.principal, webhook.id, delivery_id)
