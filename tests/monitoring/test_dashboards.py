"""Dashboards, the catalogue of metrics and the alert rules belong together."""

from itertools import chain

import pytest
from monitoring.dashboards.boards import BOARDS
from monitoring.dashboards.extraction import found
from monitoring.dashboards.files import FOLDER, existing, generated
from monitoring.dashboards.promql import groupings, selectors
from monitoring.dashboards.runbooks import TEXTS, alerts, recorded

from slipway.telemetry.catalogue import catalogue
from slipway.telemetry.metric import Histogram

QUERIES = list(chain.from_iterable(found(path, "1m", "1h") for path in sorted(FOLDER.glob("*.json"))))
BY_SERIES = {
    f"{metric.name}{suffix}": metric
    for metric in catalogue()
    for suffix in (("_bucket", "_sum", "_count") if isinstance(metric, Histogram) else ("",))
}
BY_PROMETHEUS = {"job", "instance", "le"}


def ours(query):
    return [selector for selector in selectors(query.expression) if selector.metric.startswith("slipway_")]


def test_the_files_are_what_is_declared():
    assert existing() == generated(), "run `make docs`"


def test_every_metric_of_the_catalogue_has_a_panel():
    shown = {BY_SERIES[selector.metric].name for query in QUERIES for selector in ours(query)}
    assert {metric.name for metric in catalogue()} - shown == set(), "give them a panel in monitoring/dashboards/boards"


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: f"{query.dashboard}: {query.panel} {query.ref}")
def test_a_query_reads_what_exists(query):
    for selector in ours(query):
        assert selector.metric in BY_SERIES
        labels = {label.name: label for label in BY_SERIES[selector.metric].labels}
        for matcher in selector.matchers:
            assert matcher.label in labels.keys() | BY_PROMETHEUS
            if matcher.operator in ("=", "!=") and matcher.label in labels:
                assert matcher.value in (labels[matcher.label].values or [matcher.value])


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: f"{query.dashboard}: {query.panel} {query.ref}")
def test_a_query_groups_by_labels_that_its_metrics_have(query):
    read = selectors(query.expression)
    if read == ours(query):
        known = {label.name for selector in read for label in BY_SERIES[selector.metric].labels}
        assert groupings(query.expression) <= known | BY_PROMETHEUS


def test_a_variable_offers_the_values_of_a_label_that_is_there():
    variables = [variable for board in BOARDS for variable in board.variables]
    assert variables
    for label, metric in variables:
        assert label in [each.name for each in BY_SERIES[metric].labels]


def test_recorded_series_are_recorded():
    read = {selector.metric for query in QUERIES for selector in selectors(query.expression) if ":" in selector.metric}
    assert read
    assert read <= recorded()


def test_every_alert_can_be_seen_on_a_panel_and_no_panel_names_another():
    named = set(chain.from_iterable(board.alerts for board in BOARDS))
    assert named == alerts(), "name it in `alerts` of the panel that shows what it is about"


def test_every_alert_has_its_runbook_in_grafana():
    shown = {
        name.removeprefix("Runbooks/").removesuffix(".json") for name in existing() if name.startswith("Runbooks/")
    }
    assert shown == alerts() & {path.stem for path in TEXTS.glob("*.md")} == alerts()
