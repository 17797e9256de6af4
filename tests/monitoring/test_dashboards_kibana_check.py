"""`python -m monitoring.kibana.check`, against a server that answers as Elasticsearch does."""

import httpx
import pytest
from monitoring.kibana.check import report
from monitoring.kibana.reading import Asked

KNOWN = {"properties": {"log": {"properties": {"level": {"type": "keyword"}}}}}
BUCKETS = {"2": {"buckets": [{"doc_count": 9, "3": {"buckets": [{"doc_count": 4}, {"doc_count": 1}]}}]}}


def question(name, query="", aggregations=None, fields=("log.level",)):
    return Asked(name, name, query, aggregations or {}, frozenset(fields))


@pytest.fixture
def elasticsearch():
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("_mapping"):
            return httpx.Response(200, json={"slipway-logs-2026.01.01": {"mappings": KNOWN}})
        total = 0 if b"nothing" in request.content else 7
        return httpx.Response(200, json={"hits": {"total": {"value": total}}, "aggregations": BUCKETS})

    with httpx.Client(base_url="http://elasticsearch", transport=httpx.MockTransport(answer)) as client:
        yield client


def test_a_search_counts_its_lines_and_a_chart_what_is_in_its_innermost_buckets(elasticsearch):
    chart = question("chart", aggregations={"2": {"aggs": {"3": {}}}})
    assert report(elasticsearch, [question("search"), chart])["hits"] == {"search": 7, "chart": 5}


def test_a_search_that_finds_nothing_is_reported_unless_that_is_what_is_hoped_for(elasticsearch):
    questions = [question("slipway-trace", "nothing"), question("slipway-errors", "nothing")]
    assert report(elasticsearch, questions)["without_hits"] == ["slipway-trace"]


def test_a_field_that_no_index_has_is_reported(elasticsearch):
    unknown = report(elasticsearch, [question("search", fields=("log.level", "wish"))])["unknown_fields"]
    assert unknown == {"search": ["wish"]}
