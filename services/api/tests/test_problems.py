"""Every error has one format, and repeats nothing of what was sent."""

import base64
import json
from uuid import uuid4

import pytest

CANARY = "eleanor.rigby@example.com"
PAGE = base64.b64encode(b"a page").decode()
ANY_ID = "7d1f1a0e-6a9f-4f7d-9a59-3b0b8a1f0c11"
JSON = {"Content-Type": "application/json"}


def one(**fields) -> bytes:
    return json.dumps({"inputs": [{"page": PAGE, **fields}]}).encode()


MALFORMED = {
    "empty": b"",
    "cut off": b'{"inputs": [{"page": "' + CANARY.encode(),
    "not JSON": CANARY.encode(),
    "two documents": one() + one(),
    "byte order mark": b"\xef\xbb\xbf" + one(),
    "UTF-16": one().decode().encode("utf-16"),
    "escaped lone surrogate": b'{"inputs": [{"page": "YQ==", "patient": "\\ud800"}]}',
    "raw lone surrogate": b'{"inputs": [{"page": "YQ==", "patient": "\xed\xa0\x80"}]}',
    "overlong UTF-8": b'{"inputs": [{"page": "YQ==", "patient": "\xc0\x80"}]}',
    "raw NUL": b'{"inputs": [{"page": "YQ==", "patient": "\x00"}]}',
    "100,000 brackets": b"[" * 100_000,
    "100,000 brackets in a field": b'{"inputs": ' + b"[" * 100_000,
    "100,000 braces": b'{"a":' * 100_000,
    "huge number": b'{"inputs": [{"page": ' + b"9" * 5_000 + b"}]}",
}
INVALID = {
    "list": (b"[]", "#"),
    "null": (b"null", "#"),
    "no inputs": (b"{}", "#/inputs"),
    "none": (b'{"inputs": []}', "#/inputs"),
    "inputs of a wrong type": (json.dumps({"inputs": CANARY}).encode(), "#/inputs"),
    "input of a wrong type": (json.dumps({"inputs": [CANARY]}).encode(), "#/inputs/0"),
    "field of a wrong type": (one(patient=[CANARY]), "#/inputs/0/patient"),
    "number": (one(patient=10**30), "#/inputs/0/patient"),
    "infinite number": (b'{"inputs": [{"page": "YQ==", "patient": 1e400}]}', "#/inputs/0/patient"),
    "NaN": (b'{"inputs": [{"page": "YQ==", "patient": NaN}]}', "#/inputs/0/patient"),
    "missing field": (b'{"inputs": [{"patient": "x"}]}', "#/inputs/0/page"),
    "unknown field": (one(colour=CANARY), "#/inputs/0/?"),
    "unknown field with a strange name": (one(**{CANARY: 1}), "#/inputs/0/?"),
    "unknown field with a long name": (one(**{"x" * 100_000: 1}), "#/inputs/0/?"),
    "unknown field of the body": (json.dumps({"inputs": [{"page": PAGE}], "mode": CANARY}).encode(), "#/?"),
    "not base64": (one(page=CANARY), "#/inputs/0/page"),
    "too long": (one(page=base64.b64encode(b"x" * 4097).decode()), "#/inputs/0/page"),
    "too short": (one(page=""), "#/inputs/0/page"),
}


@pytest.mark.parametrize("path", ["/v1/checksum", "/v1/jobs"])
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_what_is_not_json_is_a_400(body, path, caller, problem):
    response = await caller.http.post(path, content=body, headers=JSON)

    document = problem(response, 400, "malformed-body")
    assert document["detail"].startswith("Invalid JSON: ")
    assert CANARY not in response.text


@pytest.mark.parametrize("path", ["/v1/checksum", "/v1/jobs"])
@pytest.mark.parametrize(("body", "pointer"), INVALID.values(), ids=INVALID.keys())
async def test_what_is_not_as_described_is_a_422_that_says_where(body, pointer, path, caller, problem):
    response = await caller.http.post(path, content=body, headers=JSON)

    document = problem(response, 422, "invalid-input")
    assert document["errors"][0]["pointer"] == pointer
    assert document["detail"].startswith(f"{pointer}: ")
    assert CANARY not in response.text
    assert len(response.content) < 2_000


@pytest.mark.parametrize(
    "item",
    [
        {"text": "refuse eleanor.rigby@example.com"},
        {"text": "x", "contact": {"kind": CANARY, "address": "x"}},
        {"text": "x", "contact": {"kind": "mail", CANARY: "x"}},
        {"text": "x", "sins": {"eleanor_rigby": CANARY}},
        {"text": "x", "eleanor_rigby": 1},
    ],
)
async def test_neither_names_nor_a_validators_words_repeat_what_was_sent(item, start, new_caller, problem):
    caller = await new_caller(await start(workload="confiding:Confiding"))
    response = await caller.http.post("/v1/confiding", json={"inputs": [item]})
    document = problem(response, 422, "invalid-input")
    assert "eleanor" not in response.text
    assert document["errors"][0]["pointer"].startswith("#/inputs/0/")


