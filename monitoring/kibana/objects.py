"""Saved objects as Kibana 8 exports them.

The versions are of objects that public exports of Kibana 8.13 to 8.17 have; a newer Kibana brings them up to its own at
the import, an older one refuses them.
"""

import json
from dataclasses import dataclass
from typing import Any

CORE_VERSION = "8.8.0"
TYPE_VERSIONS = {"index-pattern": "8.0.0", "search": "10.5.0", "visualization": "8.5.0", "dashboard": "8.9.0"}

_SOURCE = "kibanaSavedObjectMeta.searchSourceJSON.index"


@dataclass(frozen=True, slots=True)
class Reference:
    """A saved object by its type and id, under the name by which another one means it."""

    name: str
    type: str
    id: str


def saved(kind: str, name: str, attributes: dict[str, Any], references: tuple[Reference, ...] = ()) -> dict[str, Any]:
    """Return one saved object, ready to be a line of the file."""
    return {
        "type": kind,
        "id": name,
        "attributes": attributes,
        "references": [{"name": each.name, "type": each.type, "id": each.id} for each in references],
        "managed": False,
        "coreMigrationVersion": CORE_VERSION,
        "typeMigrationVersion": TYPE_VERSIONS[kind],
    }


def data_view(name: str, pattern: str, title: str) -> dict[str, Any]:
    """Return the data view of the indices that match the pattern, by time."""
    attributes = {"title": pattern, "name": title, "timeFieldName": "@timestamp", "allowNoIndex": True}
    return saved("index-pattern", name, attributes)


def source(query: str) -> dict[str, str]:
    """Return where an object reads from: a data view that it refers to, and a query in Lucene's syntax."""
    search = {"query": {"query": query, "language": "lucene"}, "filter": [], "indexRefName": _SOURCE}
    return {"searchSourceJSON": json.dumps(search)}


def reads(view: str) -> tuple[Reference, ...]:
    """Return the reference that belongs to `source`."""
    return (Reference(_SOURCE, "index-pattern", view),)
