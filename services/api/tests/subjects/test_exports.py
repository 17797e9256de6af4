"""`POST /v1/subjects/{id}/export`, and fetching what it makes."""

import base64
import io
import json
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from slipway.exports.archive import unpack
from slipway.exports.exporter import Exporter
from slipway.exports.package import decrypt_parts
from slipway.tenants.schemas import Scope

NAME = "eleanor rigby"
PAGE = {"page": base64.b64encode(b"a page").decode(), "patient": NAME}
KEY = X25519PrivateKey.generate()
BODY = {"public_key": KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()}


@pytest.fixture
async def subject(caller) -> str:
    """A person of whom a page is held; their id."""
    (await caller.http.post("/v1/jobs", json={"inputs": [PAGE]})).raise_for_status()
    return (await caller.http.post("/v1/subjects/lookup", json={"subject": NAME})).json()["id"]


async def make(server) -> None:
    await Exporter(server.platform).work()


async def test_all_that_is_held_comes_in_a_package_for_the_requester(caller, server, subject, tmp_path):
    asked = await caller.http.post(f"/v1/subjects/{NAME}/export", json=BODY)
    assert asked.status_code == 202
    where = asked.headers["Location"]
    assert where == f"/v1/subjects/{subject}/exports/{asked.json()['id']}"
    assert (asked.json()["state"], asked.json()["expires_at"], asked.json()["records"]) == ("waiting", None, None)

    await make(server)
    shown = (await caller.http.get(where)).json()
    assert (shown["state"], shown["records"]) == ("ready", 3)
    assert shown["created_at"] <= shown["finished_at"] < shown["deadline"] < shown["expires_at"]

    fetched = await caller.http.get(f"{where}/package")
    assert fetched.status_code == 200
    assert fetched.headers["content-type"] == "application/octet-stream"
    assert asked.json()["id"] in fetched.headers["content-disposition"]
    assert NAME.encode() not in fetched.content
    unpack(decrypt_parts(io.BytesIO(fetched.content), KEY), tmp_path / "opened")
    lines = [json.loads(line) for line in (tmp_path / "opened" / "data.jsonl").read_text().splitlines()]
    assert lines[-1]["job_items"]["input"] == PAGE


async def test_it_cannot_be_fetched_before_it_is_ready(caller, server, subject, problem):
    where = (await caller.http.post(f"/v1/subjects/{subject}/export", json=BODY)).headers["Location"]
    refused = await caller.http.get(f"{where}/package")
    problem(refused, 409, "conflict")
    assert refused.headers["Retry-After"] == "2"
    await make(server)
    assert (await caller.http.get(f"{where}/package")).status_code == 200


async def test_a_repeat_is_the_same_export(caller, subject, problem):
    key, path = {"Idempotency-Key": "once"}, f"/v1/subjects/{subject}/export"
    first = await caller.http.post(path, json=BODY, headers=key)
    again = await caller.http.post(path, json=BODY, headers=key)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    other = {"public_key": base64.b64encode(X25519PrivateKey.generate().public_key().public_bytes_raw()).decode()}
    problem(await caller.http.post(path, json=other, headers=key), 422, "idempotency-mismatch")


async def test_a_key_that_nobody_can_open_with_is_refused(caller, subject, problem):
    for key in ("no key", base64.b64encode(bytes(32)).decode(), "-----BEGIN PRIVATE KEY-----\nMC4CAQAw"):
        answer = await caller.http.post(f"/v1/subjects/{subject}/export", json={"public_key": key})
        document = problem(answer, 422, "invalid-input")
        assert document["errors"][0]["pointer"] == "#/public_key"
        assert key not in answer.text


async def test_who_is_not_known_has_no_export(caller, subject, problem):
    problem(await caller.http.post("/v1/subjects/nobody/export", json=BODY), 404, "not-found")
    problem(await caller.http.get(f"/v1/subjects/{subject}/exports/{uuid4()}"), 404, "not-found")
    problem(await caller.http.get(f"/v1/subjects/{subject}/exports/{uuid4()}/package"), 404, "not-found")


async def test_an_export_is_found_at_its_person_only(caller, server, subject, problem):
    await caller.http.post("/v1/jobs", json={"inputs": [PAGE | {"patient": "father mckenzie"}]})
    where = (await caller.http.post(f"/v1/subjects/{subject}/export", json=BODY)).headers["Location"]
    await make(server)
    other = where.replace(subject, "father mckenzie")
    problem(await caller.http.get(other), 404, "not-found")
    problem(await caller.http.get(f"{other}/package"), 404, "not-found")


async def test_reading_and_asking_are_rights_of_their_own(caller, server, subject, new_caller, problem):
    reader = await new_caller(server, Scope.SUBJECTS_READ, tenant=caller.tenant)
    writer = await new_caller(server, Scope.SUBJECTS_WRITE, tenant=caller.tenant)
    problem(await reader.http.post(f"/v1/subjects/{subject}/export", json=BODY), 403, "missing-scope")
    where = (await writer.http.post(f"/v1/subjects/{subject}/export", json=BODY)).headers["Location"]
    problem(await writer.http.get(where), 403, "missing-scope")
    problem(await writer.http.get(f"{where}/package"), 403, "missing-scope")
    assert (await reader.http.get(where)).status_code == 200


async def test_asking_making_and_fetching_are_in_the_audit_log(caller, server, subject):
    where = (await caller.http.post(f"/v1/subjects/{subject}/export", json=BODY)).headers["Location"]
    await make(server)
    await caller.http.get(f"{where}/package")
    async with server.platform.database.transaction(caller.tenant) as connection:
        query = "SELECT action, actor, detail->>'export' FROM audit_log WHERE resource = %s AND action LIKE 'export.%%'"
        found = (await connection.exec_driver_sql(query, (f"subject/{subject}",))).all()
    export_id = where.rpartition("/")[2]
    assert sorted(map(tuple, found)) == [
        ("export.fetched", caller.key_id, export_id),
        ("export.made", "system", export_id),
        ("export.requested", caller.key_id, export_id),
    ]


async def test_what_has_expired_is_gone_though_it_still_lies_there(caller, server, subject, problem):
    where = (await caller.http.post(f"/v1/subjects/{subject}/export", json=BODY)).headers["Location"]
    await make(server)
    async with server.platform.database.transaction(caller.tenant) as connection:
        await connection.exec_driver_sql("UPDATE subject_exports SET finished_at = finished_at - interval '8 days'")
    problem(await caller.http.get(where), 404, "not-found")
    problem(await caller.http.get(f"{where}/package"), 404, "not-found")
