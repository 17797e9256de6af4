"""`python -m monitoring.dashboards.check`, against a server that speaks as much of Prometheus' API as it asks for."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from monitoring.dashboards.check import main, report, without_exemplars
from monitoring.dashboards.extraction import Found, found
from monitoring.dashboards.limits import above
from monitoring.dashboards.panel import Panel, Query
from monitoring.dashboards.picture import draw, lines
from monitoring.dashboards.prometheus import Prometheus

NOW = {"up": [1.0, "1"], "stale": [1.0, "NaN"]}
EARLIER = {"yesterday": [[1.0, "NaN"], [2.0, "5"]]}
EXEMPLARS = {"traced": [{"exemplars": [{"labels": {"trace_id": "5b8e"}}]}]}
OFFERED = {"up", "stale", "yesterday", "rare_total"}


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        path, parameters = urlsplit(self.path).path.rsplit("/", 1)[-1], parse_qs(urlsplit(self.path).query)
        name = parameters.get("query", parameters.get("metric", [""]))[0]
        if name == "broken(":
            self.reply(400, {"status": "error", "error": "parse error"})
        elif path == "query":
            self.reply(200, {"data": {"result": [{"value": NOW[name]}] if name in NOW else []}})
        elif path == "query_range":
            series = [{"metric": {"job": "api"}, "values": EARLIER[name]}] if name in EARLIER else []
            self.reply(200, {"data": {"result": series}})
        elif path == "query_exemplars":
            self.reply(200, {"data": EXEMPLARS.get(name, [])})
        elif path == "metadata":
            self.reply(200, {"data": {name: [{}]} if name in OFFERED else {}})
        else:
            self.reply(200, {"data": {"groups": [{"rules": [{}]}]}})

    def reply(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def serving(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def url():
    with serving(Answers) as address:
        yield address


def query(expression, **more):
    return Found("board", "panel", "A", expression, **more)


def reasons(url, *queries):
    result = report(Prometheus(url), queries, 900)
    kinds = ("empty_as_described", "without_data", "refused")
    return {kind: [each["reason"] for each in result[kind]] for kind in kinds if result[kind]}


def test_data_now_or_a_while_ago_is_data(url):
    assert report(Prometheus(url), [query("up"), query("yesterday")], 900)["with_data"] == 2


def test_no_series_and_nothing_but_nan_are_no_data(url):
    missing = "no series, and the panel does not say what that means"
    assert reasons(url, query("rare_total"), query("stale")) == {"without_data": [missing, missing]}


def test_a_panel_that_says_what_no_data_means_may_have_none(url):
    empty = [query("rare_total", may_be_empty=True), query("ALERTS", may_be_empty=True)]
    assert reasons(url, *empty) == {"empty_as_described": ["", ""]}


def test_but_not_of_a_metric_that_nobody_offers(url):
    assert reasons(url, query("wish_total", may_be_empty=True)) == {"without_data": ["no target offers wish_total"]}


def test_what_prometheus_refuses_is_told_in_its_words(url):
    assert reasons(url, query("broken(")) == {"refused": ["parse error"]}


def test_the_command_fails_and_says_which_queries_have_no_data(url, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["check", "--prometheus", url, "--only", "slipway-jobs"])
    assert main() == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["queries"] > 10
    assert {each["dashboard"] for each in printed["without_data"]} == {"slipway-jobs"}


def test_points_without_traces_are_told(url):
    queries = [query("traced", exemplars=True), query("up", exemplars=True), query("yesterday")]
    assert without_exemplars(Prometheus(url), queries, 900) == ["panel"]


def test_panels_can_be_drawn_without_grafana(url, tmp_path):
    panel = Panel("Title", "Good.", "s", above(warn=4), (Query("yesterday", "{{job}}"), Query("rare_total", "none")))
    draw([panel, *lines(["slipway-jobs"])], Prometheus(url), 900, tmp_path / "images" / "drawn.png")
    assert (tmp_path / "images" / "drawn.png").read_bytes().startswith(b"\x89PNG")


def test_variables_are_filled_in_as_grafana_does(tmp_path):
    path = tmp_path / "board.json"
    target = {"refId": "A", "expr": 'rate(a{b=~"$b"}[$__rate_interval]) + ${b:regex} + increase(a[$__range])'}
    panel = {"title": "x", "type": "stat", "targets": [target], "fieldConfig": {"defaults": {"noValue": "none yet"}}}
    variables = [{"name": "b", "allValue": ".*"}]
    path.write_text(json.dumps({"uid": "u", "panels": [panel], "templating": {"list": variables}}))
    (only,) = found(path, "40s", "1h")
    assert only == Found("u", "x", "A", 'rate(a{b=~".*"}[40s]) + .* + increase(a[1h])', may_be_empty=True)


def test_a_variable_that_is_not_defined_is_a_mistake(tmp_path):
    path = tmp_path / "board.json"
    panel = {"title": "x", "type": "stat", "targets": [{"refId": "A", "expr": "a{b=~'$b'}"}]}
    path.write_text(json.dumps({"uid": "u", "panels": [panel]}))
    with pytest.raises(KeyError, match="b"):
        found(path, "40s", "1h")
