"""Requests by which rights are answered: leased like chunks, and fenced."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from slipway.subjects import requests
from slipway.subjects.schemas import Receipt, RequestKind, RequestOrder, RequestState, RequestView

ERASURE, EXPORT = RequestKind.ERASURE, RequestKind.EXPORT
DEADLINE = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def tell(platform, principal):
    """A function that calls a statement in a transaction of a tenant."""

    async def run(statement, *arguments, caller=principal):
        async with platform.database.transaction(caller.tenant_id) as connection:
            return await statement(connection, *arguments)

    return run


@pytest.fixture
def order(tell, principal):
    """A function that makes a request about a subject."""

    async def run(subject, kind=ERASURE, caller=principal):
        made = RequestOrder(kind, subject, caller.key_id, DEADLINE)
        return await tell(requests.add_request, caller.tenant_id, made, caller=caller)

    return run


async def test_a_request_is_shown_to_its_tenant_alone(tell, order, principal, stranger):
    subject = uuid4()
    made = await order(subject)
    view = RequestView.model_validate(await tell(requests.find_request, made.id))
    assert (view.kind, view.state, view.subject_id, view.deadline) == (
        ERASURE,
        RequestState.RECEIVED,
        subject,
        DEADLINE,
    )
    assert made.requested_by == principal.key_id
    assert await tell(requests.find_request, made.id, caller=stranger) is None
    assert await tell(requests.requests_of, subject, caller=stranger) == []


async def test_a_subject_has_one_unfinished_erasure_and_any_number_of_exports(platform, tell, order):
    subject = uuid4()
    first = await order(subject)
    with pytest.raises(IntegrityError, match="subject_requests_erasure_idx"):
        await order(subject)
    exports = [await order(subject, EXPORT) for _ in range(2)]
    assert (await tell(requests.unfinished, subject, ERASURE)).id == first.id
    assert (await tell(requests.unfinished, subject, EXPORT)).id == exports[0].id

    claimed = await requests.claim(platform.database, ERASURE, 30.0)
    assert await tell(requests.settle, claimed, RequestState.DONE, None)
    assert await tell(requests.unfinished, subject, ERASURE) is None
    again = await order(subject)
    assert [row.id for row in await tell(requests.requests_of, subject)] == [
        first.id,
        *(each.id for each in exports),
        again.id,
    ]


async def test_the_oldest_of_all_tenants_is_claimed_first_and_each_once(platform, order, stranger):
    made = [await order(uuid4()), await order(uuid4(), caller=stranger), await order(uuid4())]
    await order(uuid4(), EXPORT)
    claims = [await requests.claim(platform.database, ERASURE, 30.0) for _ in range(4)]
    assert [claim and (claim.id, claim.tenant_id, claim.token, claim.attempts) for claim in claims] == [
        *((row.id, row.tenant_id, 1, 1) for row in made),
        None,
    ]


async def test_who_has_lost_the_lease_settles_nothing(platform, tell, order, rows):
    made = await order(uuid4())
    lost = await requests.claim(platform.database, ERASURE, 30.0)
    assert await requests.renew(platform.database, lost, 30.0)
    await rows("UPDATE subject_requests SET lease_until = now() - interval '1 s'")
    assert not await requests.renew(platform.database, lost, 30.0)
    found = await requests.claim(platform.database, ERASURE, 30.0)
    assert (found.id, found.token, found.attempts) == (made.id, 2, 2)

    receipt = Receipt({"stores": [{"store": "job_items", "rows": 3}]}, b"signature", "key")
    assert not await tell(requests.settle, lost, RequestState.DONE, receipt)
    assert not await tell(requests.put_off, lost, RequestState.HELD, 60)
    assert await tell(requests.settle, found, RequestState.DONE, receipt)

    done = await tell(requests.find_request, made.id)
    assert (done.state, done.receipt, done.receipt_signature) == ("done", receipt.body, b"signature")
    assert done.finished_at is not None
    assert not await tell(requests.settle, found, RequestState.FAILED, None)
    assert await requests.claim(platform.database, ERASURE, 30.0) is None


async def test_what_is_held_is_looked_at_again_when_its_time_has_come(platform, tell, order, rows):
    made = await order(uuid4())
    claimed = await requests.claim(platform.database, ERASURE, 30.0)
    assert await tell(requests.put_off, claimed, RequestState.HELD, 60)
    assert (await tell(requests.find_request, made.id)).state == "held"
    assert await requests.claim(platform.database, ERASURE, 30.0) is None
    await rows("UPDATE subject_requests SET lease_until = %s", datetime.now(UTC) - timedelta(seconds=1))
    assert (await requests.claim(platform.database, ERASURE, 30.0)).id == made.id


async def test_what_is_held_stays_held_while_it_is_looked_at_and_keeps_nobody_else_waiting(platform, tell, order, rows):
    held = await order(uuid4())
    await tell(requests.put_off, await requests.claim(platform.database, ERASURE, 30.0), RequestState.HELD, 60)
    newer = await order(uuid4())
    await rows("UPDATE subject_requests SET lease_until = now() - interval '1 s' WHERE id = %s", held.id)
    claims = [await requests.claim(platform.database, ERASURE, 30.0) for _ in range(2)]
    assert [claimed.id for claimed in claims] == [newer.id, held.id]
    assert (await tell(requests.find_request, held.id)).state == RequestState.HELD
    assert await requests.renew(platform.database, claims[1], 30.0)
    assert await tell(requests.put_off, claims[1], RequestState.RUNNING, 30)
    assert (await tell(requests.find_request, held.id)).state == RequestState.RUNNING
    assert await tell(requests.settle, claims[1], RequestState.DONE, None)
