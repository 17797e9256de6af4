import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from slipway.telemetry import catalogue
from slipway.telemetry.metrics import Metrics
from slipway.telemetry.server import ProbeServer

Lines = Callable[[], list[dict[str, Any]]]


class Process:
    """What the probes ask about."""

    started: bool = True
    ready: bool | str = True


@pytest.fixture
def process() -> Process:
    return Process()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def server(process: Process, metrics: Metrics) -> Iterator[ProbeServer]:
    metrics.inc(catalogue.JOBS_ACCEPTED, workload="triage")
    server = ProbeServer("127.0.0.1", 0, metrics.registry, started=lambda: process.started, ready=lambda: process.ready)
    server.start()
    yield server
    server.stop()


def get(server: ProbeServer, path: str, method: str = "GET", **headers: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read().decode()
    finally:
        connection.close()


def test_metrics_are_served_as_text(server: ProbeServer) -> None:
    status, content_type, body = get(server, "/metrics")
    assert (status, content_type.partition(";")[0]) == (200, "text/plain")
    assert 'slipway_jobs_accepted_total{workload="triage"} 1.0' in body


def test_metrics_are_served_as_openmetrics_when_asked_for(server: ProbeServer) -> None:
    _, content_type, body = get(server, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith("# EOF\n")
    assert "# UNIT slipway_model_duration_seconds seconds" in body


def test_prometheus_gets_exemplars_and_names_that_need_no_escaping(server: ProbeServer, metrics: Metrics) -> None:
    """By the header that Prometheus 3 sends."""
    accept = (
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
        "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
    )
    with TracerProvider(shutdown_on_exit=False).get_tracer("test").start_as_current_span("request"):
        metrics.observe(catalogue.HTTP_DURATION, 0.3, route="/v1/jobs", method="POST")
    _, content_type, body = get(server, "/metrics", Accept=accept)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert body.count('# {trace_id="') == 1
    assert "# {" not in get(server, "/metrics")[2]


def test_a_process_that_is_not_ready_is_live_and_says_why(server: ProbeServer, process: Process) -> None:
    process.ready = "the database does not answer"
    assert get(server, "/health/live")[0] == 200
    status, _, reason = get(server, "/health/ready")
    assert (status, reason) == (503, "the database does not answer\n")
    process.ready = True
    assert get(server, "/health/ready")[0] == 200


def test_false_is_not_ready_either(server: ProbeServer, process: Process) -> None:
    process.ready = False
    assert get(server, "/health/ready")[0] == 503


def test_startup_is_over_when_the_process_says_so_whatever_it_waits_for(server: ProbeServer, process: Process) -> None:
    process.started, process.ready = False, False
    assert get(server, "/health/startup")[0] == 503
    process.started, process.ready = True, "the database does not answer"
    assert get(server, "/health/startup")[0] == 200


def test_queries_and_head_are_answered_and_other_paths_are_not_found(server: ProbeServer) -> None:
    assert get(server, "/health/live?verbose")[0] == 200
    assert get(server, "/health/live", method="HEAD")[::2] == (200, "")
    assert get(server, "/")[0] == 404
    assert get(server, "/health/live", method="POST")[0] == 501


def test_requests_are_not_logged(server: ProbeServer, capfd: pytest.CaptureFixture[str]) -> None:
    get(server, "/metrics")
    get(server, "/nothing")
    assert capfd.readouterr() == ("", "")


def test_a_readiness_check_that_raises_is_logged_and_the_server_goes_on(lines: Lines) -> None:
    answers = iter([True])
    server = ProbeServer("127.0.0.1", 0, Metrics().registry, started=bool, ready=lambda: next(answers))
    server.start()
    assert get(server, "/health/ready")[0] == 200
    with pytest.raises(http.client.RemoteDisconnected):
        get(server, "/health/ready")
    assert get(server, "/health/live")[0] == 200
    server.stop()
    assert [line["event"] for line in lines()] == ["probe_failed"]


def test_a_port_that_is_taken_is_told_with_the_setting_that_helps() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = ProbeServer("127.0.0.1", port, Metrics().registry, started=bool, ready=lambda: True)
        with pytest.raises(OSError, match=f"Cannot listen on 127.0.0.1:{port}.*SLIPWAY_METRICS_PORT"):
            server.start()
        server.stop()


def test_after_stop_nothing_is_left() -> None:
    before = set(threading.enumerate())
    server = ProbeServer("127.0.0.1", 0, Metrics().registry, started=bool, ready=lambda: True)
    server.start()
    port = server.port
    server.stop()
    server.stop()
    assert not {thread for thread in set(threading.enumerate()) - before if thread.name == "probes"}
    with socket.create_server(("127.0.0.1", port)):
        pass
