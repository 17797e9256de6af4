"""The same Idempotency-Key changes a webhook once."""

import asyncio

import pytest

KEY = {"Idempotency-Key": "k"}


@pytest.fixture
def post(caller, receiver):
    """A function that registers a webhook under a key."""

    async def send(events=("job.completed",), by=caller, url=receiver.url):
        return await by.http.post("/v1/webhooks", json={"url": url, "events": list(events)}, headers=KEY)

    return send


async def test_a_repeat_gets_the_webhook_of_the_first_with_its_secret(post, caller):
    """The answer to the first may have been lost, and the secret with it."""
    first, again = await post(), await post()
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len((await caller.http.get("/v1/webhooks")).json()["webhooks"]) == 1


async def test_another_request_under_the_key_is_a_422(post, problem):
    await post()
    problem(await post(["job.cancelled"]), 422, "idempotency-mismatch")


async def test_a_refused_request_leaves_the_key_unused(post, problem):
    problem(await post(url="https://10.0.0.1/"), 422, "invalid-input")
    response = await post()
    assert response.status_code == 201
    assert "idempotency-replayed" not in response.headers


async def test_the_key_of_a_deleted_webhook_is_used_up(post, caller, problem):
    made = await post()
    await caller.http.delete(made.headers["location"])
    problem(await post(), 404, "not-found")


async def test_a_herd_makes_one(post, caller):
    responses = await asyncio.gather(*(post() for _ in range(100)))
    assert {response.status_code for response in responses} <= {201, 409}
    assert len({response.json()["id"] for response in responses if response.status_code == 201}) == 1
    assert len((await caller.http.get("/v1/webhooks")).json()["webhooks"]) == 1


async def test_a_rotation_that_is_sent_twice_happens_once(caller, register):
    made = await register()
    route = f"/v1/webhooks/{made['id']}/rotate-secret"
    first, again = [await caller.http.post(route, headers=KEY) for _ in range(2)]
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["secret"] == again.json()["secret"] != made["secret"]
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json()["previous_secret_until"] is not None
    assert (await caller.http.post(route)).json()["secret"] != first.json()["secret"]


async def test_a_test_and_a_redelivery_that_are_sent_twice_happen_once(caller, register, dispatch, receiver):
    made = await register()
    route = f"/v1/webhooks/{made['id']}"
    tests = [await caller.http.post(f"{route}/test", headers=KEY) for _ in range(2)]
    assert [response.status_code for response in tests] == [202, 202]
    assert tests[0].json()["id"] == tests[1].json()["id"]
    await dispatch()
    again = f"{route}/deliveries/{tests[0].json()['id']}/redeliver"
    first = await caller.http.post(again, headers=KEY)
    await dispatch()
    second = await caller.http.post(again, headers=KEY)
    await dispatch()
    assert (first.json()["state"], second.json()["state"]) == ("pending", "delivered")
    assert second.headers["idempotency-replayed"] == "true"
    assert len(receiver.bodies) == 2
