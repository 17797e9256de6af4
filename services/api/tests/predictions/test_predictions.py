"""`POST /v1/{workload}`: answers now."""

import asyncio
import base64
import hashlib

import httpx
from sqlalchemy import text


def page(content: bytes) -> dict:
    return {"page": base64.b64encode(content).decode()}


def digest(content: bytes) -> dict:
    return {"sha256": hashlib.sha256(content).hexdigest()}


async def predict(caller, *pages: bytes):
    return await caller.http.post("/v1/checksum", json={"inputs": [page(content) for content in pages]})


async def test_answers_come_in_the_order_of_the_inputs(caller):
    pages = [f"page {number}".encode() * (20 - number) for number in range(20)]

    response = await predict(caller, *pages)

    assert response.status_code == 200
    assert response.json() == {"results": [digest(content) for content in pages]}


async def test_an_input_that_fails_takes_no_other_with_it(caller):
    results = (await predict(caller, b"one", b"bad", b"busy", b"two")).json()["results"]

    assert results[0] == digest(b"one")
    assert results[1] == {"error": {"code": "unreadable", "detail": "The page cannot be read."}}
    assert results[2]["error"]["code"] == "busy"
    assert results[3] == digest(b"two")


async def test_sixty_four_inputs_are_taken_and_sixty_five_are_not(caller, problem):
    assert len((await predict(caller, *[b"x"] * 64)).json()["results"]) == 64
    document = problem(await predict(caller, *[b"x"] * 65), 422, "invalid-input")
    assert document["errors"][0]["pointer"] == "#/inputs"
    assert "64" in document["detail"]


async def test_concurrent_requests_get_their_own_answers(caller):
    pages = [f"page {number}".encode() for number in range(60)]

    responses = await asyncio.gather(*(predict(caller, content) for content in pages))

    assert [response.json()["results"] for response in responses] == [[digest(content)] for content in pages]


async def test_a_defect_of_the_model_is_a_500_without_internals(caller, problem, log_lines):
    response = await predict(caller, b"fine", b"crash: patient Eleanor Rigby")

    document = problem(response, 500, "internal-error")
    assert "defect" not in response.text
    assert "RuntimeError" not in response.text
    (line,) = [line for line in log_lines() if line["event"] == "predict.failed"]
    assert line["trace_id"] == document["trace_id"]
    assert "RuntimeError" in [cause["type"] for cause in line["exception"]]
    assert "Eleanor" not in str(line)


async def test_nobody_pays_for_somebody_elses_input(caller):
    crashing, fine = await asyncio.gather(predict(caller, b"crash"), predict(caller, b"fine"))
    assert (crashing.status_code, fine.status_code) == (500, 200)


async def test_a_model_that_hangs_is_a_504_and_the_next_request_is_served(caller, problem):
    problem(await predict(caller, b"hang"), 504, "model-timeout")
    assert (await predict(caller, b"fine")).status_code == 200


async def test_a_server_without_the_door_refuses_before_the_body_is_parsed_too(start, new_caller, problem):
    server = await start(batch_queue_inputs=2)
    caller = await new_caller(server)
    batcher = server.app.state.api.batcher
    places = [batcher.admit() for _ in range(2)]
    transport = httpx.ASGITransport(server.app)
    async with httpx.AsyncClient(transport=transport, base_url=server.url, headers=caller.http.headers) as client:
        response = await client.post("/v1/checksum", content=b"{", headers={"Content-Type": "application/json"})
        problem(response, 503, "overloaded")
        assert int(response.headers["retry-after"]) >= 1
        assert "ratelimit" in response.headers
        places[0].release()
        response = await client.post("/v1/checksum", json={"inputs": [page(b"fine")]})
        assert response.status_code == 200
    places[1].release()


async def test_it_writes_nothing_but_a_summary_for_the_audit(caller, server):
    for _ in range(3):
        await predict(caller, b"one", b"bad")
    await server.app.state.api.audit.flush()

    async with server.platform.database.transaction(caller.tenant) as connection:
        query = text("SELECT detail FROM audit_log WHERE action = 'predicted' AND actor = :key")
        details = [row.detail for row in await connection.execute(query, {"key": caller.key_id})]
    assert sum(detail["requests"] for detail in details) == 3
    assert sum(detail["inputs"] for detail in details) == 6


async def test_inputs_are_counted_by_their_outcome(start, new_caller):
    server = await start()
    caller = await new_caller(server)
    await predict(caller, b"one", b"two", b"bad")
    await predict(caller, b"crash")

    def counted(outcome):
        labels = {"workload": "checksum", "channel": "sync", "outcome": outcome}
        return server.platform.metrics.registry.get_sample_value("slipway_inputs_predicted_total", labels)

    assert (counted("succeeded"), counted("failed"), counted("error")) == (2, 1, 1)


async def test_another_workload_runs_through_the_same_api(start, new_caller, problem):
    caller = await new_caller(await start(workload="notes:Notes"))

    response = await caller.http.post("/v1/notes", json={"inputs": [{"text": "Two words"}, {"text": "bad"}]})
    assert response.json()["results"][0] == {"words": 2}
    assert response.json()["results"][1]["error"]["code"] == "unreadable"
    longest = await caller.http.post("/v1/notes", json={"inputs": [{"text": "\U0001f4a9" * 20_000}]})
    assert longest.status_code == 200
    for wrong in ("", " \n\t", "x" * 20_001, "a\x00b", None, 5, ["x"]):
        response = await caller.http.post("/v1/notes", json={"inputs": [{"text": wrong}]})
        assert problem(response, 422, "invalid-input")["errors"][0]["pointer"] == "#/inputs/0/text"
    problem(await caller.http.post("/v1/checksum", json={}), 404, "not-found")
