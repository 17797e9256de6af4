"""`python -m monitoring.dashboards.check`: execute every query of every dashboard.

Prints one JSON object. The exit code is 1 if a query is refused or has no data; a panel that says what no data means
may have none, as long as a target offers its metrics. With --exemplars also if no trace belongs to a panel's points.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from monitoring.dashboards.extraction import Found, found
from monitoring.dashboards.files import FOLDER
from monitoring.dashboards.prometheus import Prometheus
from monitoring.dashboards.promql import selectors

_DATA, _EMPTY, _MISSING, _REFUSED = "with_data", "empty_as_described", "without_data", "refused"
_NO_TRACES = "without_exemplars"


def report(prometheus: Prometheus, queries: Sequence[Found], seconds: float) -> dict[str, Any]:
    """Execute the queries, and return how many there were and what was wrong with which."""
    verdicts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for query in queries:
        verdict, reason = _verdict(prometheus, query, seconds)
        verdicts[verdict].append(asdict(query) | {"reason": reason})
    return {
        "queries": len(queries),
        _DATA: len(verdicts[_DATA]),
        **{verdict: verdicts[verdict] for verdict in (_EMPTY, _MISSING, _REFUSED)},
    }


def _verdict(prometheus: Prometheus, query: Found, seconds: float) -> tuple[str, str]:
    try:
        if prometheus.has_data(query.expression, seconds):
            return _DATA, ""
    except ValueError as error:
        return _REFUSED, str(error)
    unknown = [each.metric for each in selectors(query.expression) if not prometheus.knows(each.metric)]
    if unknown:
        return _MISSING, f"no target offers {', '.join(unknown)}"
    return (_EMPTY, "") if query.may_be_empty else (_MISSING, "no series, and the panel does not say what that means")


def without_exemplars(prometheus: Prometheus, queries: Sequence[Found], seconds: float) -> list[str]:
    """Return the panels that shall show traces, and have none to show."""
    wanted = [query for query in queries if query.exemplars]
    return [query.panel for query in wanted if not prometheus.has_exemplars(query.expression, seconds)]


def main() -> int:
    """Check what the arguments say, and return the exit code."""
    options = _options()
    every = [
        query
        for path in sorted(FOLDER.rglob("*.json"))
        for query in found(path, options.interval, f"{options.window:.0f}s")
    ]
    queries = [query for query in every if not options.only or query.dashboard in options.only]
    prometheus = Prometheus(options.prometheus)
    result = report(prometheus, queries, options.window)
    result[_NO_TRACES] = without_exemplars(prometheus, queries, options.window) if options.exemplars else []
    sys.stdout.write(f"{json.dumps(result, indent=2)}\n")
    return int(not queries or any(result[fault] for fault in (_MISSING, _REFUSED, _NO_TRACES)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m monitoring.dashboards.check", description=__doc__)
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090", help="where Prometheus answers")
    parser.add_argument("--only", nargs="+", default=[], metavar="UID", help="check these dashboards alone")
    parser.add_argument("--interval", default="1m", help="what stands for $__rate_interval (default 1m)")
    parser.add_argument("--window", type=float, default=900, help="seconds to look back where there is nothing now")
    parser.add_argument("--exemplars", action="store_true", help="panels that show traces must have some")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
