"""A server that is known to cost what it costs, and answers as it is told."""

import http.server
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from loadtests.bench.cases import Case
from loadtests.bench.guard.load import Server, count_answered, whole_requests
from loadtests.bench.systems.system import Endpoint
from loadtests.overload.connection import Exchange

COST = 0.005
"""Processor seconds of a request."""
SINGLE, BULK = Case("single", 1, 4), Case("bulk", 3, 2)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[list[str]]
    status = 200

    def do_POST(self):
        self.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        assert self.headers["Authorization"] == "Bearer key"
        ends = time.thread_time() + COST
        while time.thread_time() < ends:
            pass
        self.send_response(self.status)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def send_header(self, keyword, value):
        super().send_header(keyword.lower(), value)

    def log_message(self, *_):
        return


@pytest.fixture
def handler():
    return type("Handler", (_Handler,), {"seen": []})


@pytest.fixture
def server(handler):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd, ThreadPoolExecutor(2) as pool:
        pool.submit(httpd.serve_forever, 0.05)
        headers = {"Authorization": "Bearer key"}
        encode = lambda texts: json.dumps(list(texts)).encode()  # noqa: E731  # as short as it can be
        url = f"http://127.0.0.1:{httpd.server_port}/v1/triage"
        endpoint = Endpoint(url, headers, encode, lambda _: 1, lambda: {os.getpid()})
        yield Server(endpoint, pool, ["one", "two", "three", "four", "five", "six"])
        httpd.shutdown()


@pytest.mark.parametrize("case", [SINGLE, BULK])
def test_every_text_is_asked_for_and_the_cost_is_of_the_server(server, handler, case):
    spent = server.cpu_s_per_1000(case, 0.5)

    assert {text for body in handler.seen for text in body} == set(server.texts)
    assert max(map(len, handler.seen)) == case.size
    # The system counts in hundredths of a second, and the client's part is in this process, too.
    assert 0.5 * COST < spent / 1e3 * case.size < 20 * COST


def test_anything_but_answers_and_refusals_ends_it(server, handler):
    handler.status = 500

    with pytest.raises(SystemExit, match="single_c4: by status"):
        server.cpu_s_per_1000(SINGLE, 0.3)


def test_refusals_are_no_answers():
    statuses = [200, 200, 503]

    assert count_answered(BULK, [Exchange(0.0, 0.0, 1.0, status) for status in statuses]) == 2


@pytest.mark.parametrize("statuses", [[], [503], [200, 0], [200, 401]])
def test_nothing_or_something_else_is_refused(statuses):
    with pytest.raises(SystemExit, match="nothing to compare"):
        count_answered(BULK, [Exchange(0.0, 0.0, 1.0, status) for status in statuses])


def test_requests_are_whole(server):
    requests = list(whole_requests(server.endpoint, server.texts, 2))

    heads = [request.partition(b"\r\n\r\n") for request in requests]
    assert [json.loads(body) for _, _, body in heads] == [["one", "two"], ["three", "four"], ["five", "six"]]
    for head, _, body in heads:
        assert head.startswith(b"POST /v1/triage HTTP/1.1\r\nHost: 127.0.0.1:")
        assert f"Content-Length: {len(body)}".encode() in head


def test_texts_that_do_not_come_out_even_are_refused(server):
    with pytest.raises(ValueError, match="6 texts do not make whole requests of 4"):
        list(whole_requests(server.endpoint, server.texts, 4))
