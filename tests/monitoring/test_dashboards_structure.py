"""What Grafana would stumble over, and what a reader would miss. Grafana itself is not needed."""

import json
import re
from itertools import combinations

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from grafana_foundation_sdk.models.units import __dict__ as units
from monitoring.dashboards.extraction import panels
from monitoring.dashboards.files import FOLDER

FILES = sorted(FOLDER.rglob("*.json"))
DATASOURCES = FOLDER.parent / "provisioning" / "datasources" / "slipway.yml"
UNITS = {value for value in units.values() if isinstance(value, str)}


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def dashboard(request):
    return json.loads(request.param.read_text())


@pytest.fixture(scope="module")
def datasources():
    return {each["uid"]: each["type"] for each in yaml.safe_load(DATASOURCES.read_text())["datasources"]}


def shown(dashboard):
    return [panel for panel in panels(dashboard) if panel["type"] not in ("text", "alertGroups")]


def lost(written, read, place=""):
    """Return the places where something that was written was not read: Grafana would drop it as well."""
    if isinstance(written, dict) and isinstance(read, dict):
        return [gap for key, value in written.items() for gap in lost(value, read.get(key), f"{place}.{key}")]
    if isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        pairs = enumerate(zip(written, read, strict=True))
        return [gap for number, (one, other) in pairs for gap in lost(one, other, f"{place}[{number}]")]
    return [] if written == read else [place]


def test_what_grafana_does_not_know_would_be_noticed(dashboard):
    register_default_plugins()
    invented = dashboard | {"invented": True}
    assert lost(invented, json.loads(json.dumps(Dashboard.from_json(invented), cls=JSONEncoder))) == [".invented"]


def test_there_are_dashboards():
    assert len(FILES) > 5


def test_grafanas_types_know_every_field(dashboard):
    register_default_plugins()
    read = Dashboard.from_json(dashboard)
    assert lost(dashboard, json.loads(json.dumps(read, cls=JSONEncoder))) == []


def test_names_by_which_things_are_found_are_unique(dashboard):
    uids = [json.loads(path.read_text())["uid"] for path in FILES]
    assert len(set(uids)) == len(uids)
    assert re.fullmatch(r"[\w-]{8,40}", dashboard["uid"])
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    titles = [panel["title"] for panel in shown(dashboard)]
    assert len(set(titles)) == len(titles)
    for panel in shown(dashboard):
        refs = [target["refId"] for target in panel["targets"]]
        assert refs
        assert len(set(refs)) == len(refs)


def test_no_panel_covers_another(dashboard):
    areas = [panel["gridPos"] for panel in dashboard["panels"]]
    assert all(area["x"] + area["w"] <= 24 for area in areas)
    for one, other in combinations(areas, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]


def test_every_data_source_is_provisioned(dashboard, datasources):
    targets = [target for panel in shown(dashboard) for target in panel["targets"]]
    variables = dashboard["templating"]["list"]
    for holder in (*shown(dashboard), *targets, *variables, *dashboard["annotations"]["list"]):
        assert datasources[holder["datasource"]["uid"]] == holder["datasource"]["type"]


def test_a_reader_is_told_what_good_looks_like(dashboard):
    for panel in shown(dashboard):
        assert panel["title"]
        assert panel["description"].rstrip().endswith(".")
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"] in UNITS
        assert defaults["thresholds"]["steps"][0]["value"] is None
        values = [step["value"] for step in defaults["thresholds"]["steps"][1:]]
        assert values == sorted(values)
        assert all(target["legendFormat"] for target in panel["targets"])


def test_lines_have_a_legend(dashboard):
    for panel in panels(dashboard):
        if panel["type"] == "timeseries":
            assert panel["options"]["legend"]["showLegend"]


def test_links_lead_to_dashboards_that_are_there(dashboard):
    there = {json.loads(path.read_text())["uid"] for path in FILES}
    for panel in panels(dashboard):
        for link in panel.get("links", ()):
            assert link["url"].removeprefix("/d/") in there
        for target in re.findall(r"\]\(([^)]+)\)", panel["options"].get("content", "")):
            assert target.startswith("https://") or target.removeprefix("/d/") in there


def test_every_dashboard_shows_what_has_fired(dashboard):
    assert any("ALERTS{" in target["expr"] for panel in shown(dashboard) for target in panel["targets"])
