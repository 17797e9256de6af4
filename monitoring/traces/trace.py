"""A trace as Jaeger's API tells it (`GET /api/traces/{id}`), in the order in which a person reads it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MICROSECONDS = 1e-6


@dataclass(frozen=True)
class Step:
    """One span."""

    id: str
    parent: str | None
    name: str
    service: str
    began: float
    """Seconds since the trace began."""
    seconds: float
    failed: bool


@dataclass(frozen=True)
class Row:
    """A line of the picture: a step, below those that it is a part of."""

    step: Step
    depth: int
    folded: int = 0
    """How many more of its name are beside it, which are not shown."""


def steps(document: Mapping[str, Any]) -> list[Step]:
    """Return the spans of the document's trace, the earliest first.

    Raises:
        ValueError: it has none.
    """
    traces = document.get("data") or []
    if not traces or not traces[0]["spans"]:
        raise ValueError("there is no such trace: is its id right, and was it sampled?")
    spans, processes = traces[0]["spans"], traces[0]["processes"]
    known = {span["spanID"] for span in spans}
    origin = min(span["startTime"] for span in spans)
    found = [_step(span, processes[span["processID"]]["serviceName"], origin, known) for span in spans]
    return sorted(found, key=lambda step: (step.began, -step.seconds))


def rows(found: Sequence[Step], most_alike: int) -> list[Row]:
    """Return the steps depth first; of siblings of one name only the first `most_alike`."""
    below = defaultdict(list)
    for step in found:
        below[step.parent].append(step)
    return list(_rows(below, None, 0, most_alike))


def _rows(below: Mapping[str | None, list[Step]], parent: str | None, depth: int, most: int) -> Iterator[Row]:
    shown: defaultdict[str, int] = defaultdict(int)
    siblings = below.get(parent, [])
    for step in siblings:
        shown[step.name] += 1
        if shown[step.name] > most:
            continue
        alike = sum(other.name == step.name for other in siblings)
        yield Row(step, depth, alike - most if shown[step.name] == most else 0)
        yield from _rows(below, step.id, depth + 1, most)


def _step(span: Mapping[str, Any], service: str, origin: int, known: set[str]) -> Step:
    parents = (reference["spanID"] for reference in span["references"] if reference["refType"] == "CHILD_OF")
    return Step(
        id=span["spanID"],
        # What is not in the document (a caller that keeps its own traces) is no parent to draw.
        parent=next((parent for parent in parents if parent in known), None),
        name=span["operationName"],
        service=service,
        began=(span["startTime"] - origin) * MICROSECONDS,
        seconds=span["duration"] * MICROSECONDS,
        failed=any(tag["key"] == "error" and tag["value"] is True for tag in span["tags"]),
    )
