import asyncio
import hashlib
from uuid import uuid4

import pytest

from slipway.errors import IdempotencyMismatch, RequestInProgress
from slipway.idempotency.service import IdempotencyKey, begin, complete, release

ROUTE = "POST /v1/jobs"


@pytest.fixture
def do(platform, principal):
    """Run one step in a transaction of its own."""

    async def step(function, *arguments, tenant=principal.tenant_id):
        async with platform.database.transaction(tenant) as connection:
            return await function(connection, *arguments)

    return step


@pytest.fixture
async def request_with(platform, principal):
    """A further request that brings the same client's key."""
    own = await platform.keyring.keyset(principal.tenant_id)
    return lambda name="key", route=ROUTE, keyset=own: IdempotencyKey.of(keyset, route, name)


async def lock_ends(rows):
    await rows("UPDATE idempotency_keys SET locked_until = now() - interval '1 s'")


async def test_the_first_request_runs_and_a_repeat_gets_its_outcome(do, request_with):
    first, job = request_with(), uuid4()
    assert await do(begin, first) is None
    await do(complete, first, job, b"print")

    earlier = await do(begin, request_with())

    assert earlier.resource == job
    earlier.check(b"print")
    with pytest.raises(IdempotencyMismatch):
        earlier.check(b"another print")


async def test_a_repeat_has_to_wait_while_the_first_runs(do, request_with):
    assert await do(begin, request_with()) is None

    with pytest.raises(RequestInProgress) as found:
        await do(begin, request_with())
    assert found.value.headers == {"Retry-After": "1"}


async def test_a_request_that_came_to_nothing_gives_its_key_back(do, request_with):
    first = request_with()
    assert await do(begin, first) is None
    await do(release, first)

    assert await do(begin, request_with()) is None


async def test_what_is_done_cannot_be_given_back(do, request_with):
    first, job = request_with(), uuid4()
    await do(begin, first)
    await do(complete, first, job, b"print")
    await do(release, first)

    assert (await do(begin, request_with())).resource == job


async def test_a_key_whose_request_was_killed_is_taken_over_and_the_slow_owner_is_fenced_off(do, request_with, rows):
    slow, heir, job = request_with(), request_with(), uuid4()
    assert await do(begin, slow) is None
    await lock_ends(rows)
    assert await do(begin, heir) is None

    with pytest.raises(RequestInProgress):
        await do(complete, slow, uuid4(), b"print")
    await do(release, slow)
    with pytest.raises(RequestInProgress):
        await do(begin, request_with())

    await do(complete, heir, job, b"print")
    with pytest.raises(RequestInProgress):
        await do(complete, slow, uuid4(), b"print")
    assert (await do(begin, request_with())).resource == job


async def test_a_slow_request_that_nobody_overtook_may_finish(do, request_with, rows):
    slow, job = request_with(), uuid4()
    await do(begin, slow)
    await lock_ends(rows)
    await do(complete, slow, job, b"print")

    assert (await do(begin, request_with())).resource == job


async def test_an_outcome_is_never_taken_over(do, request_with, rows):
    first, job = request_with(), uuid4()
    await do(begin, first)
    await do(complete, first, job, b"print")
    await lock_ends(rows)

    assert (await do(begin, request_with())).resource == job


@pytest.mark.parametrize("abandoned", [False, True])
async def test_of_fifty_at_once_one_wins(do, request_with, rows, abandoned):
    if abandoned:
        await do(begin, request_with())
        await lock_ends(rows)

    outcomes = await asyncio.gather(*(do(begin, request_with()) for _ in range(50)), return_exceptions=True)

    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, RequestInProgress) for outcome in outcomes) == 49


async def test_keys_are_apart_by_route_and_by_tenant(do, request_with, stranger, platform):
    assert await do(begin, request_with()) is None
    assert await do(begin, request_with(route="POST /v1/jobs/1/retry")) is None
    assert await do(begin, request_with("another")) is None
    foreign = request_with(keyset=await platform.keyring.keyset(stranger.tenant_id))
    assert await do(begin, foreign, tenant=stranger.tenant_id) is None


async def test_what_a_client_puts_into_its_key_is_not_stored(do, request_with, rows):
    await do(begin, request_with("ada@example.org"))

    ((content,),) = await rows("SELECT to_jsonb(k)::text FROM idempotency_keys k")
    assert "ada@" not in content
    assert b"ada".hex() not in content


async def test_who_reads_the_table_cannot_check_a_guess_of_a_clients_key(do, request_with, rows):
    await do(begin, request_with("ada@example.org"))

    ((stored,),) = await rows("SELECT key FROM idempotency_keys")
    assert bytes(stored) == request_with("ada@example.org").hash
    assert bytes(stored) != hashlib.sha256(f"{ROUTE}\nada@example.org".encode()).digest()


async def test_tenants_that_use_the_same_key_store_different_hashes(request_with, stranger, platform):
    foreign = request_with(keyset=await platform.keyring.keyset(stranger.tenant_id))
    assert foreign.tenant_id == stranger.tenant_id
    assert foreign.hash != request_with().hash
