"""`DELETE /v1/subjects/{subject_id}`: accepted, tracked, done, and told with a receipt that anybody can check."""

import base64
import json
from datetime import timedelta
from urllib.parse import quote
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from slipway.clock import now
from slipway.erasure.executor import ErasureExecutor
from slipway.keys.provider import KeyProviderGone
from slipway.subjects.holds import Hold, hold
from slipway.tenants.schemas import Scope

NAME = "Jürgen Müller, 4711"


def page(patient: str = NAME) -> dict:
    return {"page": base64.b64encode(b"a page").decode(), "patient": patient}


@pytest.fixture
async def erase(server):
    """A function that does what a worker does about erasures."""
    parts = server.platform
    return ErasureExecutor(parts.database, parts.evidence, parts.signer, parts.settings, parts.metrics).run


async def test_a_person_is_erased_by_name_and_the_receipt_can_be_checked(caller, server, erase, problem):
    job = (await caller.http.post("/v1/jobs", json={"inputs": [page(), page("somebody else")]})).json()
    await server.work()

    asked = await caller.http.delete(f"/v1/subjects/{quote(NAME)}")
    assert asked.status_code == 202
    request, place = asked.json(), asked.headers["location"]
    assert place == f"/v1/subjects/{request['subject_id']}/requests/{request['id']}"
    assert (request["kind"], request["state"], request["finished_at"]) == ("erasure", "received", None)
    assert (await caller.http.get(place)).json()["receipt"] is None
    await erase()
    done = (await caller.http.get(place)).json()

    assert done["state"] == "done"
    assert done["finished_at"] <= done["deadline"]
    receipt = done["receipt"]
    body = receipt["body"]
    signed = b"slipway.receipt/1 " + json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    key = Ed25519PublicKey.from_public_bytes(server.platform.signer.public_key)
    key.verify(base64.b64decode(receipt["signature"]), signed)
    assert body["subject"] == request["subject_id"]
    assert {"store": "job_items", "done": "deleted, and its key destroyed", "rows": 1} in body["stores"]
    assert body["backups"] == {"tenant_key_version": 1, "dead_from": None, "certain": False}
    assert NAME not in json.dumps(done, ensure_ascii=False)

    left = (await caller.http.get(f"/v1/jobs/{job['id']}")).json()
    assert (left["state"], left["total"], left["succeeded"]) == ("completed", 1, 1)
    results = (await caller.http.get(f"/v1/jobs/{job['id']}/results")).json()
    assert [result["ordinal"] for result in results["results"]] == [1]
    problem(await caller.http.get(f"/v1/subjects/{quote(NAME)}"), 404, "not-found")
    problem(await caller.http.delete(f"/v1/subjects/{quote(NAME)}"), 404, "not-found")
    again = await caller.http.delete(f"/v1/subjects/{request['subject_id']}")
    assert (again.status_code, again.headers["location"]) == (202, place)


async def test_asked_for_again_it_is_the_same_request(caller):
    await caller.http.post("/v1/jobs", json={"inputs": [page()]})
    first, second = [await caller.http.delete(f"/v1/subjects/{quote(NAME)}") for _ in range(2)]
    assert first.json() == second.json()
    assert first.headers["location"] == second.headers["location"]


async def test_by_id_it_can_be_asked_for_while_the_key_service_is_away(caller, server, erase, problem, monkeypatch):
    await caller.http.post("/v1/jobs", json={"inputs": [page()]})
    found = (await caller.http.post("/v1/subjects/lookup", json={"subject": NAME})).json()

    async def away(*_, **__):
        raise KeyProviderGone("The key service does not answer.")

    monkeypatch.setattr(server.platform.key_provider, "unwrap", away)
    server.platform.keyring.forget(caller.tenant)
    problem(await caller.http.delete(f"/v1/subjects/{quote(NAME)}"), 503, "unavailable")
    asked = await caller.http.delete(f"/v1/subjects/{found['id']}")
    assert asked.status_code == 202
    await erase()
    assert (await caller.http.get(asked.headers["location"])).json()["state"] == "done"


async def test_a_hold_can_be_seen(caller, server, erase):
    await caller.http.post("/v1/jobs", json={"inputs": [page()]})
    found = (await caller.http.post("/v1/subjects/lookup", json={"subject": NAME})).json()
    until = now() + timedelta(days=2)
    async with server.platform.database.transaction(caller.tenant) as connection:
        await hold(connection, caller.tenant, Hold(found["id"], until, "case 7"), "test")
    place = (await caller.http.delete(f"/v1/subjects/{found['id']}")).headers["location"]
    await erase()
    seen = (await caller.http.get(place)).json()
    assert (seen["state"], seen["receipt"]) == ("held", None)
    assert seen["held_until"][:19] == until.isoformat()[:19]


async def test_what_is_not_there_is_not_found(caller, problem):
    problem(await caller.http.delete(f"/v1/subjects/{uuid4()}"), 404, "not-found")
    problem(await caller.http.delete("/v1/subjects/nobody"), 404, "not-found")
    problem(await caller.http.get(f"/v1/subjects/{uuid4()}/requests/{uuid4()}"), 404, "not-found")


async def test_reading_is_not_enough(server, new_caller, problem):
    reader = await new_caller(server, Scope.SUBJECTS_READ)
    problem(await reader.http.delete(f"/v1/subjects/{uuid4()}"), 403, "missing-scope")


async def test_nobody_is_let_in_before_a_restored_database_is_cleared(caller, server, problem, monkeypatch):
    """Also not who only asks whether anybody is; and nobody is told how many they are, or where the evidence lies."""
    monkeypatch.setattr(
        server.app.state.api.tombstones, "trouble", "The database has 3 people; /some/folder is broken."
    )
    for path in ("/v1/jobs", "/health/ready"):
        answer = problem(await caller.http.get(path), 503, "unavailable")
        assert "Try again" in answer["detail"]
        assert "3" not in answer["detail"]
        assert "folder" not in answer["detail"]
