"""All saved objects, and the file that they are written to."""

import json
from pathlib import Path
from typing import Any

from monitoring.kibana import charts, searches
from monitoring.kibana.objects import Reference, data_view, saved

FILE = Path(__file__).parent / "saved-objects.ndjson"
INDICES = "slipway-logs-*"
VIEW = "slipway-logs"
DASHBOARD = "slipway-logs-overview"

_TILES = (
    ("visualization", "slipway-lines-by-service", 24, 12),
    ("visualization", "slipway-lines-by-level", 24, 12),
    ("visualization", "slipway-errors-by-service", 24, 12),
    ("visualization", "slipway-error-types", 12, 12),
    ("visualization", "slipway-events", 12, 12),
    ("search", "slipway-errors", 48, 20),
)
"""Type, id, width and height of what the dashboard shows; it has 48 columns."""

_COLUMNS = 48


def objects() -> list[dict[str, Any]]:
    """Return every saved object; none refers to one that comes later."""
    return [
        data_view(VIEW, INDICES, "Slipway's logs"),
        *(searches.build(search, VIEW) for search in searches.SEARCHES),
        *(charts.build(chart, VIEW) for chart in charts.CHARTS),
        _dashboard(),
    ]


def render() -> str:
    """Return the file: one object a line, the same text for the same objects."""
    return "".join(f"{json.dumps(each, sort_keys=True, ensure_ascii=False)}\n" for each in objects())


def _dashboard() -> dict[str, Any]:
    attributes = {
        "title": "Slipway: logs",
        "description": "Who says what, and what went wrong.",
        "version": 1,
        "timeRestore": True,
        "timeFrom": "now-1h",
        "timeTo": "now",
        "refreshInterval": {"pause": False, "value": 30_000},
        "optionsJSON": json.dumps({"useMargins": True, "syncColors": False, "hidePanelTitles": False}),
        "panelsJSON": json.dumps(_panels()),
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": json.dumps({"query": {"query": "", "language": "lucene"}, "filter": []})
        },
    }
    references = tuple(
        Reference(f"{number}:panel_{number}", kind, name) for number, (kind, name, _, _) in enumerate(_TILES, start=1)
    )
    return saved("dashboard", DASHBOARD, attributes, references)


def _panels() -> list[dict[str, Any]]:
    panels, x, y = [], 0, 0
    for number, (kind, _, width, height) in enumerate(_TILES, start=1):
        index = str(number)
        panels.append(
            {
                "type": kind,
                "panelIndex": index,
                "panelRefName": f"panel_{index}",
                "gridData": {"x": x, "y": y, "w": width, "h": height, "i": index},
                "embeddableConfig": {"enhancements": {}},
            }
        )
        x += width
        if x == _COLUMNS:
            x, y = 0, y + height
    return panels
