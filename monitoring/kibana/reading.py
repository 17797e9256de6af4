"""The saved objects' file as what it asks of Elasticsearch: queries, aggregations and fields."""

import json
import re
from dataclasses import dataclass
from typing import Any

_FIELD = re.compile(r"(?:_exists_:([\w.@]+))|(?<![\w.])([\w.@]+):")


@dataclass(frozen=True, slots=True)
class Asked:
    """What one saved object asks."""

    id: str
    title: str
    query: str
    aggregations: dict[str, Any]
    """As Elasticsearch takes them; empty for a search, which shows the lines themselves."""
    fields: frozenset[str]
    """Every field that it queries, counts by, sorts by or shows."""

    @property
    def body(self) -> dict[str, Any]:
        """The request's body."""
        query = {"query_string": {"query": self.query}} if self.query else {"match_all": {}}
        return {"size": 0, "track_total_hits": True, "query": query, "aggs": self.aggregations}


def asked(lines: str) -> list[Asked]:
    """Return what the searches and charts of the file ask."""
    objects = [json.loads(line) for line in lines.splitlines()]
    return [_asked(each) for each in objects if each["type"] in ("search", "visualization")]


def fields_of(mapping: dict[str, Any], above: str = "") -> frozenset[str]:
    """Return the names of all fields of a mapping's `properties`."""
    found: set[str] = set()
    for name, field in mapping.items():
        found |= fields_of(field["properties"], f"{above}{name}.") if "properties" in field else {f"{above}{name}"}
    return frozenset(found)


def _asked(saved: dict[str, Any]) -> Asked:
    attributes = saved["attributes"]
    query = json.loads(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])["query"]["query"]
    state = json.loads(attributes.get("visState", "{}"))
    aggregations = _aggregations(state.get("aggs", ()))
    shown = {*attributes.get("columns", ()), *(name for name, _ in attributes.get("sort", ()))}
    counted = {aggregation["params"]["field"] for aggregation in state.get("aggs", ()) if aggregation["params"]}
    queried = {name for pair in _FIELD.findall(query) for name in pair if name and name != "_exists_"}
    return Asked(saved["id"], attributes["title"], query, aggregations, frozenset(shown | counted | queried))


def _aggregations(declared: list[dict[str, Any]]) -> dict[str, Any]:
    """Nest them as Kibana does; a count is what every bucket has anyway."""
    inner: dict[str, Any] = {}
    for each in reversed([each for each in declared if each["type"] != "count"]):
        inner = {each["id"]: _aggregation(each) | ({"aggs": inner} if inner else {})}
    return inner


def _aggregation(declared: dict[str, Any]) -> dict[str, Any]:
    parameters = declared["params"]
    if declared["type"] == "terms":
        return {"terms": {"field": parameters["field"], "size": parameters["size"]}}
    return {"date_histogram": {"field": parameters["field"], "fixed_interval": "1m", "min_doc_count": 1}}
