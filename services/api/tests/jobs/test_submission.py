"""`POST /v1/jobs`: takes in a job, whole or not at all."""

import asyncio
import json
import re

import pytest
from pydantic import SecretStr
from sqlalchemy import text

NDJSON = {"Content-Type": "application/x-ndjson"}
NOTHING = dict.fromkeys(("jobs", "job_items", "job_chunks", "subjects", "subject_keys", "idempotency_keys"), 0)


@pytest.fixture
def upload(caller):
    """A function that posts an NDJSON body."""

    async def post(body, **headers):
        return await caller.http.post("/v1/jobs", content=body, headers={**NDJSON, **headers})

    return post


async def test_json_makes_a_job_and_says_where_it_is(caller, stored):
    response = await caller.http.post("/v1/jobs?priority=7", json={"inputs": [{"page": "YQ=="}] * 110})

    assert response.status_code == 202
    job = response.json()
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert "idempotency-replayed" not in response.headers
    assert (job["state"], job["priority"], job["total"], job["progress"]) == ("queued", 7, 110, 0.0)
    assert (await caller.http.get(response.headers["location"])).json() == job
    found = await stored(caller.tenant)
    assert (found["jobs"], found["job_items"], found["job_chunks"]) == (1, 110, 3)


async def test_a_thousand_inputs_as_json_and_not_one_more(caller, problem):
    inputs = [{"page": "YQ=="}] * 1_000
    assert (await caller.http.post("/v1/jobs", json={"inputs": inputs})).json()["total"] == 1_000
    refused = await caller.http.post("/v1/jobs", json={"inputs": [*inputs, inputs[0]]})
    assert problem(refused, 422, "invalid-input")["errors"][0]["pointer"] == "#/inputs"


async def test_ten_thousand_inputs_as_lines_and_not_one_more(upload, lines, caller, stored, problem):
    body = lines(b"x") * 10_000
    accepted = await upload(body)
    assert (accepted.status_code, accepted.json()["total"]) == (202, 10_000)
    await caller.http.delete(accepted.headers["location"])

    document = problem(await upload(body + lines(b"x")), 422, "invalid-input")

    assert "10,000" in document["detail"]
    assert await stored(caller.tenant) == NOTHING


@pytest.mark.parametrize("separator", [b"\n", b"\r\n", b"\n\n \t\n\r\n"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n\r\n  "])
async def test_lines_end_in_many_ways(separator, end, upload, lines):
    ones = [lines(content).strip() for content in (b"a", b"b", b"c")]
    response = await upload(separator.join(ones) + end)
    assert response.json()["total"] == 3


@pytest.mark.parametrize("body", [b"", b"\n\n\r\n ", b"\n" * 100_000])
async def test_without_a_line_there_is_no_job(body, upload, caller, stored, problem):
    assert problem(await upload(body), 422, "invalid-input")["detail"] == "Send at least one input."
    assert await stored(caller.tenant) == NOTHING


@pytest.mark.parametrize(
    ("wrong", "status", "kind", "detail"),
    [
        (b"{", 400, "malformed-body", r"line/1203: Invalid JSON: .*"),
        (b'{"page": "YQ=="} {"page": "YQ=="}', 400, "malformed-body", r"line/1203: Invalid JSON: .*"),
        (b'{"page": "YQ==", "patient": "\\ud800"}', 400, "malformed-body", r"line/1203: Invalid JSON: .*"),
        (b'{"page": ""}', 422, "invalid-input", r"line/1203#/page: .*"),
        (b'{"page": "YQ==", "colour": "blue"}', 422, "invalid-input", r"line/1203#/\?: There is no such field.*"),
        (b"[1]", 422, "invalid-input", r"line/1203#: .*"),
    ],
)
async def test_a_wrong_line_is_named_and_nothing_is_left_behind(
    wrong, status, kind, detail, upload, lines, caller, stored, problem
):
    """It comes after parts of the upload have been stored."""
    response = await upload(b"\n" + lines(*[b"x"] * 1_201) + wrong + b"\n" + lines(b"x"))

    assert re.fullmatch(detail, problem(response, status, kind)["detail"])
    assert await stored(caller.tenant) == NOTHING


async def test_a_client_that_goes_away_in_the_middle_leaves_nothing_behind(server, caller, lines, stored, problem):
    head = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: {caller.http.headers['Authorization']}\r\n"
        "Content-Type: application/x-ndjson\r\nIdempotency-Key: gone\r\nContent-Length: 1000000\r\n\r\n"
    )
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head.encode() + lines(*[b"x"] * 1_100))
    await until(lambda found: found["job_items"] == 1_000, stored, caller)
    listed = (await caller.http.get("/v1/jobs")).json()["jobs"]
    assert [job["state"] for job in listed] == ["receiving"]
    problem(await caller.http.post(f"/v1/jobs/{listed[0]['id']}/cancel"), 409, "conflict")

    writer.transport.abort()

    await until(lambda found: found == NOTHING, stored, caller)


