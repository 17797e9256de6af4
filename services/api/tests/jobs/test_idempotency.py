"""The same Idempotency-Key makes one job, however often it is sent."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import text

ONE = b'{"page": "YQ=="}\n'


@pytest.fixture
def post(caller):
    """A function that posts a job under a key."""

    async def send(key, body=ONE, media="application/x-ndjson", by=caller, url="", **query):
        headers = {"Content-Type": media, "Idempotency-Key": key}
        return await by.http.post(f"{url}/v1/jobs", content=body, headers=headers, params=query)

    return send


async def test_a_repeat_gets_the_job_of_the_first(post, stored, caller):
    first, again = await post("k"), await post("k")

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert (await stored(caller.tenant))["jobs"] == 1


async def test_a_repeat_shows_the_job_as_it_is_now(post, caller, server):
    await post("k")
    await server.work()
    assert (await post("k")).json()["state"] == "completed"


@pytest.mark.parametrize(
    ("body", "media"),
    [(b'{"page": "Yg=="}\n', "application/x-ndjson"), (ONE + ONE, "application/x-ndjson"), (b"{", "application/json")],
)
async def test_another_body_is_a_422(body, media, post, problem):
    await post("k")
    problem(await post("k", body, media), 422, "idempotency-mismatch")


async def test_another_priority_is_a_422(post, problem):
    await post("k")
    problem(await post("k", priority=9), 422, "idempotency-mismatch")
    assert (await post("k", priority=5)).headers["idempotency-replayed"] == "true"  # what it was without saying so


async def test_the_same_bytes_as_another_media_type_are_a_422(post, problem):
    body = b'{"inputs": [{"page": "YQ=="}]}'
    assert (await post("k", body, "application/json")).status_code == 202
    problem(await post("k", body), 422, "idempotency-mismatch")
    again = await post("k", body, "Application/JSON; charset=utf-8")
    assert again.headers["idempotency-replayed"] == "true"


async def test_other_keys_and_other_tenants_make_other_jobs(post, stranger):
    responses = [await post("k"), await post("K"), await post("k", by=stranger)]
    assert len({response.json()["id"] for response in responses}) == 3


async def test_a_failed_request_leaves_the_key_unused(post, problem):
    problem(await post("k", b"{"), 400, "malformed-body")
    problem(await post("k", b'{"page": ""}'), 422, "invalid-input")
    assert (await post("k")).status_code == 202


async def test_the_key_of_a_deleted_job_is_used_up(post, caller, problem):
    first = await post("k")
    await caller.http.delete(first.headers["location"])

    document = problem(await post("k"), 404, "not-found")

    assert "Use a new key" in document["detail"]


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_while_the_first_runs_a_repeat_is_a_409(elsewhere, post, caller, problem, start):
    """Whichever process gets it."""
    arrived, go_on = asyncio.Event(), asyncio.Event()
    url = (await start()).url if elsewhere else ""

    async def slowly():
        yield ONE
        arrived.set()
        await go_on.wait()

    first = asyncio.create_task(post("k", slowly()))
    await arrived.wait()
    await asyncio.sleep(0.2)
    response = await post("k", url=url)

    problem(response, 409, "request-in-progress")
    assert int(response.headers["retry-after"]) >= 1
    go_on.set()
    assert (await first).status_code == 202
    assert (await post("k", url=url)).headers["idempotency-replayed"] == "true"


async def test_the_key_of_a_killed_request_can_be_taken_over(post, caller, server):
    """A process that is killed cannot give its key back; the lock runs out."""
    await post("k")
    async with server.platform.database.transaction(caller.tenant) as connection:
        await connection.execute(text("UPDATE idempotency_keys SET resource = NULL, locked_until = now()"))
    response = await post("k")
    assert response.status_code == 202
    assert "idempotency-replayed" not in response.headers


async def test_two_hundred_at_once_make_one_job(post, caller, stored):
    await caller.http.get("/v1/models")
    responses = await asyncio.gather(*(post("k") for _ in range(200)))

    statuses = Counter(response.status_code for response in responses)
    assert statuses.keys() <= {202, 409}, statuses
    jobs = {response.json()["id"] for response in responses if response.status_code == 202}
    assert len(jobs) == 1
    assert (await stored(caller.tenant))["jobs"] == 1
    assert sum("idempotency-replayed" not in r.headers for r in responses if r.status_code == 202) == 1


@pytest.mark.parametrize("key", ["a b", "a\tb", "x" * 256, "\xe9", "tilde\x80"])
async def test_a_key_that_is_none_is_a_422(key, post, problem):
    document = problem(await post(key.encode("latin-1")), 422, "invalid-input")
    assert document["errors"][0]["pointer"] == "header/Idempotency-Key"
    assert key not in document["detail"]


@pytest.mark.parametrize("key", ["x" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "!~"])
async def test_a_key_may_be_anything_that_is_visible(key, post):
    assert (await post(key)).status_code == 202


async def test_clients_keys_are_not_stored(post, caller, server):
    await post("eleanor@example.com")
    async with server.platform.database.transaction(caller.tenant) as connection:
        (row,) = (await connection.exec_driver_sql("SELECT * FROM idempotency_keys")).all()
    assert "eleanor" not in str(row)


async def test_a_retry_that_is_sent_twice_with_one_key_happens_once(caller, submit, server):
    route = f"/v1/jobs/{(await submit(b'bad', b'good'))['id']}/retry"
    await server.work()
    headers = {"Idempotency-Key": "again"}

    first = await caller.http.post(route, headers=headers)
    await server.work()
    second = await caller.http.post(route, headers=headers)

    assert (first.status_code, second.status_code) == (202, 202)
    assert (first.json()["state"], second.json()["state"]) == ("queued", "completed")
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"


async def test_a_refused_change_gives_its_key_back(caller, submit, server):
    job = await submit(b"bad")
    await server.work()
    cancel, headers = f"/v1/jobs/{job['id']}/cancel", {"Idempotency-Key": "stop"}
    assert (await caller.http.post(cancel, headers=headers)).status_code == 409
    await caller.http.post(f"/v1/jobs/{job['id']}/retry")

    first, second = [await caller.http.post(cancel, headers=headers) for _ in range(2)]

    assert first.json()["state"] == second.json()["state"] == "cancelled"
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
