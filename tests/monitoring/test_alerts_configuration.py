"""What Prometheus scrapes, and who hears of alerts."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "monitoring"
PROMETHEUS = yaml.safe_load((MONITORING / "prometheus" / "prometheus.yml").read_text())
ALERTMANAGER = yaml.safe_load((MONITORING / "alertmanager" / "alertmanager.yml").read_text())
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
RULES = [
    rule
    for path in sorted((MONITORING / "prometheus" / "rules").glob("*.yml"))
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
]


def hosts():
    for job in PROMETHEUS["scrape_configs"]:
        for found in job.get("static_configs", []):
            yield from (target.rpartition(":")[0] for target in found["targets"])
        for found in job.get("dns_sd_configs", []):
            yield from found["names"]


def aliases():
    for service in SERVICES.values():
        networks = service.get("networks", [])
        if isinstance(networks, dict):
            yield from networks.get("observed", {}).get("aliases", [])


def test_every_target_is_a_service_that_prometheus_shares_a_network_with():
    for host in hosts():
        assert host in aliases() or "observed" in SERVICES[host]["networks"], host


def test_rules_ask_for_jobs_that_are_scraped():
    jobs = {job["job_name"] for job in PROMETHEUS["scrape_configs"]}
    asked = {
        name
        for rule in RULES
        for names in re.findall(r'\bjob=~?"([a-z|]+)"', rule["expr"])
        for name in names.split("|")
    }
    assert asked
    assert asked <= jobs


def test_every_job_names_its_instances_for_people():
    for job in PROMETHEUS["scrape_configs"]:
        assert [step["target_label"] for step in job["relabel_configs"]] == ["instance"], job["job_name"]


def test_objectives_are_counted_at_the_pace_of_their_evaluation():
    assert PROMETHEUS["global"]["evaluation_interval"] == PROMETHEUS["global"]["scrape_interval"] == "10s"


def test_prometheus_keeps_what_the_error_budget_looks_back_to():
    (kept,) = [
        int(found[1])
        for option in SERVICES["prometheus"]["command"]
        if (found := re.fullmatch(r"--storage\.tsdb\.retention\.time=(\d+)d", option))
    ]
    assert kept > 30


def test_inhibitions_name_alerts_that_exist():
    known = {rule["alert"] for rule in RULES if "alert" in rule}
    matchers = [
        matcher
        for rule in ALERTMANAGER["inhibit_rules"]
        for matcher in (*rule["source_matchers"], *rule["target_matchers"])
    ]
    named = {
        name
        for matcher in matchers
        for names in re.findall(r'alertname=~?"([^"]+)"', matcher)
        for name in names.split("|")
    }
    assert named
    assert named <= known


def test_every_severity_has_a_route_of_its_own_or_the_default():
    routed = {matcher for route in ALERTMANAGER["route"]["routes"] for matcher in route["matchers"]}
    severities = {rule["labels"]["severity"] for rule in RULES if "alert" in rule}
    assert {f'severity="{severity}"' for severity in severities} - routed == {'severity="ticket"'}
    assert ALERTMANAGER["route"]["receiver"] == "ticket"


def test_no_credentials_are_shipped():
    assert all(set(receiver) == {"name"} for receiver in ALERTMANAGER["receivers"])
