"""The saved objects of Kibana hold together, and ask only for fields that the logs have. Kibana is not needed."""

import json
from pathlib import Path

import pytest
from monitoring.kibana.content import FILE, INDICES, render
from monitoring.kibana.objects import CORE_VERSION, TYPE_VERSIONS
from monitoring.kibana.reading import asked, fields_of

ROOT = Path(__file__).parents[2]
TEMPLATE = json.loads((ROOT / "monitoring" / "elasticsearch" / "index-template.json").read_text())
OBJECTS = [json.loads(line) for line in FILE.read_text().splitlines()]
ASKED = asked(FILE.read_text())


def test_the_file_is_what_is_declared():
    assert FILE.read_text() == render(), "run `make docs`"


def test_there_is_what_a_person_needs():
    kinds = [each["type"] for each in OBJECTS]
    assert kinds.count("index-pattern") == kinds.count("dashboard") == 1
    assert {each["attributes"]["title"] for each in OBJECTS} >= {"Errors", "One trace", "One job"}


def test_the_data_view_is_of_our_indices():
    (view,) = (each for each in OBJECTS if each["type"] == "index-pattern")
    assert [view["attributes"]["title"]] == [INDICES] == TEMPLATE["index_patterns"]
    assert view["attributes"]["timeFieldName"] == "@timestamp"


@pytest.mark.parametrize("saved", OBJECTS, ids=lambda saved: saved["id"])
def test_an_object_has_the_form_of_an_export(saved):
    exported = {"type", "id", "attributes", "references", "managed", "coreMigrationVersion", "typeMigrationVersion"}
    assert saved.keys() == exported
    assert saved["coreMigrationVersion"] == CORE_VERSION
    assert saved["typeMigrationVersion"] == TYPE_VERSIONS[saved["type"]]


@pytest.mark.parametrize("saved", OBJECTS, ids=lambda saved: saved["id"])
def test_what_an_object_refers_to_comes_before_it(saved):
    before = [(each["type"], each["id"]) for each in OBJECTS[: OBJECTS.index(saved)]]
    assert all((each["type"], each["id"]) in before for each in saved["references"])
    names = {each["name"] for each in saved["references"]}
    source = json.loads(saved["attributes"].get("kibanaSavedObjectMeta", {}).get("searchSourceJSON", "{}"))
    wanted = {source["indexRefName"]} if "indexRefName" in source else set()
    panels = json.loads(saved["attributes"].get("panelsJSON", "[]"))
    assert names == wanted | {f"{panel['panelIndex']}:{panel['panelRefName']}" for panel in panels}


def test_ids_are_unique():
    ids = [each["id"] for each in OBJECTS]
    assert len(set(ids)) == len(ids)


def test_the_dashboard_fills_its_columns_and_covers_nothing():
    panels = json.loads(OBJECTS[-1]["attributes"]["panelsJSON"])
    areas = [panel["gridData"] for panel in panels]
    cells = [
        (x, y)
        for area in areas
        for x in range(area["x"], area["x"] + area["w"])
        for y in range(area["y"], area["y"] + area["h"])
    ]
    assert len(set(cells)) == len(cells) == 48 * (max(y for _, y in cells) + 1)


@pytest.mark.parametrize("question", ASKED, ids=lambda question: question.id)
def test_every_field_is_in_the_index_template(question):
    assert question.fields
    assert question.fields <= fields_of(TEMPLATE["template"]["mappings"]["properties"])


def test_counts_are_by_fields_that_can_be_counted():
    charts = [each for each in OBJECTS if each["type"] == "visualization"]
    terms = [
        each["params"]["field"]
        for chart in charts
        for each in json.loads(chart["attributes"]["visState"])["aggs"]
        if each["type"] == "terms"
    ]
    assert len(terms) == len(charts)
    for name in terms:
        mapping = TEMPLATE["template"]["mappings"]
        for part in name.split("."):
            mapping = mapping["properties"][part]
        assert mapping["type"] == "keyword"


def test_a_chart_becomes_the_aggregation_that_kibana_makes_of_it():
    (question,) = (each for each in ASKED if each.id == "slipway-errors-by-service")
    assert question.body["query"] == {"query_string": {"query": "log.level:(error OR critical)"}}
    inner = {"3": {"terms": {"field": "service.name", "size": 10}}}
    assert question.body["aggs"]["2"]["date_histogram"]["field"] == "@timestamp"
    assert question.body["aggs"]["2"]["aggs"] == inner
