"""Saved searches: what a person looks for in the logs."""

from dataclasses import dataclass
from typing import Any

from monitoring.kibana.objects import reads, saved, source

ERRORS = "log.level:(error OR critical)"


@dataclass(frozen=True, slots=True)
class Search:
    """A query in Lucene's syntax, and the fields that its lines are read by."""

    id: str
    title: str
    description: str
    query: str
    columns: tuple[str, ...]
    may_be_empty: bool = False
    """Whether it finds nothing while all is well."""


SEARCHES = (
    Search(
        "slipway-errors",
        "Errors",
        "What went wrong, newest first. Empty while all is well.",
        ERRORS,
        ("service.name", "log.level", "event.action", "message", "error.type", "trace.id"),
        may_be_empty=True,
    ),
    Search(
        "slipway-trace",
        "One trace",
        "Every line that belongs to a trace. Add a filter: `trace.id` is the `trace_id` of a problem document.",
        "_exists_:trace.id",
        ("service.name", "event.action", "message", "labels.route", "trace.id", "span.id"),
    ),
    Search(
        "slipway-job",
        "One job",
        "Every line about jobs. Add a filter: `labels.job_id` is the id in the job's address.",
        "_exists_:labels.job_id",
        ("service.name", "event.action", "labels.job_id", "labels.outcome", "labels.attempt", "trace.id"),
    ),
    Search(
        "slipway-services",
        "Slipway's own lines",
        "What the API, the workers and the scheduler say; each line is an event with a name.",
        "_exists_:labels.role",
        ("service.name", "log.level", "event.action", "message", "trace.id"),
    ),
)


def build(search: Search, view: str) -> dict[str, Any]:
    """Return the saved object of a search in a data view."""
    attributes = {
        "title": search.title,
        "description": search.description,
        "columns": list(search.columns),
        "sort": [["@timestamp", "desc"]],
        "grid": {},
        "hideChart": False,
        "isTextBasedQuery": False,
        "timeRestore": False,
        "kibanaSavedObjectMeta": source(search.query),
    }
    return saved("search", search.id, attributes, reads(view))
