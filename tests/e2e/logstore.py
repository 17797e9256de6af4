"""Asks Elasticsearch, which nothing outside the stack reaches: from within its own container."""

import json
from collections.abc import Mapping
from typing import Any

from e2e.stage import Stage

_INDICES = "slipway-logs-*"
_CURL = ("exec", "-T", "elasticsearch", "curl", "--silent", "--show-error", "--fail-with-body", "--config", "-")


def ask(stage: Stage, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what Elasticsearch answers; with a body it is a POST.

    Raises:
        UnmetError: it refuses, or does not answer.
    """
    # The password goes through a pipe: a command line is there for everybody to read.
    lines = [f'url = "http://127.0.0.1:9200/{path}"', f'user = "elastic:{stage.log_store_password}"']
    if body is not None:
        lines += ['header = "Content-Type: application/json"', f"data = {json.dumps(json.dumps(body))}"]
    found: dict[str, Any] = json.loads(stage.project.compose(*_CURL, stdin="\n".join(lines) + "\n"))
    return found


def count_lines(stage: Stage, query: Mapping[str, Any]) -> int:
    """Return how many log lines match."""
    found = ask(stage, f"{_INDICES}/_count?ignore_unavailable=true&allow_no_indices=true", {"query": query})
    return int(found["count"])


def find_lines(stage: Stage, query: Mapping[str, Any], most: int = 100) -> list[dict[str, Any]]:
    """Return log lines that match, the oldest first."""
    body = {"query": query, "size": most, "sort": [{"@timestamp": "asc"}]}
    hits = ask(stage, f"{_INDICES}/_search?ignore_unavailable=true", body)["hits"]["hits"]
    return [hit["_source"] for hit in hits]
