"""Visualisations, of the kind that is built from aggregations: a count, over time or by a field."""

import json
from dataclasses import dataclass
from typing import Any

from monitoring.kibana.objects import reads, saved, source
from monitoring.kibana.searches import ERRORS


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines of the log counted by the values of a field."""

    id: str
    title: str
    description: str
    field: str
    over_time: bool
    """Bars over time, or a table."""
    query: str = ""
    may_be_empty: bool = False


CHARTS = (
    Chart(
        "slipway-lines-by-service",
        "Lines by service",
        "Steady. A service that falls silent is down, or its lines do not arrive.",
        "service.name",
        over_time=True,
    ),
    Chart(
        "slipway-lines-by-level",
        "Lines by level",
        "info. A band of warnings that grows is the beginning of something.",
        "log.level",
        over_time=True,
    ),
    Chart(
        "slipway-errors-by-service",
        "Errors by service",
        "Empty. Who said first that something is wrong?",
        "service.name",
        over_time=True,
        query=ERRORS,
        may_be_empty=True,
    ),
    Chart(
        "slipway-events",
        "Most frequent events",
        "What the services say most. An event that is new here after a release is worth a look.",
        "event.action",
        over_time=False,
    ),
    Chart(
        "slipway-error-types",
        "Errors by type",
        "Empty. One type many times is one fault.",
        "error.type",
        over_time=False,
        query=ERRORS,
        may_be_empty=True,
    ),
)

_COUNT = {"id": "1", "enabled": True, "type": "count", "params": {}, "schema": "metric"}


def build(chart: Chart, view: str) -> dict[str, Any]:
    """Return the saved object of a chart in a data view."""
    state = _bars(chart) if chart.over_time else _table(chart)
    attributes = {
        "title": chart.title,
        "description": chart.description,
        "version": 1,
        "uiStateJSON": "{}",
        "visState": json.dumps({"title": chart.title} | state),
        "kibanaSavedObjectMeta": source(chart.query),
    }
    return saved("visualization", chart.id, attributes, reads(view))


def _bars(chart: Chart) -> dict[str, Any]:
    time = {"field": "@timestamp", "interval": "auto", "useNormalizedEsInterval": True, "min_doc_count": 1}
    histogram = {"id": "2", "enabled": True, "type": "date_histogram", "params": time, "schema": "segment"}
    return {"type": "histogram", "aggs": [_COUNT, histogram, _terms(chart, "group", 10)], "params": _BAR_OPTIONS}


def _table(chart: Chart) -> dict[str, Any]:
    options = {"perPage": 10, "showPartialRows": False, "showMetricsAtAllLevels": False, "showTotal": False}
    return {"type": "table", "aggs": [_COUNT, _terms(chart, "bucket", 20)], "params": options}


def _terms(chart: Chart, schema: str, size: int) -> dict[str, Any]:
    parameters = {"field": chart.field, "orderBy": "1", "order": "desc", "size": size, "otherBucket": False}
    return {"id": "3", "enabled": True, "type": "terms", "params": parameters, "schema": schema}


_BAR_OPTIONS = {
    "type": "histogram",
    "grid": {"categoryLines": False},
    "categoryAxes": [
        {
            "id": "CategoryAxis-1",
            "type": "category",
            "position": "bottom",
            "show": True,
            "scale": {"type": "linear"},
            "labels": {"show": True, "filter": True, "truncate": 100},
            "title": {},
        }
    ],
    "valueAxes": [
        {
            "id": "ValueAxis-1",
            "name": "LeftAxis-1",
            "type": "value",
            "position": "left",
            "show": True,
            "scale": {"type": "linear", "mode": "normal"},
            "labels": {"show": True, "rotate": 0, "filter": False, "truncate": 100},
            "title": {"text": "Lines"},
        }
    ],
    "seriesParams": [
        {
            "show": True,
            "type": "histogram",
            "mode": "stacked",
            "data": {"label": "Lines", "id": "1"},
            "valueAxis": "ValueAxis-1",
            "drawLinesBetweenPoints": True,
            "showCircles": True,
        }
    ],
    "addTooltip": True,
    "addLegend": True,
    "legendPosition": "right",
    "times": [],
    "addTimeMarker": False,
}