async def test_a_validators_words_are_told_if_they_are_its_own(start, new_caller, problem):
    caller = await new_caller(await start(workload="confiding:Confiding"))
    response = await caller.http.post("/v1/confiding", json={"inputs": [{"text": "one\x00two, as some text"}]})
    assert "must not contain NUL" in problem(response, 422, "invalid-input")["detail"]


async def test_many_mistakes_are_counted_and_twenty_are_shown(caller, problem):
    document = problem(await caller.http.post("/v1/checksum", json={"inputs": [{}] * 50}), 422, "invalid-input")
    assert len(document["errors"]) == 20
    assert "(and 49 more)" in document["detail"]

    body = b"{" + b",".join(b'"k%d":1' % number for number in range(20_000)) + b"}"
    document = problem(await caller.http.post("/v1/checksum", content=body, headers=JSON), 422, "invalid-input")
    assert document["detail"] == "#: There are 20,001 mistakes"


async def test_of_a_key_that_is_there_twice_the_last_counts(caller):
    body = b'{"inputs": [], "inputs": [{"page": "", "page": "YQ=="}]}'

    response = await caller.http.post("/v1/checksum", content=body, headers=JSON)

    assert response.status_code == 200
    assert len(response.json()["results"]) == 1


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/triage", "/v1/checksum/", "/v1/jobs/", "/V1/jobs", "/%00", "/%ff%fe"]
)
async def test_an_unknown_route_is_a_404(path, caller, problem):
    document = problem(await caller.http.get(path), 404, "not-found")
    assert "/docs" in document["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/jobs", "GET, POST"),
        ("GET", "/v1/checksum", "POST"),
        ("PATCH", f"/v1/jobs/{ANY_ID}", "DELETE, GET"),
        ("GET", f"/v1/jobs/{ANY_ID}/cancel", "POST"),
        ("POST", f"/v1/jobs/{ANY_ID}/results", "GET"),
        ("OPTIONS", "/v1/models", "GET"),
        ("TRACE", "/v1/models", "GET"),
        ("PROPFIND", "/v1/models", "GET"),
        ("POST", "/health/ready", "GET"),
        ("PUT", "/docs", "GET, HEAD"),
        ("DELETE", "/openapi.json", "GET, HEAD"),
    ],
)
async def test_a_method_that_the_route_has_not_is_a_405_that_names_all_it_has(method, path, allowed, caller, problem):
    response = await caller.http.request(method, path)

    problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == allowed


async def test_a_job_id_that_is_no_uuid_is_a_422_without_the_id(caller, problem):
    for path in (f"/v1/jobs/{CANARY}", f"/v1/jobs/{CANARY}/results", "/v1/jobs/%00", "/v1/jobs/%ff"):
        response = await caller.http.get(path)
        document = problem(response, 422, "invalid-input")
        assert document["detail"] == "path/job_id: This is not a UUID"
        assert CANARY not in response.text


async def test_the_trace_id_is_in_the_callers_trace(caller, problem):
    trace = uuid4().hex
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}

    document = problem(await caller.http.get("/nowhere", headers=headers), 404, "not-found")

    assert document["trace_id"] == trace


async def test_a_request_after_a_long_body_on_the_same_connection_has_a_trace_of_its_own(caller, problem):
    """The server stops reading for a while then, and must not go on in the context of that request."""
    first = await caller.http.post("/v1/checksum", content=b"[" * 1_000_000, headers=JSON)
    later = [await caller.http.get("/nowhere") for _ in range(2)]

    traces = {problem(first, 400, "malformed-body")["trace_id"]}
    traces |= {problem(response, 404, "not-found")["trace_id"] for response in later}
    assert len(traces) == 3


RAW = {
    "unknown method": b"FOO /v1/jobs HTTP/1.1\r\nHost: x\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03 hello\r\n\r\n",
    "bad length": b"POST /v1/checksum HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST /v1/checksum HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "path that is not ASCII": b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    "endless header": b"GET / HTTP/1.1\r\nHost: x\r\nX-Endless: " + b"x" * 200_000,
    "endless headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 40_000,
}


@pytest.mark.parametrize("request_bytes", RAW.values(), ids=RAW.keys())
async def test_what_is_not_http_is_a_400_in_the_same_format(request_bytes, server, raw):
    head, body = await raw(request_bytes)

    assert head.startswith("HTTP/1.1 400 ")
    assert "content-type: application/problem+json" in head.lower()
    document = json.loads(body)
    assert document.keys() == {"type", "title", "status", "detail", "trace_id"}
    assert document["type"] == "https://slipway.dev/problems/malformed-body"


async def test_a_long_but_honest_head_is_read(server, raw):
    head, _ = await raw(b"GET /health/live HTTP/1.1\r\nConnection: close\r\nX-Long: " + b"x" * 30_000 + b"\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 ")


async def test_answers_are_neither_cached_nor_sniffed(caller):
    for response in (await caller.http.get("/v1/models"), await caller.http.get("/nowhere")):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "server" not in response.headers
