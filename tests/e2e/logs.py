"""The way of the logs: nothing personal arrives, nothing is lost, and a trace id leads to its lines."""

import json
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

from e2e.failure import demand, wait_for
from e2e.planted import harmless, plants, torn

INDICES = "slipway-logs-*"
_ARRIVE_SECONDS = 90.0
_MOST = 10_000
_DOCKER_CUTS_AFTER = 16 * 1024

Ask = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Posts a body to a path of Elasticsearch and returns the answer: `ask("/slipway-logs-*/_search", {...})`."""
Speak = Callable[[str, float], str]
"""Prints lines in a container that logs as the services do, so many a second (0: at once). Returns its name, and not
before it has begun."""

PRINT = """
import os, sys, time
pause = float(os.environ.get("SPEAK_PAUSE", "0"))
for line in sys.stdin:
    sys.stdout.write(line)
    sys.stdout.flush()
    if pause:
        time.sleep(pause)
time.sleep(float(os.environ.get("SPEAK_AFTER", "0")))
"""
"""The Python program that such a container may run, fed on its standard input."""


def documents(ask: Ask, **terms: str) -> list[dict[str, Any]]:
    """Return the documents with these values of fields (dots written as `__`), in the order of their times."""
    query = [{"term": {name.replace("__", "."): value}} for name, value in terms.items()]
    body = {"size": _MOST, "query": {"bool": {"filter": query}}, "sort": ["@timestamp"]}
    return [hit["_source"] for hit in ask(f"/{INDICES}/_search", body)["hits"]["hits"]]


def arrived(ask: Ask, container: str, count: int, seconds: float = _ARRIVE_SECONDS) -> list[dict[str, Any]]:
    """Wait until so many lines of a container have arrived, and return their documents."""
    found: list[dict[str, Any]] = []

    def all_there() -> bool:
        found[:] = documents(ask, container__name=container)
        return len(found) >= count

    wait_for(f"{count} log lines of {container}", all_there, seconds, "otelcol", "elasticsearch")
    demand(len(found) == count, f"{len(found)} log lines arrived of {count} that were written.", "otelcol")
    return found


def nothing_personal_arrives(ask: Ask, speak: Speak) -> int:
    """Write every kind of personal value in every place of a line; return how many lines that were.

    Raises:
        UnmetError: a value arrived, or a line did not.
    """
    planted = plants()
    container = speak("".join(f"{plant.line}\n" for plant in planted), 0.0)
    everything = json.dumps(arrived(ask, container, len(planted)), ensure_ascii=False)
    leaks = {f"{plant.kind} in {plant.carrier}" for plant in planted if plant.hidden in everything}
    demand(not leaks, f"personal values arrived: {', '.join(sorted(leaks))}.", "otelcol")
    for mask in ("[email]", "[phone]", "[card]", "[iban]", "[ip]", "[secret]", "[token]"):
        demand(mask in everything, f"nothing was masked as {mask}, so nothing was tested.", "otelcol")
    return len(planted)


def nothing_personal_arrives_in_halves(ask: Ask, speak: Speak) -> int:
    """Write lines that Docker cuts through a personal value; return how many.

    Raises:
        UnmetError: half a value arrived, or a piece of a line did not.
    """
    lines = torn(_DOCKER_CUTS_AFTER)
    container = speak("".join(f"{line}\n" for line, _ in lines), 0.0)
    everything = json.dumps(arrived(ask, container, 2 * len(lines)), ensure_ascii=False)
    leaks = [half for _, halves in lines for half in halves if half in everything]
    demand(not leaks, f"halves of personal values arrived: {leaks}.", "otelcol")
    return len(lines)


def what_is_harmless_arrives_as_it_is(ask: Ask, speak: Speak, count: int = 1_000, seed: int = 5) -> int:
    """Write lines with random trace ids, UUIDs and times; return how many.

    Raises:
        UnmetError: a document differs from its line.
    """
    lines = harmless(count, seed)
    container = speak("".join(f"{line}\n" for line, _ in lines), 0.0)
    found = arrived(ask, container, count)
    whole = {frozenset(_flat(document).items()) for document in found}
    seen = {pair for fields in whole for pair in fields}
    damaged = [line for line, fields in lines if not all(_same(pair) in seen for pair in fields.items())]
    demand(not damaged, f"{len(damaged)} lines were damaged, such as: {damaged[:1]}", "otelcol")
    return count


def no_line_is_lost(
    ask: Ask, speak: Speak, away: Callable[[], AbstractContextManager[None]], lines: int = 2_000, rate: float = 50.0
) -> int:
    """Write lines while `away()` lasts and a while after it; return how many there were.

    Raises:
        UnmetError: one is missing.
    """
    text = "".join(f'{{"event": "counted", "role": "api", "reason": "line {number}"}}\n' for number in range(lines))
    container = speak(text, rate)
    with away():
        pass
    found = arrived(ask, container, lines, _ARRIVE_SECONDS + lines / rate)
    distinct = {document["labels"]["reason"] for document in found}
    demand(len(distinct) == lines, f"{lines - len(distinct)} of {lines} log lines are missing.", "otelcol")
    return lines


def lines_of_trace(ask: Ask, trace_id: str, seconds: float = _ARRIVE_SECONDS) -> list[dict[str, Any]]:
    """Return the log lines of a trace, as a person finds them who has its id from a problem response.

    Raises:
        UnmetError: there is none within the time.
    """
    found: list[dict[str, Any]] = []

    def some() -> bool:
        found[:] = documents(ask, trace__id=trace_id)
        return bool(found)

    wait_for(f"log lines of trace {trace_id}", some, seconds, "otelcol", "elasticsearch")
    return found


def services_that_logged(ask: Ask) -> set[str]:
    """Return the names of the services that have log lines."""
    body = {"size": 0, "aggs": {"services": {"terms": {"field": "service.name", "size": 100}}}}
    buckets = ask(f"/{INDICES}/_search", body)["aggregations"]["services"]["buckets"]
    return {bucket["key"] for bucket in buckets}


def _flat(document: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in document.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else dict([_same((prefix + name, value))])
    return flat


def _same(pair: tuple[str, Any]) -> tuple[str, str]:
    """Write a time without the zeros at its end, which an exporter may leave out."""
    name, value = pair
    return name, str(value).rstrip("Z").rstrip("0").rstrip(".") if name == "@timestamp" else str(value)


def fields_in(documents: Iterable[dict[str, Any]]) -> set[str]:
    """Return the dotted names of all fields of some documents."""
    return {name for document in documents for name in _flat(document)}
