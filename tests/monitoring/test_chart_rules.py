"""The chart's rules are those of the composed stack that make sense in a cluster, and look at one release."""

import re
from pathlib import Path

import pytest
import yaml
from monitoring.dashboards.promql import selectors
from monitoring.prometheus import kubernetes, slo

from slipway.telemetry.catalogue import catalogue
from slipway.telemetry.metric import Histogram

OWN_NAMESPACE = ("namespace", "=", kubernetes.NAMESPACE)
OF_PROMETHEUS = {"up", "process_start_time_seconds"}
FILES = {path.name: path.read_text() for path in sorted(kubernetes.CHART.glob("*.yml"))}
RULES = [rule for text in FILES.values() for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
SOURCES = [
    rule
    for path in sorted(kubernetes.RULES.glob("*.yml"))
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
]


def names_of(rules):
    return {rule["alert"] for rule in rules if "alert" in rule}


def matchers_of(selector):
    return [(matcher.label, matcher.operator, matcher.value) for matcher in selector.matchers]


def names_of_series():
    names = set()
    for metric in catalogue():
        suffixes = ("_count", "_sum", "_bucket") if isinstance(metric, Histogram) else ("",)
        names |= {metric.name + suffix for suffix in suffixes}
    return names


def test_the_charts_rules_are_written_from_the_stacks():
    assert kubernetes.rendered() == FILES, "run `python -m monitoring.prometheus.kubernetes`"


def test_every_alert_is_in_the_chart_or_has_a_reason_not_to_be():
    assert names_of(RULES) | set(kubernetes.ELSEWHERE) == names_of(SOURCES)
    assert not names_of(RULES) & set(kubernetes.ELSEWHERE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_each_rule_looks_at_one_namespace_and_says_which(rule):
    assert rule["labels"]["namespace"] == kubernetes.NAMESPACE
    for selector in selectors(rule["expr"]):
        assert matchers_of(selector).count(OWN_NAMESPACE) == 1, selector


def test_rules_ask_for_nothing_that_is_not_in_a_cluster():
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    asked = {selector.metric for rule in RULES for selector in selectors(rule["expr"])}
    assert len(asked) > 20
    assert asked <= names_of_series() | recorded | OF_PROMETHEUS


def test_recordings_that_differ_by_their_labels_stay_apart():
    written = [(rule["record"], rule["labels"].get("slo")) for rule in RULES if "record" in rule]
    assert len(written) == len(set(written))


def test_objectives_count_events_by_the_interval_that_they_are_measured_at():
    groups = {group["name"]: group for text in FILES.values() for group in yaml.safe_load(text)["groups"]}
    assert groups["slo-events"]["interval"] == f"{slo.INTERVAL_SECONDS}s"
    assert groups["slo-long"]["interval"] == "1m"


@pytest.mark.parametrize(
    ("expression", "confined"),
    [
        ("up == 0", 'up{namespace="$NAMESPACE"} == 0'),
        (
            'sum by (job) (rate(a_total{job="up"}[1m]))',
            'sum by (job) (rate(a_total{namespace="$NAMESPACE",job="up"}[1m]))',
        ),
        ("a / (a_total > 0)", 'a{namespace="$NAMESPACE"} / (a_total{namespace="$NAMESPACE"} > 0)'),
        (
            "b:a:max offset 1m unless on (b) vector(1)",
            'b:a:max{namespace="$NAMESPACE"} offset 1m unless on (b) vector(1)',
        ),
    ],
)
def test_a_selector_is_confined_wherever_it_stands(expression, confined):
    assert kubernetes.confined(expression) == confined
    assert re.sub(r'namespace="\$NAMESPACE",?', "", confined).replace("{}", "") == expression


def test_writing_removes_what_no_rule_is_left_of(tmp_path: Path):
    (tmp_path / "gone.yml").write_text("groups: []")
    kubernetes.write(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == kubernetes.rendered()
