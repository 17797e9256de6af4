"""Overload: the answer comes as soon as the headers are there, and costs next to nothing."""

import asyncio
import json
import time

import pytest

LENGTH = len(b'{"inputs": [{"page": "AA=="}]}')
BODY = b'{"inputs": [{"page": "AA=="}]}'


def head(length: int | None = LENGTH, *more: str, method: str = "POST", path: str = "/v1/checksum") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *more]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode()


def bearer(crowd) -> str:
    return f"Authorization: {crowd.caller.http.headers['Authorization']}"


def sample(crowd, name: str, **labels: str) -> float:
    return crowd.server.platform.metrics.registry.get_sample_value(name, labels) or 0.0


HEALTH = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_the_refusal_comes_before_any_of_the_body_and_says_when_to_come_again(crowd, dial):
    wire = await dial(crowd.server)
    wire.send(head(5_000_000))

    answer = await wire.answer()

    assert answer.status == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    document = json.loads(answer.body)
    assert document.keys() == {"type", "title", "status", "detail", "trace_id"}
    assert (document["type"], document["status"]) == ("https://slipway.dev/problems/overloaded", 503)
    assert answer.headers["connection"] == "close"
    assert await wire.ended()


async def test_the_refusal_names_the_trace_of_the_gateway(crowd, dial):
    wire = await dial(crowd.server)
    for number in (1, 2):
        trace = f"{number:032x}"
        wire.send(head(LENGTH, f"traceparent: 00-{trace}-b7ad6b7169203331-01") + BODY)
        assert json.loads((await wire.answer()).body)["trace_id"] == trace
    wire.send(head(LENGTH, "traceparent: nonsense") + BODY)
    assert json.loads((await wire.answer()).body)["trace_id"] is None


async def test_a_client_that_goes_on_sending_still_gets_the_whole_answer(crowd, dial):
    wire = await dial(crowd.server)
    wire.send(head(5_000_000) + b"x" * 1_000_000)

    assert (await wire.answer()).status == 503
    assert await wire.ended()


async def test_after_a_refused_small_body_the_connection_serves_the_next_request(crowd, dial):
    wire = await dial(crowd.server)
    for pieces in ([head() + BODY], [head(), BODY[:7], BODY[7:]], [head()[:40], head()[40:] + BODY[:1], BODY[1:]]):
        for piece in pieces:
            wire.send(piece)
            await asyncio.sleep(0.02)
        assert (await wire.answer()).status == 503
        wire.send(HEALTH)
        assert (await wire.answer()).status == 200
    await crowd.disperse()


async def test_pipelined_requests_are_answered_in_their_order(crowd, dial):
    wire = await dial(crowd.server)
    refused = head(LENGTH, bearer(crowd)) + BODY
    wire.send(refused + refused + HEALTH + refused + HEALTH)

    assert [(await wire.answer()).status for _ in range(5)] == [503, 503, 200, 503, 200]


@pytest.mark.parametrize("header", ["Transfer-Encoding: chunked", "Expect: 100-continue\r\nContent-Length: 5"])
async def test_where_the_end_of_the_body_cannot_be_known_the_connection_is_closed(crowd, dial, header):
    wire = await dial(crowd.server)
    wire.send(head(None, header))

    answer = await wire.answer()
    assert (answer.status, answer.headers["connection"]) == (503, "close")
    wire.send(HEALTH)
    assert await wire.ended()


async def test_what_comes_behind_a_closing_refusal_is_not_answered(crowd, dial):
    wire = await dial(crowd.server)
    wire.send(head(LENGTH, "Connection: close") + BODY + HEALTH)

    assert (await wire.answer()).status == 503
    assert await wire.ended()


async def test_other_routes_and_methods_are_served(crowd, dial):
    wire = await dial(crowd.server)
    for request, status in (
        (HEALTH, 200),
        (b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
        (head(None, bearer(crowd), method="GET", path="/v1/models"), 200),
        (head(None, method="GET"), 405),
        (head(path="/v1/jobs") + BODY, 401),
        (head(LENGTH, bearer(crowd), path="/v1/jobs") + BODY, 202),
    ):
        wire.send(request)
        assert (await wire.answer()).status == status


async def test_every_refusal_is_counted(crowd, dial):
    wire = await dial(crowd.server)
    http = {"route": "/v1/checksum", "method": "POST", "status": "5xx"}
    before = sample(crowd, "slipway_requests_rejected_total", reason="overloaded")
    answered = sample(crowd, "slipway_http_requests_total", **http)
    for _ in range(3):
        wire.send(head(path="/v1/checksum?x=1") + BODY)
        assert (await wire.answer()).status == 503

    assert sample(crowd, "slipway_requests_rejected_total", reason="overloaded") == before + 3
    assert sample(crowd, "slipway_http_requests_total", **http) == answered + 3


async def test_who_was_let_in_is_served_however_much_comes_while_the_body_is_read(crowd, dial, start, new_caller):
    server = await start(batch_queue_inputs=4)
    caller = await new_caller(server)
    slow = await dial(server)
    slow.send(head(LENGTH, f"Authorization: {caller.http.headers['Authorization']}") + BODY[:5])
    await asyncio.sleep(0.2)
    batcher = server.app.state.api.batcher
    places = [batcher.admit() for _ in range(3)]
    assert batcher.overloaded

    slow.send(BODY[5:])

    assert (await slow.answer()).status == 200
    for place in places:
        place.release()


async def test_it_ends_with_the_overload(crowd, dial):
    wire = await dial(crowd.server)
    wire.send(head() + BODY)
    assert (await wire.answer()).status == 503

    await crowd.disperse()

    wire.send(head() + BODY)
    assert (await wire.answer()).status == 401  # it came in, and has no key


async def test_a_request_that_ends_early_leaves_no_place_behind(start, dial):
    server = await start(batch_queue_inputs=2)
    for _ in range(5):
        wire = await dial(server)
        wire.send(head() + BODY)
        assert (await wire.answer()).status == 401
        gone = await dial(server)
        gone.send(head())
        gone.writer.close()
    await asyncio.sleep(0.1)

    assert not server.app.state.api.batcher.overloaded


async def test_a_key_that_is_known_to_be_over_its_rate_is_refused_before_its_body_too(start, new_caller, dial):
    server = await start(rate_limit_per_minute=2)
    caller, other = await new_caller(server), await new_caller(server)
    while time.time() % 60 > 50:  # the window would end in the middle
        await asyncio.sleep(0.5)
    wire = await dial(server)
    keys = [f"Authorization: {found.http.headers['Authorization']}" for found in (caller, other)]
    statuses = []
    for key in (keys[0],) * 3 + (keys[1],):
        wire.send(head(LENGTH, key) + BODY)
        statuses.append((await wire.answer()).status)
    assert statuses == [200, 200, 429, 200]

    wire.send(head(5_000_000, keys[0]))

    answer = await wire.answer()
    assert answer.status == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert answer.headers["ratelimit"] == f'"key";r=0;t={answer.headers["retry-after"]}'
    assert answer.headers["ratelimit-policy"] == '"key";q=2;w=60'
    assert json.loads(answer.body)["type"] == "https://slipway.dev/problems/rate-limited"
    assert await wire.ended()
    rejected = {"reason": "rate_limited"}
    assert server.platform.metrics.registry.get_sample_value("slipway_requests_rejected_total", rejected) == 2
