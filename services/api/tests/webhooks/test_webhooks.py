"""Registering, changing and deleting."""

import asyncio

import pytest

from slipway.tenants.schemas import Scope


async def test_a_webhook_is_made_with_its_secret_and_shown_without(caller, register, receiver):
    made = await register()
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert (made["url"], made["enabled"]) == (receiver.url, True)
    assert made["events"] == ["job.cancelled", "job.completed"]

    one = await caller.http.get(f"/v1/webhooks/{made['id']}")
    every = await caller.http.get("/v1/webhooks")

    assert one.json() == made
    assert every.json() == {"webhooks": [made]}
    assert secret not in one.text + every.text


async def test_the_location_leads_to_it(caller, receiver):
    response = await caller.http.post("/v1/webhooks", json={"url": receiver.url, "events": ["job.completed"]})
    assert (await caller.http.get(response.headers["location"])).json()["id"] == response.json()["id"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"events": ["job.completed"]}, "#/url"),
        ({"url": "https://example.com/"}, "#/events"),
        ({"url": "https://example.com/", "events": []}, "#/events"),
        ({"url": "https://example.com/", "events": ["job.exploded"]}, "#/events/0"),
        ({"url": "https://example.com/", "events": ["job.completed"], "colour": "red"}, "#/?"),
        ({"url": "gopher://example.com/", "events": ["job.completed"]}, "#/url"),
        ({"url": "https://10.0.0.1/", "events": ["job.completed"]}, "#/url"),
        ({"url": "https://169.254.169.254/latest/meta-data/", "events": ["job.completed"]}, "#/url"),
        ({"url": "https://[::ffff:10.0.0.1]/", "events": ["job.completed"]}, "#/url"),
        ({"url": "https://user:secret@example.com/", "events": ["job.completed"]}, "#/url"),
        ({"url": "http://10.0.0.1/", "events": ["job.completed"]}, "#/url"),
    ],
)
async def test_what_cannot_be_is_a_422_that_says_where(caller, problem, body, pointer):
    document = problem(await caller.http.post("/v1/webhooks", json=body), 422, "invalid-input")
    assert document["errors"][0]["pointer"] == pointer
    assert "secret" not in str(document)
    assert (await caller.http.get("/v1/webhooks")).json() == {"webhooks": []}


async def test_without_the_setting_nothing_on_this_machine_can_be_registered(start, new_caller, receiver, problem):
    caller = await new_caller(await start())
    body = {"url": receiver.url.replace("http:", "https:"), "events": ["job.completed"]}
    document = problem(await caller.http.post("/v1/webhooks", json=body), 422, "invalid-input")
    assert "public addresses" in document["detail"]


async def test_a_webhook_can_be_changed(caller, register, receiver, problem):
    made = await register()
    route = f"/v1/webhooks/{made['id']}"

    async def change(**body):
        response = await caller.http.patch(route, json=body)
        assert response.status_code == 200, response.text
        return response.json()

    assert (await change(events=["job.cancelled"]))["events"] == ["job.cancelled"]
    assert (await change(url=receiver.url + "2"))["url"] == receiver.url + "2"
    off = await change(enabled=False)
    assert (off["enabled"], off["disabled_reason"]) == (False, "requested")
    assert off["disabled_at"] is not None
    assert await change() == off == await change(enabled=False) == await change(url=None)
    on = await change(enabled=True)
    assert (on["enabled"], on["disabled_reason"], on["disabled_at"]) == (True, None, None)
    problem(await caller.http.patch(route, json={"url": "https://10.0.0.1/"}), 422, "invalid-input")
    problem(await caller.http.patch(route, json={"secret": "mine"}), 422, "invalid-input")


async def test_a_deleted_webhook_is_gone(caller, register, problem, execute):
    made = await register()
    await caller.http.post(f"/v1/webhooks/{made['id']}/test")
    assert (await caller.http.delete(f"/v1/webhooks/{made['id']}")).status_code == 204
    problem(await caller.http.get(f"/v1/webhooks/{made['id']}"), 404, "not-found")
    problem(await caller.http.delete(f"/v1/webhooks/{made['id']}"), 404, "not-found")
    assert await execute("SELECT 1 FROM webhook_deliveries") == []


ROUTES = [
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("POST", "/rotate-secret"),
    ("POST", "/test"),
    ("GET", "/deliveries"),
    ("POST", "/deliveries/{delivery}/redeliver"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_another_tenants_is_answered_like_none(caller, stranger, register, problem, method, path):
    made = await register()
    delivery = (await caller.http.post(f"/v1/webhooks/{made['id']}/test")).json()["id"]
    told = []
    for webhook_id in (made["id"], "7d1f1a0e-6a9f-4f7d-9a59-3b0b8a1f0c11"):
        route = f"/v1/webhooks/{webhook_id}{path}".format(delivery=delivery)
        response = await stranger.http.request(method, route, json={} if method == "PATCH" else None)
        document = problem(response, 404, "not-found")
        told.append({name: value for name, value in document.items() if name != "trace_id"})
    assert told[0] == told[1]
    assert (await caller.http.get(f"/v1/webhooks/{made['id']}")).status_code == 200


@pytest.mark.parametrize(("method", "path"), [*ROUTES, ("POST", None), ("GET", None)])
async def test_each_route_wants_its_scope(server, new_caller, problem, method, path):
    needed = Scope.WEBHOOKS_READ if method == "GET" else Scope.WEBHOOKS_WRITE
    others = await new_caller(server, *(scope for scope in Scope if scope != needed))
    route = "/v1/webhooks" if path is None else f"/v1/webhooks/{'0' * 32}{path}".format(delivery="0" * 32)
    document = problem(await others.http.request(method, route), 403, "missing-scope")
    assert document["scope"] == needed


async def test_there_are_only_so_many_however_many_are_asked_for_at_once(caller, receiver, problem):
    body = {"url": receiver.url, "events": ["job.completed"]}
    responses = await asyncio.gather(*(caller.http.post("/v1/webhooks", json=body) for _ in range(12)))
    assert sorted(response.status_code for response in responses) == [201] * 4 + [409] * 8
    refused = next(response for response in responses if response.status_code == 409)
    assert "4 webhooks" in problem(refused, 409, "conflict")["detail"]


async def test_every_change_is_audited_without_the_address(caller, register, execute):
    made = await register()
    route = f"/v1/webhooks/{made['id']}"
    await caller.http.patch(route, json={"events": ["job.completed"]})
    await caller.http.post(f"{route}/rotate-secret")
    delivery = (await caller.http.post(f"{route}/test")).json()
    await caller.http.post(f"{route}/deliveries/{delivery['id']}/redeliver")
    await caller.http.delete(route)

    entries = await execute(
        "SELECT action, actor, resource, detail FROM audit_log WHERE action LIKE 'webhook%' ORDER BY id"
    )
    assert [entry.action.removeprefix("webhook.") for entry in entries] == [
        "created",
        "changed",
        "secret_rotated",
        "tested",
        "redelivered",
        "deleted",
    ]
    assert {(entry.actor, entry.resource) for entry in entries} == {(caller.key_id, f"webhook/{made['id']}")}
    assert "t0psecret" not in str(entries)
