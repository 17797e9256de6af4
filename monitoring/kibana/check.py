"""`python -m monitoring.kibana.check`: execute what the saved objects ask against Elasticsearch.

Prints one JSON object. The exit code is 1 if a search or chart finds nothing that is not empty by design, or uses a
field that no index has.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import httpx

from monitoring.kibana.charts import CHARTS
from monitoring.kibana.content import FILE, INDICES
from monitoring.kibana.reading import Asked, asked, fields_of
from monitoring.kibana.searches import SEARCHES

MAY_BE_EMPTY = {each.id for each in (*SEARCHES, *CHARTS) if each.may_be_empty}


def report(elasticsearch: httpx.Client, questions: list[Asked]) -> dict[str, Any]:
    """Execute all, and return the hits of each, what found nothing, and the fields that are not there."""
    known = _known_fields(elasticsearch)
    hits = {each.id: _hits(elasticsearch, each) for each in questions}
    return {
        "hits": hits,
        "without_hits": [name for name, count in hits.items() if not count and name not in MAY_BE_EMPTY],
        "unknown_fields": {each.id: sorted(each.fields - known) for each in questions if each.fields - known},
    }


def _hits(elasticsearch: httpx.Client, question: Asked) -> int:
    """Return the lines that are found; for a chart, those in its buckets, as lines without the field are in none."""
    answer = elasticsearch.post(f"/{INDICES}/_search", json=question.body).raise_for_status().json()
    if not question.aggregations:
        return int(answer["hits"]["total"]["value"])
    (outer,) = answer["aggregations"].values()
    return sum(_counted(bucket) for bucket in outer["buckets"])


def _counted(bucket: dict[str, Any]) -> int:
    inner = [value for value in bucket.values() if isinstance(value, dict) and "buckets" in value]
    return sum(each["doc_count"] for each in inner[0]["buckets"]) if inner else int(bucket["doc_count"])


def _known_fields(elasticsearch: httpx.Client) -> frozenset[str]:
    indices = elasticsearch.get(f"/{INDICES}/_mapping").raise_for_status().json()
    found = (fields_of(index["mappings"].get("properties", {})) for index in indices.values())
    return frozenset[str]().union(*found)


def main() -> int:
    """Check what the arguments say, and return the exit code."""
    options = _options()
    password = options.password_file.read_text("utf-8").strip() if options.password_file else ""
    with httpx.Client(base_url=options.elasticsearch, auth=(options.user, password), timeout=60) as elasticsearch:
        result = report(elasticsearch, asked(FILE.read_text("utf-8")))
    sys.stdout.write(f"{json.dumps(result, indent=2)}\n")
    return int(bool(result["without_hits"] or result["unknown_fields"]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m monitoring.kibana.check", description=__doc__)
    parser.add_argument("--elasticsearch", default="http://127.0.0.1:9200", help="where Elasticsearch answers")
    parser.add_argument("--user", default="elastic")
    parser.add_argument("--password-file", type=Path, help="file that holds the password")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
