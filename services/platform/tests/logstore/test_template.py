import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

from slipway.logstore.template import LABELS, index_template
from slipway.telemetry.fields import FIELDS

MONITORING = Path(__file__).parents[4] / "monitoring"
FILE = MONITORING / "elasticsearch" / "index-template.json"
COLLECTOR = yaml.safe_load((MONITORING / "otelcol" / "config.yaml").read_text("utf-8"))


def paths(properties: dict, prefix: str = "") -> dict[str, dict]:
    found = {}
    for name, mapping in properties.items():
        inner = mapping.get("properties")
        found |= paths(inner, f"{prefix}{name}.") if inner else {f"{prefix}{name}": mapping}
    return found


def mapped() -> dict[str, dict]:
    return paths(index_template()["template"]["mappings"]["properties"])


def test_the_file_is_what_the_code_prints():
    printed = subprocess.run(
        [sys.executable, "-W", "error", "-m", "slipway.logstore.template"], capture_output=True, check=True, text=True
    )
    assert FILE.read_text("utf-8") == printed.stdout, f"run: python -m slipway.logstore.template > {FILE}"


def test_ids_are_words_times_are_dates_and_counts_are_numbers():
    types = {name: mapping["type"] for name, mapping in mapped().items()}
    assert types["@timestamp"] == "date"
    assert {types[name] for name in ("trace.id", "span.id", "service.name", "labels.tenant")} == {"keyword"}
    assert {types[name] for name in ("labels.count", "event.duration", "http.response.status_code")} == {"long"}


def test_fields_cannot_become_many():
    template = index_template()["template"]
    assert template["mappings"]["dynamic"] is False
    assert len(mapped()) < template["settings"]["mapping.total_fields.limit"]


def test_copies_are_as_many_as_the_settings_say():
    assert index_template(2)["template"]["settings"]["number_of_replicas"] == 2
    assert json.loads(FILE.read_text("utf-8"))["template"]["settings"]["number_of_replicas"] == 0


def test_every_declared_field_is_searchable_and_comes_through_the_collector():
    statements = [
        statement
        for group in COLLECTOR["processors"]["transform/read"]["log_statements"]
        for statement in group["statements"]
    ]
    (keep,) = [text for text in statements if text.startswith('keep_keys(log.attributes["line"]')]
    labels = re.findall(r'"(\w+)"', keep.partition(", [")[2])
    assert labels == LABELS, (
        "monitoring/otelcol/config.yaml: keep_keys must name the labels of slipway.telemetry.fields"
    )
    assert {f"labels.{name}" for name in LABELS} <= mapped().keys()
    for name in FIELDS.keys() - set(LABELS):
        assert any(f'["line"]["{name}"]' in text for text in statements), name
