"""Two tenants' keys against every route: what is another's is answered, to the letter, like what does not exist."""

import base64
import re
from itertools import product
from uuid import uuid4

import httpx
import pytest

from slipway.exports.exporter import Exporter

PAGE = {"page": base64.b64encode(b"a page of mine").decode(), "patient": "eleanor.rigby@example.com"}
OWNED = ("job_id", "webhook_id", "delivery_id", "subject_id", "request_id", "export_id")
"""Parameters of paths that name what a tenant owns. A new one belongs here, and into `own`."""
RECTIFY = "POST /v1/subjects/{subject_id}/rectify"
EXPORT = "POST /v1/subjects/{subject_id}/export"
BODIES = {
    "PATCH /v1/webhooks/{webhook_id}": {"enabled": True},
    "PATCH /v1/subjects/{subject_id}": {"objected": False},
    RECTIFY: {"ordinal": 0, "input": PAGE},
    EXPORT: {"public_key": "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="},
}
OF_THE_MOMENT = {"date", "ratelimit"}


@pytest.fixture
async def server(start):
    """A server whose webhooks may be addressed to this machine; none is sent."""
    return await start(webhook_allowed_networks="127.0.0.0/8")


@pytest.fixture
async def belongings(caller, server) -> dict[str, str]:
    """What a tenant owns."""
    return await own(caller, server)


async def own(who, server) -> dict[str, str]:
    """Let a tenant own a job that is done, whom it is about, their export, and a webhook with a failed delivery."""
    job = (await who.http.post("/v1/jobs", json={"inputs": [PAGE, {"page": "YmFk"}]})).json()
    await server.work()
    order = {"url": "http://127.0.0.1:9/hook", "events": ["job.completed"]}
    webhook = (await who.http.post("/v1/webhooks", json=order)).json()
    delivery = (await who.http.post(f"/v1/webhooks/{webhook['id']}/test")).json()
    subject = (await who.http.post("/v1/subjects/lookup", json={"subject": PAGE["patient"]})).json()
    export = (await who.http.post(f"/v1/subjects/{subject['id']}/export", json=BODIES[EXPORT])).json()
    await Exporter(server.platform).work()
    ids = {"job_id": job["id"], "webhook_id": webhook["id"], "delivery_id": delivery["id"]}
    # No worker carries it out here.
    erasure = (await who.http.delete(f"/v1/subjects/{subject['id']}")).raise_for_status().json()
    return ids | {"subject_id": subject["id"], "request_id": erasure["id"], "export_id": export["id"]}


@pytest.fixture
def operations(server) -> list[tuple[str, str]]:
    """Every (method, path) that names something in its path; what deletes comes last."""
    paths = server.app.openapi()["paths"]
    found = [(method.upper(), path) for path, methods in paths.items() for method in methods if "{" in path]
    return sorted(found, key=lambda operation: (operation[0] == "DELETE", operation))


def names(path: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", path)


def ask(who, method: str, path: str, ids: dict[str, str], **more: object):
    operation = f"{method} {path}"
    body = BODIES.get(operation)
    if operation == RECTIFY:
        body = {**BODIES[RECTIFY], "job_id": ids["job_id"]}
    return who.http.request(method, path.format(**ids), json=body, **more)


def shown(response: httpx.Response) -> tuple[int, dict, dict]:
    """Return all of an answer but what belongs to the moment."""
    headers = {name: value for name, value in response.headers.items() if name not in OF_THE_MOMENT}
    return response.status_code, {**response.json(), "trace_id": None}, headers


async def world(who, ids: dict[str, str]) -> list[bytes]:
    """Return all that a tenant can read of what it owns."""
    job, webhook = f"/v1/jobs/{ids['job_id']}", f"/v1/webhooks/{ids['webhook_id']}"
    subject = f"/v1/subjects/{ids['subject_id']}"
    paths = (job, f"{job}/results", "/v1/jobs", webhook, "/v1/webhooks", f"{webhook}/deliveries", subject)
    paths += (f"{subject}/requests/{ids['request_id']}", f"{subject}/exports/{ids['export_id']}")
    return [(await who.http.get(path)).raise_for_status().content for path in paths]


def test_every_parameter_of_a_path_is_known_here(operations):
    assert {name for _, path in operations for name in names(path)} == set(OWNED)
    assert len(operations) >= 12


async def test_what_is_anothers_is_answered_like_what_is_not_there(caller, stranger, belongings, operations):
    before = await world(caller, belongings)
    for method, path in operations:
        nowhere = shown(await ask(stranger, method, path, {name: str(uuid4()) for name in OWNED}))
        assert nowhere[0] == 404, (method, path)
        for keyed in ({}, {"Idempotency-Key": "one-key"}):
            answer = await ask(stranger, method, path, belongings, headers=keyed)
            assert shown(answer) == nowhere, (method, path, keyed)
            assert not [name for name, value in belongings.items() if value in answer.text], (method, path)
    assert await world(caller, belongings) == before


async def test_what_is_anothers_is_not_found_behind_what_is_ones_own(caller, stranger, belongings, operations, server):
    mine = await own(stranger, server)
    nested = [(method, path) for method, path in operations if len(names(path)) > 1]
    assert nested
    before = await world(caller, belongings)
    for method, path in nested:
        for owners in product((mine, belongings), repeat=len(names(path))):
            if belongings in owners:
                ids = {name: owner[name] for name, owner in zip(names(path), owners, strict=True)}
                assert (await ask(stranger, method, path, ids)).status_code == 404, (path, ids)
    assert await world(caller, belongings) == before


async def test_listings_show_what_is_ones_own_wherever_they_begin(caller, stranger, belongings):
    for _ in range(2):
        await caller.http.post("/v1/jobs", json={"inputs": [PAGE]})
        await stranger.http.post("/v1/jobs", json={"inputs": [PAGE]})
    own = {job["id"] for job in (await stranger.http.get("/v1/jobs")).json()["jobs"]}
    cursor = (await caller.http.get("/v1/jobs", params={"limit": 1})).json()["next"]

    page = (await stranger.http.get("/v1/jobs", params={"cursor": cursor})).json()

    assert len(own) == 2
    assert {job["id"] for job in page["jobs"]} <= own
    assert (await stranger.http.get("/v1/webhooks")).json() == {"webhooks": []}


async def test_a_key_of_idempotency_is_its_tenants_own(caller, stranger):
    key = {"Idempotency-Key": "the-same"}
    made = [await who.http.post("/v1/jobs", json={"inputs": [PAGE]}, headers=key) for who in (caller, stranger)]
    assert [answer.status_code for answer in made] == [202, 202]
    assert made[0].json()["id"] != made[1].json()["id"]
    other = await stranger.http.post("/v1/jobs", json={"inputs": [PAGE, PAGE]}, headers=key)
    assert other.status_code == 422
    assert made[0].json()["id"] not in other.text


async def test_all_of_these_routes_do_answer_the_owner(caller, belongings, operations):
    """Else the tests above would pass with paths that lead nowhere."""
    for method, path in operations:
        if method != "DELETE":
            answer = await ask(caller, method, path, belongings)
            assert answer.status_code < 300 or answer.status_code == 409, (method, path, answer.text)
    for method, path in operations:
        if method == "DELETE":
            assert (await ask(caller, method, path, belongings)).status_code in {202, 204}, path