async def test_an_upload_whose_job_is_deleted_meanwhile_is_refused(caller, lines, stored, problem):
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slowly():
        yield lines(*[b"x"] * 600)
        arrived.set()
        await go_on.wait()
        yield lines(b"x")

    uploading = asyncio.create_task(caller.http.post("/v1/jobs", content=slowly(), headers=NDJSON))
    await arrived.wait()
    await until(lambda found: found["job_items"] == 500, stored, caller)
    (job,) = (await caller.http.get("/v1/jobs")).json()["jobs"]
    assert (await caller.http.delete(f"/v1/jobs/{job['id']}")).status_code == 204
    go_on.set()

    problem(await uploading, 422, "invalid-input")
    assert await stored(caller.tenant) == NOTHING


async def test_uploads_about_the_same_people_do_not_get_into_each_others_way(caller, stored):
    people = [f"patient {number}" for number in range(20)]

    def inputs(number: int) -> dict:
        order = people[number:] + people[:number]
        return {"inputs": [{"page": "YQ==", "patient": person} for person in order]}

    posts = [caller.http.post("/v1/jobs", json=inputs(number)) for number in range(20)]
    assert {response.status_code for response in await asyncio.gather(*posts)} == {202}
    found = await stored(caller.tenant)
    assert (found["job_items"], found["subjects"]) == (400, 20 + 20)  # and one unnamed a job


async def until(condition, stored, caller) -> None:
    async with asyncio.timeout(10):
        while not condition(await stored(caller.tenant)):
            await asyncio.sleep(0.01)


async def test_inputs_are_stored_sealed_only(caller, server):
    response = await caller.http.post(
        "/v1/jobs", json={"inputs": [{"page": "RWxlYW5vciBSaWdieQ==", "patient": "Eleanor Rigby"}]}
    )
    assert response.status_code == 202

    async with server.platform.database.transaction(caller.tenant) as connection:
        for table in ("jobs", "job_items", "job_chunks", "subjects", "subject_keys", "audit_log"):
            rows = (await connection.exec_driver_sql(f"SELECT * FROM {table}")).all()
            assert rows
            assert "Eleanor" not in str(rows)
            assert "RWxlYW5vci" not in str(rows)


async def test_the_callers_trace_is_kept_with_the_job(caller, server):
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {**NDJSON, "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    response = await caller.http.post("/v1/jobs", content=b'{"page": "YQ=="}', headers=headers)

    async with server.platform.database.transaction(caller.tenant) as connection:
        query = text("SELECT traceparent FROM jobs WHERE id = :id")
        kept = (await connection.execute(query, {"id": response.json()["id"]})).scalar_one()
    assert re.fullmatch(rf"00-{trace}-[0-9a-f]{{16}}-01", kept)


@pytest.mark.parametrize(
    "query", ["priority=10", "priority=-1", "priority=high", "priority=1.5", "prio=1", "priority="]
)
async def test_a_wrong_parameter_is_a_422(query, caller, problem):
    response = await caller.http.post(f"/v1/jobs?{query}", json={"inputs": [{"page": "YQ=="}]})
    name = query.partition("=")[0]
    pointer = f"query/{'?' if name == 'prio' else name}"
    assert problem(response, 422, "invalid-input")["errors"][0]["pointer"] == pointer


async def test_workers_are_rung(start, new_caller, redis_server):
    redis_server.flush()
    server = await start()
    caller = await new_caller(server)
    response = await caller.http.post("/v1/jobs", json={"inputs": [{"page": "YQ=="}]})
    assert response.status_code == 202

    assert doorbells(server) == {"rung": 1, "failed": 0, "skipped": 0}
    redis = server.app.state.api.doorbell._celery.connection_for_write().default_channel.client
    message = json.loads(redis.lpop("slipway.checksum"))
    assert message["headers"]["task"] == "slipway.ring"
    assert str(caller.tenant) not in json.dumps(message)


async def test_without_redis_jobs_are_accepted_and_soon_without_waiting(start, new_caller):
    server = await start(redis_url=SecretStr("redis://127.0.0.1:9/0"))
    caller = await new_caller(server)

    for _ in range(3):
        response = await caller.http.post("/v1/jobs", json={"inputs": [{"page": "YQ=="}]})
        assert response.status_code == 202

    assert doorbells(server) == {"rung": 0, "failed": 1, "skipped": 2}


def doorbells(server) -> dict[str, float]:
    value = server.platform.metrics.registry.get_sample_value
    return {o: value("slipway_doorbells_total", {"outcome": o}) for o in ("rung", "failed", "skipped")}


async def test_the_creation_is_audited(caller, submit, server):
    job = await submit(b"a", b"b")

    async with server.platform.database.transaction(caller.tenant) as connection:
        query = "SELECT actor, resource, detail FROM audit_log WHERE action = 'job.created'"
        (entry,) = (await connection.exec_driver_sql(query)).all()
    assert tuple(entry) == (caller.key_id, f"job/{job['id']}", {"inputs": 2})
