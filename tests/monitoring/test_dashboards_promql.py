"""What an expression reads."""

from monitoring.dashboards.promql import Matcher, groupings, selectors


def metrics(expression: str) -> list[str]:
    return [selector.metric for selector in selectors(expression)]


def test_metrics_are_found_and_functions_labels_and_numbers_are_not():
    quantile = 'histogram_quantile(0.95, sum by (le, route) (rate(a_bucket{route!~"/health/.*"}[5m])))'
    assert metrics(quantile) == ["a_bucket"]
    assert metrics("sum(a) / ignoring (x) group_left sum(b) or vector(0)") == ["a", "b"]
    assert metrics("a offset 5m unless on (instance) b == bool 1e3") == ["a", "b"]
    assert metrics('ALERTS{alertstate="firing"}') == ["ALERTS"]
    assert metrics("slo:errors:rate1m / (1 - slo:objective:ratio)") == ["slo:errors:rate1m", "slo:objective:ratio"]


def test_conditions_are_read_with_their_values():
    (selector,) = selectors('rate(a{x="1",y=~"b|c{2}",z!=""}[$__rate_interval])')
    assert selector.matchers == (Matcher("x", "=", "1"), Matcher("y", "=~", "b|c{2}"), Matcher("z", "!=", ""))


def test_groupings_are_found():
    assert groupings('sum by (a, b) (x{c="by (d)"}) / on (e) group_left (f) y') == {"a", "b", "e", "f"}
