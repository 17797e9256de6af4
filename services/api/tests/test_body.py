"""Bodies are read within their limits of type, size and time."""

import asyncio
import gzip
import json
import socket
import time
from contextlib import suppress
from functools import partial

import pytest
from starlette.requests import Request

from slipway_api.body import Body

PAGE = "YSBwYWdl"
ONE = json.dumps({"inputs": [{"page": PAGE}]}).encode()
LINE = json.dumps({"page": PAGE}).encode() + b"\n"
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}


def head(path, token, **headers) -> bytes:
    fields = {"Host": "x", "Authorization": token, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("path", ["/v1/checksum", "/v1/jobs"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": b"\xff"},
    ],
)
async def test_another_content_type_is_a_415(headers, path, caller, problem):
    document = problem(await caller.http.post(path, content=ONE, headers=headers), 415, "unsupported-media-type")
    assert "application/json" in document["detail"]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json ;x"])
async def test_the_content_type_may_be_written_in_many_ways(content_type, caller):
    response = await caller.http.post("/v1/checksum", content=ONE, headers={"Content-Type": content_type})
    assert response.status_code == 200


async def test_lines_are_for_jobs_only(caller, problem):
    response = await caller.http.post("/v1/checksum", content=LINE, headers=NDJSON)
    problem(response, 415, "unsupported-media-type")


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip"])
async def test_a_compressed_body_is_a_415(coding, caller, problem):
    headers = {**JSON, "Content-Encoding": coding}
    document = problem(
        await caller.http.post("/v1/jobs", content=gzip.compress(ONE), headers=headers), 415, "unsupported-media-type"
    )
    assert "uncompressed" in document["detail"]


@pytest.fixture
async def small(start, new_caller):
    """A server that reads little, and a caller of it."""
    server = await start(max_json_bytes=2_000, max_upload_bytes=300_000, body_timeout=0.3)
    return server, await new_caller(server)


@pytest.mark.parametrize(("path", "headers", "limit"), [("/v1/checksum", JSON, 2_000), ("/v1/jobs", NDJSON, 300_000)])
async def test_the_limit_is_in_bytes_and_exact(path, headers, limit, small, problem):
    _, caller = small
    body = ONE if headers is JSON else LINE

    exact = await caller.http.post(path, content=body.ljust(limit), headers=headers)
    assert exact.status_code in (200, 202)

    over = await caller.http.post(path, content=body.ljust(limit + 1), headers=headers)
    document = problem(over, 413, "body-too-large")
    assert document["limit_bytes"] == limit
    assert f"{limit:,}" in document["detail"]


async def test_a_declared_length_over_the_limit_is_refused_before_a_byte_of_it_came(small, raw):
    server, caller = small
    request = head("/v1/checksum", caller.http.headers["Authorization"], **JSON, Content_Length="8000000000")

    status, body = await raw(request, server)

    assert status.startswith("HTTP/1.1 413 ")
    assert "connection: close" in status.lower()
    assert json.loads(body)["type"].endswith("/body-too-large")


@pytest.mark.parametrize(
    ("path", "media"), [("/v1/checksum", "application/json"), ("/v1/jobs", "application/x-ndjson")]
)
async def test_an_endless_body_is_cut_off_while_it_is_sent(path, media, small):
    server, caller = small
    request = head(path, caller.http.headers["Authorization"], Content_Type=media, Transfer_Encoding="chunked")

    sent, answer = await asyncio.to_thread(send_for_ever, server.port, request)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()
    assert sent < 20_000_000  # what fits into the buffers between the two


def send_for_ever(port: int, request: bytes) -> tuple[int, bytes]:
    """Send an endless chunked body until the server answers or closes; return what was sent, and the answer."""
    piece = b"10000\r\n" + LINE.rjust(65536) + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        sent = 0
        try:
            while sent < 1_000_000_000:
                connection.sendall(piece)
                sent += len(piece)
        except ConnectionError:
            return sent, connection.recv(65536)
    return sent, b"the server took it all"


async def test_a_client_that_falls_silent_gets_a_408(small, raw, problem):
    server, caller = small
    for framing in ({"Content_Length": "500"}, {"Transfer_Encoding": "chunked"}):
        began = asyncio.get_running_loop().time()
        request = head("/v1/checksum", caller.http.headers["Authorization"], **JSON, **framing)

        status, body = await raw(request, server)

        assert status.startswith("HTTP/1.1 408 ")
        assert "connection: close" in status.lower()
        assert json.loads(body)["type"].endswith("/request-timeout")
        assert asyncio.get_running_loop().time() - began < 5


async def test_a_slow_client_that_is_never_silent_is_served_however_long_it_takes(small):
    _, caller = small

    async def slowly():
        for position in range(0, 2_000, 250):
            await asyncio.sleep(0.1)
            yield ONE.ljust(2_000)[position : position + 250]

    response = await caller.http.post("/v1/checksum", content=slowly(), headers=JSON)

    assert response.status_code == 200


async def test_a_client_that_sends_a_byte_now_and_then_gets_a_408(small):
    """It is never silent for as long as it may be: without a rate it would hold its connection for ever."""
    server, caller = small
    authorization = caller.http.headers["Authorization"]
    request = head("/v1/jobs", authorization, **NDJSON, Transfer_Encoding="chunked")

    seconds, answer = await asyncio.to_thread(dribble, server.port, request)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer.lower()
    assert b"1,024 bytes a second" in answer
    assert 0.3 <= seconds < 5


def dribble(port: int, request: bytes) -> tuple[float, bytes]:
    """Send a byte every 50 ms until the server answers; return the seconds that it took, and the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=0.05) as connection:
        connection.sendall(request)
        began = time.monotonic()
        while time.monotonic() < began + 10:
            connection.sendall(b"1\r\n \r\n")
            with suppress(TimeoutError):
                start, seconds = connection.recv(65536), time.monotonic() - began
                connection.settimeout(5)
                return seconds, start + b"".join(iter(partial(connection.recv, 65536), b""))
    return time.monotonic() - began, b"the server waits for ever"


@pytest.fixture
def body_of(shared_settings):
    """A function that makes a body that arrives in the given pieces."""

    def make(*pieces: bytes) -> Body:
        messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        arriving = iter([*messages, {"type": "http.request", "body": b"", "more_body": False}])

        async def receive():
            return next(arriving)

        return Body(Request({"type": "http", "headers": []}, receive), shared_settings, 2**26)

    return make


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
async def test_lines_are_the_same_however_they_are_cut_into_pieces(size, body_of):
    content = b"\none\n\n two \r\n\t\nthree"
    body = body_of(*(content[at : at + size] for at in range(0, len(content), size)))

    assert [found async for found in body.lines()] == [(2, b"one"), (4, b" two \r"), (6, b"three")]


async def test_a_long_line_in_small_pieces_costs_little(body_of):
    """Copying all of the line for each of its pieces would take the better part of a minute."""
    body = body_of(*[b"x" * 16] * 2**16, b"\n")
    began = time.process_time()

    assert [(number, len(line)) async for number, line in body.lines()] == [(1, 2**20)]

    assert time.process_time() - began < 5


async def test_a_refusal_leaves_the_connection_open_unless_a_long_body_is_on_its_way(caller, server, raw):
    short = head("/v1/checksum", "Bearer wrong", **JSON, Content_Length=str(len(ONE))) + ONE
    last = head("/v1/checksum", "Bearer wrong", **JSON, Content_Length="0", Connection="close")
    _, both = await raw(short + last)
    assert both.count(b"HTTP/1.1 401 ") == 1

    status, _ = await raw(head("/v1/jobs", "Bearer wrong", **NDJSON, Transfer_Encoding="chunked") + b"1\r\n\n\r\n")
    assert status.startswith("HTTP/1.1 401 ")
    assert "connection: close" in status.lower()


async def test_a_line_over_a_mebibyte_is_refused_by_its_number(caller, problem):
    body = LINE + b'{"page": "' + b"x" * 2**20

    document = problem(await caller.http.post("/v1/jobs", content=body, headers=NDJSON), 413, "body-too-large")

    assert document["detail"] == "Line 2 is longer than 1,048,576 bytes."


async def test_refused_bodies_are_counted(small, problem):
    server, caller = small
    registry = server.platform.metrics.registry

    def rejected(reason):
        return registry.get_sample_value("slipway_requests_rejected_total", {"reason": reason})

    assert (rejected("too_large"), rejected("timeout")) == (0, 0)
    problem(await caller.http.post("/v1/checksum", content=b" " * 2_001, headers=JSON), 413, "body-too-large")
    assert (rejected("too_large"), rejected("timeout")) == (1, 0)
