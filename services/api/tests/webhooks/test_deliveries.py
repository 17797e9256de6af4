"""From a job over the outbox to the receiver, and what the log says of it."""

import pytest

JOB = b'{"page": "YQ=="}\n'


async def submit(caller) -> str:
    response = await caller.http.post("/v1/jobs", content=JOB, headers={"Content-Type": "application/x-ndjson"})
    assert response.status_code == 202
    return response.json()["id"]


async def log(caller, webhook, **query) -> dict:
    return (await caller.http.get(f"/v1/webhooks/{webhook['id']}/deliveries", params=query)).json()


async def test_the_end_of_a_job_arrives(caller, server, register, dispatch, receiver):
    webhook = await register()
    completed = await submit(caller)
    await server.work()
    cancelled = await submit(caller)
    await caller.http.post(f"/v1/jobs/{cancelled}/cancel")

    await dispatch()

    told = {body["type"]: body["data"] for body in receiver.bodies}
    assert told["job.completed"]["id"] == completed
    assert told["job.cancelled"]["id"] == cancelled
    shown = (await caller.http.get(f"/v1/jobs/{completed}")).json()
    for name in ("workload", "state", "revision", "total", "succeeded", "dead"):
        assert told["job.completed"][name] == shown[name]
    page = await log(caller, webhook)
    assert [delivery["type"] for delivery in page["deliveries"]] == ["job.cancelled", "job.completed"]
    assert {delivery["event_id"] for delivery in page["deliveries"]} == {
        sent["webhook-id"] for sent in receiver.headers
    }
    assert page["next"] is None


async def test_a_failure_is_in_the_log_and_can_be_sent_again(caller, register, dispatch, receiver, problem):
    webhook = await register()
    route = f"/v1/webhooks/{webhook['id']}"
    receiver.status = 500
    queued = (await caller.http.post(f"{route}/test")).json()
    assert (queued["state"], queued["type"], queued["attempts"]) == ("pending", "webhook.test", [])
    await dispatch()

    (failed,) = (await log(caller, webhook, state="pending"))["deliveries"]
    (attempt,) = failed["attempts"]
    assert (attempt["outcome"], attempt["status"], attempt["reason"]) == ("failed", 500, "status")
    assert failed["next_attempt_at"] > attempt["at"]

    receiver.status = 204
    again = await caller.http.post(f"{route}/deliveries/{failed['id']}/redeliver")
    assert again.status_code == 202
    await dispatch()
    (delivered,) = (await log(caller, webhook, state="delivered"))["deliveries"]
    assert [attempt["status"] for attempt in delivered["attempts"]] == [204, 500]
    assert {sent["webhook-id"] for sent in receiver.headers} == {failed["event_id"]}
    assert len(receiver.bodies) == 2


async def test_pages_follow_each_other(caller, register):
    webhook = await register()
    made = [(await caller.http.post(f"/v1/webhooks/{webhook['id']}/test")).json()["id"] for _ in range(5)]
    seen, cursor = [], {}
    while True:
        page = await log(caller, webhook, limit=2, **cursor)
        seen += [delivery["id"] for delivery in page["deliveries"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == made[::-1]


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"cursor": "x"}, {"state": "lost"}, {"page": 2}])
async def test_a_wrong_query_is_a_422(caller, register, problem, query):
    webhook = await register()
    problem(await caller.http.get(f"/v1/webhooks/{webhook['id']}/deliveries", params=query), 422, "invalid-input")


async def test_a_disabled_webhook_is_not_tested(caller, register, problem):
    webhook = await register()
    delivery = (await caller.http.post(f"/v1/webhooks/{webhook['id']}/test")).json()
    await caller.http.patch(f"/v1/webhooks/{webhook['id']}", json={"enabled": False})
    for path in ("test", f"deliveries/{delivery['id']}/redeliver"):
        document = problem(await caller.http.post(f"/v1/webhooks/{webhook['id']}/{path}"), 409, "conflict")
        assert "Enable it" in document["detail"]


async def test_an_unknown_delivery_is_a_404(caller, register, problem):
    webhook = await register()
    route = f"/v1/webhooks/{webhook['id']}/deliveries/{webhook['id']}/redeliver"
    problem(await caller.http.post(route), 404, "not-found")
