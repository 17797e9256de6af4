"""A tenant may have so much unfinished work, and no more: 429 says so before anything is stored."""

import asyncio

import pytest

NDJSON = {"Content-Type": "application/x-ndjson"}
MOST = 10


@pytest.fixture
async def small(start):
    """A server whose tenants may have ten unfinished inputs."""
    return await start(max_queued_inputs=MOST, max_job_inputs=MOST)


@pytest.fixture
async def tenant(small, new_caller):
    return await new_caller(small)


async def post(caller, body, **headers):
    return await caller.http.post("/v1/jobs", content=body, headers={**NDJSON, **headers})


async def test_a_full_queue_refuses_with_words_and_figures(tenant, lines, problem, stored):
    assert (await post(tenant, lines(*[b"x"] * MOST))).status_code == 202

    refused = await post(tenant, lines(b"y"), **{"Idempotency-Key": "later"})

    document = problem(refused, 429, "queue-full")
    assert (document["queued_inputs"], document["limit_inputs"]) == (MOST, MOST)
    assert "cancel" in document["detail"]
    assert int(refused.headers["retry-after"]) > 0
    found = await stored(tenant.tenant)
    assert (found["jobs"], found["job_items"], found["idempotency_keys"]) == (1, MOST, 0)


async def test_a_job_that_does_not_fit_any_more_leaves_nothing(tenant, lines, problem, stored):
    assert (await post(tenant, lines(*[b"x"] * 7))).status_code == 202
    before = await stored(tenant.tenant)

    problem(await post(tenant, lines(*[b"y"] * 4)), 429, "queue-full")

    assert await stored(tenant.tenant) == before
    assert (await post(tenant, lines(*[b"y"] * 3))).status_code == 202


async def test_jobs_that_come_together_never_exceed_the_limit(tenant, lines, stored):
    answers = await asyncio.gather(*(post(tenant, lines(*[b"x"] * 3)) for _ in range(12)))

    assert sorted(answer.status_code for answer in answers) == [202] * 3 + [429] * 9
    assert (await stored(tenant.tenant))["job_items"] == 9


async def test_room_comes_back_with_work_done_and_with_a_job_cancelled(tenant, small, lines):
    for _ in range(2):
        await post(tenant, lines(*[b"x"] * MOST))
        assert (await post(tenant, lines(b"y"))).status_code == 429
        await small.work()
    full = await post(tenant, lines(*[b"x"] * MOST))
    await tenant.http.post(f"{full.headers['location']}/cancel")

    assert (await post(tenant, lines(b"y"))).status_code == 202


async def test_a_repeat_of_an_accepted_request_gets_its_job_from_a_full_queue(tenant, lines):
    key = {"Idempotency-Key": "once"}
    first = await post(tenant, lines(*[b"x"] * MOST), **key)

    again = await post(tenant, lines(*[b"x"] * MOST), **key)

    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])


async def test_a_full_queue_of_one_tenant_is_nothing_to_another(tenant, small, new_caller, lines):
    await post(tenant, lines(*[b"x"] * MOST))

    assert (await post(await new_caller(small), lines(b"y"))).status_code == 202


async def test_dead_inputs_are_retried_when_there_is_room(tenant, small, lines, problem):
    failed = (await post(tenant, lines(*[b"bad"] * 5))).headers["location"]
    await small.work()
    filler = (await post(tenant, lines(*[b"x"] * 6))).headers["location"]

    problem(await tenant.http.post(f"{failed}/retry"), 429, "queue-full")
    assert (await tenant.http.get(failed)).json()["state"] == "completed"

    await tenant.http.delete(filler)
    assert (await tenant.http.post(f"{failed}/retry")).status_code == 202
