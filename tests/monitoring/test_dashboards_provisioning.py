"""The files that Grafana reads at its start: only documented fields, and links that lead somewhere."""

import json
from pathlib import Path

import pytest
import yaml
from monitoring.dashboards.extraction import panels
from monitoring.dashboards.files import FOLDER

ROOT = Path(__file__).parents[2]
PROVISIONING = FOLDER.parent / "provisioning"
# https://grafana.com/docs/grafana/latest/administration/provisioning/
DATASOURCE = {
    *("name", "uid", "type", "access", "url", "isDefault", "editable", "basicAuth", "basicAuthUser", "jsonData"),
    *("secureJsonData", "orgId", "version", "user", "withCredentials"),
}
PROVIDER = {
    *("name", "orgId", "folder", "folderUid", "type", "disableDeletion", "updateIntervalSeconds", "allowUiUpdates"),
    "options",
}


@pytest.fixture
def datasources():
    content = yaml.safe_load((PROVISIONING / "datasources" / "slipway.yml").read_text())
    assert content["apiVersion"] == 1
    return {each["uid"]: each for each in content["datasources"]}


def test_there_is_one_of_each_kind_and_one_default(datasources):
    kinds = {uid: each["type"] for uid, each in datasources.items()}
    assert kinds == {uid: uid for uid in ("prometheus", "alertmanager", "jaeger", "elasticsearch")}
    assert [uid for uid, each in datasources.items() if each.get("isDefault")] == ["prometheus"]


def test_the_list_of_alerts_is_read_from_the_alertmanager_that_is_provisioned(datasources):
    overview = json.loads((FOLDER / "slipway-overview.json").read_text())
    (listed,) = (panel for panel in panels(overview) if panel["type"] == "alertGroups")
    assert listed["options"]["alertmanager"] == datasources["alertmanager"]["name"]


def test_only_documented_fields_are_used(datasources):
    for each in datasources.values():
        assert each.keys() <= DATASOURCE
        assert each["access"] == "proxy"


def test_from_a_metric_to_a_trace_to_its_lines_and_back(datasources):
    (exemplar,) = datasources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert (exemplar["name"], exemplar["datasourceUid"]) == ("trace_id", "jaeger")
    to_logs = datasources["jaeger"]["jsonData"]["tracesToLogsV2"]
    assert (to_logs["datasourceUid"], to_logs["customQuery"]) == ("elasticsearch", True)
    assert to_logs["query"] == 'trace.id:"$${__span.traceId}"'
    (link,) = datasources["elasticsearch"]["jsonData"]["dataLinks"]
    assert link == {
        "field": "trace.id",
        "datasourceUid": "jaeger",
        "url": "$${__value.raw}",
        "urlDisplayLabel": "Trace",
    }


def test_no_password_is_written_down(datasources):
    secrets = [value for each in datasources.values() for value in each.get("secureJsonData", {}).values()]
    assert secrets
    assert all(value.startswith("$__file{/run/slipway/") for value in secrets)


def test_the_interval_is_that_of_prometheus(datasources):
    scraped = yaml.safe_load((ROOT / "monitoring" / "prometheus" / "prometheus.yml").read_text())
    interval = scraped["global"]["scrape_interval"]
    assert datasources["prometheus"]["jsonData"]["timeInterval"] == interval


def test_dashboards_are_read_from_their_folder():
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "slipway.yml").read_text())["providers"]
    assert provider.keys() <= PROVIDER
    assert provider["type"] == "file"
    grafana = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]
    assert f"./monitoring/grafana/dashboards:{provider['options']['path']}:ro" in grafana["volumes"]
    assert "./monitoring/grafana/provisioning:/etc/grafana/provisioning:ro" in grafana["volumes"]


def test_the_services_that_are_named_are_in_the_compose_file(datasources):
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert {each["url"].removeprefix("http://").split(":")[0] for each in datasources.values()} <= services.keys()
