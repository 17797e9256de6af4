"""Rules, their tests and their runbooks belong together. promtool itself runs in the end-to-end test."""

import re
from pathlib import Path

import pytest
import yaml
from monitoring.prometheus import slo

from slipway.telemetry.catalogue import catalogue
from slipway.telemetry.metric import Histogram

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "monitoring" / "prometheus"
RUNBOOKS = ROOT / "docs" / "runbooks"
SECTIONS = ["Meaning", "Impact", "See it", "Mitigation", "Rollback"]
INDEX_ROW = re.compile(r"^\| \[(\w+)\]\((\w+)\.md\) \| (\w+) \|", re.MULTILINE)
RECORDED_NAME = re.compile(r"\b[a-z]+:[a-z_0-9]+:[a-z_0-9]+\b")
SELECTOR = re.compile(r"(?<![\w:])(slipway_[a-z_0-9]+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
TARGET_LABELS = {"job", "instance"}


def read(folder):
    return [yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yml"))]


RULES = [rule for file in read(PROMETHEUS / "rules") for group in file["groups"] for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
NAMES = sorted({rule["alert"] for rule in ALERTS})
CASES = [case for file in read(PROMETHEUS / "tests") for case in file["tests"]]


def series_of_the_catalogue():
    """Return the labels, with the values of the closed ones, by the name under which a series is scraped."""
    found = {}
    for metric in catalogue():
        labels = {label.name: label.values for label in metric.labels}
        if isinstance(metric, Histogram):
            bounds = (*(f"{bound:g}" for bound in metric.buckets), "+Inf")
            found |= {f"{metric.name}_{suffix}": labels for suffix in ("count", "sum")}
            found[f"{metric.name}_bucket"] = labels | {"le": bounds}
        else:
            found[metric.name] = labels
    return found


SERIES = series_of_the_catalogue()


def unknown_in(expression):
    """Return what an expression asks of our metrics that the catalogue does not have."""
    return [
        fault
        for name, matchers in SELECTOR.findall(expression)
        for fault in ([name] if name not in SERIES else unknown_labels(name, matchers))
    ]


def unknown_labels(name, matchers):
    labels = SERIES[name]
    return [
        f'{name}{{{label}{operator}"{value}"}}'
        for label, operator, value in MATCHER.findall(matchers)
        if label not in TARGET_LABELS
        and (label not in labels or (operator == "=" and labels[label] and value not in labels[label]))
    ]


def queries_of_runbooks():
    """Return what runbooks quote; a histogram may be called by its bare name there."""
    for path in sorted(RUNBOOKS.glob("*.md")):
        yield from ((path.name, code) for code in re.findall(r"`([^`\n]+)`", path.read_text()) if "psql" not in code)


def asked(alert):
    return re.compile(rf'ALERTS\{{alertname="{alert}",alertstate="firing"[^}}]*\}}')


def fires(alert):
    return any(
        asked(alert).fullmatch(test["expr"]) and test.get("exp_samples")
        for case in CASES
        for test in case.get("promql_expr_test", [])
    )


def stays_silent(alert):
    return any(
        test["alertname"] == alert and not test.get("exp_alerts")
        for case in CASES
        for test in case.get("alert_rule_test", [])
    )


@pytest.mark.parametrize("alert", NAMES)
def test_each_alert_is_seen_to_fire(alert):
    assert fires(alert), f"no case of {PROMETHEUS / 'tests'} expects {alert} to fire"


@pytest.mark.parametrize("alert", [name for name in NAMES if name != "Watchdog"])
def test_each_alert_is_seen_to_stay_silent(alert):
    assert stays_silent(alert), f"no case of {PROMETHEUS / 'tests'} expects {alert} not to fire"


def test_cases_ask_about_alerts_that_exist():
    named = {test["alertname"] for case in CASES for test in case.get("alert_rule_test", [])}
    assert named <= set(NAMES)


@pytest.mark.parametrize("alert", NAMES)
def test_each_alert_has_a_runbook_that_says_everything(alert):
    text = (RUNBOOKS / f"{alert}.md").read_text()
    assert text.startswith(f"# {alert}\n")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    assert parts[1::2] == SECTIONS
    assert all(part.strip() for part in parts[2::2])


def test_each_runbook_belongs_to_an_alert():
    assert sorted(path.stem for path in RUNBOOKS.glob("*.md") if path.stem != "README") == NAMES


def test_runbooks_lead_to_runbooks_that_exist():
    found = {
        (path.name, link) for path in RUNBOOKS.glob("*.md") for link in re.findall(r"\]\(([^)]+)\)", path.read_text())
    }
    assert found
    assert not [(name, link) for name, link in found if not (RUNBOOKS / link).is_file()]


def test_the_index_lists_every_alert_with_its_severity():
    rows = INDEX_ROW.findall((RUNBOOKS / "README.md").read_text())
    assert all(name == file for name, file, _ in rows)
    assert sorted((name, severity) for name, _, severity in rows) == sorted(
        {(rule["alert"], rule["labels"]["severity"]) for rule in ALERTS}
    )


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_alerts_say_how_bad_it_is_and_where_to_look(rule):
    labels, notes = rule["labels"], rule["annotations"]
    assert labels["severity"] in {"page", "ticket", "none"}
    assert ("slo" in labels) != ("area" in labels)
    assert notes["summary"]
    assert notes["description"]
    assert notes["runbook_url"] == f"docs/runbooks/{rule['alert']}.md"
    assert (ROOT / "monitoring" / "grafana" / "dashboards" / f"{notes['dashboard']}.json").is_file()


def test_rules_use_our_metrics_as_the_catalogue_has_them():
    checked = [rule["expr"] for rule in RULES if "slipway_" in rule["expr"]]
    assert len(checked) > 20
    assert [fault for expression in checked for fault in unknown_in(expression)] == []


def test_runbooks_use_our_metrics_as_the_catalogue_has_them():
    histograms = {metric.name for metric in catalogue() if isinstance(metric, Histogram)}
    checked = [(place, code) for place, code in queries_of_runbooks() if "slipway_" in code]
    assert len(checked) > 50
    faults = [(place, fault) for place, code in checked for fault in unknown_in(code)]
    assert [fault for fault in faults if fault[1] not in histograms] == []


@pytest.mark.parametrize(
    "expression",
    [
        'slipway_job_chunks{state="late"}',
        'slipway_job_chunks{status="waiting"}',
        "sum(rate(slipway_requests_total[1m]))",
        "slipway_http_request_duration_seconds",
        'slipway_http_request_duration_seconds_bucket{le="0.4"}',
    ],
)
def test_what_the_catalogue_lacks_is_found(expression):
    assert unknown_in(expression)


def test_what_is_recorded_is_used_by_its_name():
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    texts = [rule["expr"] for rule in RULES] + [code for _, code in queries_of_runbooks()]
    used = {name for text in texts for name in RECORDED_NAME.findall(text)}
    assert used
    assert used <= recorded


def test_the_objectives_rules_are_those_of_their_declaration():
    assert slo.RULES.read_text() == slo.render(), "run `python -m monitoring.prometheus.slo`"
