import asyncio
import hashlib
import time
from datetime import timedelta

import pytest

from slipway import clock
from slipway.errors import Unauthenticated, Unavailable
from slipway.tenants import authenticator as module
from slipway.tenants import verified
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
        token[:-1] + "\ud800",
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

    def refuse(*_):
        raise AssertionError("the database was asked")

    monkeypatch.setattr(platform.database, "run_system", refuse)
    with pytest.raises(AssertionError, match="was asked"):
        await authenticator.authenticate(str(new_token()))
    await authenticator.authenticate(token)
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(unknown)


async def test_a_key_that_was_learned_costs_no_query_and_is_checked_like_any_other(
    authenticator, issue, platform, monkeypatch
):
    key_id, token = await issue(Scope.PREDICT)
    await authenticator.learn()
    monkeypatch.delattr(platform.database.__class__, "run_system")

    assert (await authenticator.authenticate(token)).key_id == key_id
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(f"slw_{key_id}_{'0' * 64}")


async def test_what_was_learned_of_a_key_is_asked_for_again_in_time(
    authenticator, issue, platform, principal, monkeypatch
):
    key_id, token = await issue()
    await authenticator.learn()
    async with platform.database.transaction(principal.tenant_id) as connection:
        assert await revoke_key(connection, principal.tenant_id, key_id, "test")

    later = time.monotonic() + platform.settings.key_cache_ttl
    monkeypatch.setattr(module.time, "monotonic", lambda: later)
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(token)


async def test_only_keys_in_force_are_learned_and_no_more_than_may_be(
    authenticator, issue, platform, principal, lookups, monkeypatch
):
    _, expired = await issue(expires_at=clock.now() - timedelta(seconds=1))
    revoked_id, revoked = await issue()
    async with platform.database.transaction(principal.tenant_id) as connection:
        assert await revoke_key(connection, principal.tenant_id, revoked_id, "test")
    in_force = [token for _, token in [await issue() for _ in range(3)]]
    monkeypatch.setattr(module, "_LEARNED", 2)

    await authenticator.learn()

    for refused in (expired, revoked):
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate(refused)
    assert len(lookups) == 2, "they are looked up like keys that nobody knows"
    for token in in_force:
        await authenticator.authenticate(token)
    assert len(lookups) >= 3


async def test_one_good_token_says_nothing_for_another_of_the_same_key(authenticator, issue):
    key_id, token = await issue()
    for _ in range(3):
        await authenticator.authenticate(token)
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate(f"slw_{key_id}_{'0' * 64}")


async def test_what_is_kept_of_tokens_is_bounded_and_of_no_use_elsewhere(authenticator, issue, platform, monkeypatch):
    monkeypatch.setattr(verified, "_KEPT", 3)
    other = Authenticator(platform.database, platform.settings)
    tokens = [token for _, token in [await issue() for _ in range(5)]]
    for token in tokens * 2:
        await authenticator.authenticate(token)
        await other.authenticate(token)

    kept, elsewhere = authenticator._verified._kept, other._verified._kept
    assert 0 < len(kept) <= 3
    assert not kept.keys() & elsewhere.keys(), "the digests are under a key of the process"
    secrets = {token.rpartition("_")[2] for token in tokens}
    assert not kept.keys() & {hashlib.blake2b(text.encode(), digest_size=32).digest() for text in (*tokens, *secrets)}


@pytest.fixture
def lookups(monkeypatch):
    """The keys that the database was asked for; each answer takes a moment."""
    find_key, asked = module.repository.find_key, []

    async def slow(connection, key_id):
        asked.append(key_id)
        await asyncio.sleep(0.05)
        return await find_key(connection, key_id)

    monkeypatch.setattr(module.repository, "find_key", slow)
    return asked


async def test_a_herd_costs_one_query_even_if_its_first_goes_away(authenticator, issue, lookups):
    key_id, token = await issue()
    first, *others = [asyncio.create_task(authenticator.authenticate(token)) for _ in range(30)]
    while not lookups:
        await asyncio.sleep(0.001)
    first.cancel()

    assert {caller.key_id for caller in await asyncio.gather(*others)} == {key_id}
    assert first.cancelled()
    assert lookups == [key_id]


async def test_an_outage_is_not_remembered(authenticator, issue, platform, monkeypatch):
    key_id, token = await issue()

    def fail(*_):
        raise Unavailable("The database does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(platform.database, "run_system", fail)
        outcomes = await asyncio.gather(*[authenticator.authenticate(token) for _ in range(3)], return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    assert (await authenticator.authenticate(token)).key_id == key_id


async def test_many_different_keys_at_once_are_answered_within_a_bound(authenticator, issue, lookups, monkeypatch):
    monkeypatch.setattr(module, "_ASKED_AT_ONCE", 2)
    keys = dict([await issue() for _ in range(5)])
    callers = [asyncio.create_task(authenticator.authenticate(token)) for token in keys.values()]
    while not lookups:
        await asyncio.sleep(0.001)
    assert len(authenticator._asked) == 2

    assert [caller.key_id for caller in await asyncio.gather(*callers)] == list(keys)
    await asyncio.sleep(0)
    assert not authenticator._asked


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
