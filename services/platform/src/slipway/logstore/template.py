"""The index template: Elastic Common Schema, with the fields that logs may have, and no others.

`python -m slipway.logstore.template` prints it, which is checked in as `monitoring/elasticsearch/index-template.json`.
"""

import json
from typing import Any

from slipway.logstore.days import PATTERN
from slipway.telemetry.fields import FIELDS

_ELSEWHERE = {"timestamp", "level", "event", "source", "trace_id", "span_id", "exception", "library_message"}
"""Fields that have a place of their own in the schema. The others are labels."""
_NUMBERS = {"attempt", "count", "status", "partial_ordinal"}
_BY_THE_COLLECTOR = {"stream", "partial_id", "partial_ordinal"}
_MOST_FIELDS = 200
_MOST_CHARACTERS = 1024

LABELS = sorted(FIELDS.keys() - _ELSEWHERE)
"""Fields of our lines that become `labels.<name>`."""

_WORD = {"type": "keyword", "ignore_above": _MOST_CHARACTERS}
_NUMBER = {"type": "long"}
_KEPT = {"type": "keyword", "index": False, "doc_values": False}
"""To be read with its document, not to be searched."""
_SCHEMA: dict[str, dict[str, Any]] = {
    "@timestamp": {"type": "date"},
    "message": {"type": "text"},
    "agent.name": _WORD,
    "container.id": _WORD,
    "container.name": _WORD,
    "error.stack_trace": _KEPT,
    "error.type": _WORD,
    "event.action": _WORD,
    "event.duration": _NUMBER,
    "event.original": _KEPT,
    "http.request.method": _WORD,
    "http.response.body.bytes": _NUMBER,
    "http.response.status_code": _NUMBER,
    "log.level": _WORD,
    "log.logger": _WORD,
    "service.name": _WORD,
    "span.id": _WORD,
    "trace.id": _WORD,
    "url.path": _WORD,
}


def index_template(replicas: int = 0) -> dict[str, Any]:
    """Return the template of our indices, as `PUT /_index_template` takes it.

    What it does not name is kept with its document and cannot be searched (`dynamic: false`): fields cannot become
    many, and a line is never refused for a field. A value of the wrong kind is kept the same way.
    """
    labels = {f"labels.{name}": _NUMBER if name in _NUMBERS else _WORD for name in {*LABELS, *_BY_THE_COLLECTOR}}
    return {
        "index_patterns": [PATTERN],
        "priority": 200,
        "template": {
            "settings": {
                "number_of_shards": 1,
                "number_of_replicas": replicas,
                "mapping.ignore_malformed": True,
                "mapping.total_fields.limit": _MOST_FIELDS,
            },
            "mappings": {"dynamic": False, "properties": _nested(_SCHEMA | labels)},
        },
    }


def _nested(dotted: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Turn `a.b` into `a: properties: b`, in the order of the names."""
    tree: dict[str, Any] = {}
    for name, mapping in sorted(dotted.items()):
        *parents, last = name.split(".")
        level = tree
        for parent in parents:
            level = level.setdefault(parent, {"properties": {}})["properties"]
        level[last] = mapping
    return tree


if __name__ == "__main__":
    print(json.dumps(index_template(), indent=2))  # noqa: T201  # printing is what it is run for
