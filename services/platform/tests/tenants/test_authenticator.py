import time
from datetime import timedelta

import pytest

from slipway import clock
from slipway.errors import Unauthenticated, Unavailable
from slipway.tenants import authenticator as module
from slipway.tenants.authenticator import Authenticator
from slipway.tenants.schemas import KeyOrder, Scope
from slipway.tenants.service import issue_key, revoke_key
from slipway.tenants.token import new_token


@pytest.fixture
def authenticator(platform):
    return Authenticator(platform.database, platform.settings)


@pytest.fixture
def issue(platform, principal):
    async def key(*scopes, expires_at=None):
        order = KeyOrder("a key", frozenset(scopes or Scope), expires_at)
        async with platform.database.transaction(principal.tenant_id) as connection:
            issued = await issue_key(connection, principal.tenant_id, order, "test")
        return issued.id, issued.token.get_secret_value()

    return key


async def test_a_token_names_its_tenant_and_what_it_may_do(authenticator, issue, principal):
    key_id, token = await issue(Scope.PREDICT)

    caller = await authenticator.authenticate(token)

    assert (caller.tenant_id, caller.key_id, caller.scopes) == (principal.tenant_id, key_id, {"predict"})


async def test_whatever_is_wrong_with_a_token_the_answer_is_the_same(authenticator, issue, platform, principal):
    key_id, token = await issue()
    revoked_id, revoked = await issue()
    _, expired = await issue(expires_at=clock.now() - timedelta(seconds=1))
    async with platform.database.transaction(principal.tenant_id) as connection:
        assert await revoke_key(connection, principal.tenant_id, revoked_id, "test")
    wrong_secret = f"slw_{key_id}_{'0' * 64}"

    refusals = set()
    for wrong in (
        "",
        "slw_",
        "Bearer",
        token[:-1],
        token + "0",
        token.upper(),
        wrong_secret,
        str(new_token()),
        revoked,
        expired,
    ):
        with pytest.raises(Unauthenticated) as found:
            await authenticator.authenticate(wrong)
        refusals.add((str(found.value), str(found.value.headers)))

    assert len(refusals) == 1
    assert (await authenticator.authenticate(token)).key_id == key_id, "wrong guesses do no harm"


async def test_an_expiry_takes_effect_on_time_although_the_key_is_remembered(authenticator, issue):
    _, token = await issue(expires_at=clock.now() + timedelta(minutes=1))
    await authenticator.authenticate(token)

    later = clock.now() + timedelta(minutes=2)
    with clock.use_clock(lambda: later), pytest.raises(Unauthenticated):
        await authenticator.authenticate(token)


async def test_a_revoked_key_dies_within_the_time_that_checks_are_remembered(
    authenticator, issue, platform, principal, monkeypatch
):
    key_id, token = await issue()
    await authenticator.authenticate(token)
    async with platform.database.transaction(principal.tenant_id) as connection:
        assert await revoke_key(connection, principal.tenant_id, key_id, "test")
        assert not await revoke_key(connection, principal.tenant_id, key_id, "test"), "only once"

    later = time.monotonic() + platform.settings.key_cache_ttl
    monkeypatch.setattr(module.time, "monotonic", lambda: later)
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(token)


async def test_a_remembered_check_costs_no_query(authenticator, issue, platform, monkeypatch):
    _, token = await issue()
    unknown = str(new_token())
    await authenticator.authenticate(token)
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(unknown)

    def refuse():
        raise AssertionError("the database was asked")

    monkeypatch.setattr(platform.database, "system_transaction", refuse)
    await authenticator.authenticate(token)
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(unknown)


async def test_guesses_do_not_fill_the_memory(authenticator, issue, monkeypatch):
    monkeypatch.setattr(module, "_REMEMBERED", 10)
    _, token = await issue()
    for _ in range(30):
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate(str(new_token()))
        await authenticator.authenticate(token)

    assert len(authenticator._remembered) == 10


async def test_the_last_use_is_written_in_batches_and_survives_an_outage(
    authenticator, issue, platform, rows, monkeypatch
):
    used, token = await issue()
    unused, _ = await issue()
    await authenticator.authenticate(token)
    await authenticator.authenticate(token)

    def fail():
        raise Unavailable("The database does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(platform.database, "system_transaction", fail)
        with pytest.raises(Unavailable):
            await authenticator.flush_last_used()
    assert await rows("SELECT count(last_used_at) FROM api_keys") == [(0,)]
    await authenticator.flush_last_used()

    found = dict(await rows("SELECT id, last_used_at > now() - interval '1 min' FROM api_keys"))
    assert found == {used: True, unused: None}
    await rows("UPDATE api_keys SET last_used_at = NULL")
    await authenticator.flush_last_used()
    assert await rows("SELECT count(last_used_at) FROM api_keys") == [(0,)], "nothing was used since"
