"""Asks Prometheus."""

from typing import Any

import httpx


def values(prometheus: str, expression: str) -> list[float]:
    """Return the present values of an expression, one for each series.

    Raises:
        httpx.HTTPError: Prometheus does not answer, or refuses the expression.
    """
    return [float(sample["value"][1]) for sample in samples(prometheus, expression)]


def samples(prometheus: str, expression: str) -> list[dict[str, Any]]:
    """Return the present samples of an expression, with their labels."""
    found: list[dict[str, Any]] = _get(prometheus, "query", query=expression)["result"]
    return found


def alerts(prometheus: str) -> set[str]:
    """Return the names of the alerts that fire."""
    return {one["labels"]["alertname"] for one in _get(prometheus, "alerts")["alerts"] if one["state"] == "firing"}


def rules(prometheus: str) -> dict[str, str]:
    """Return the health of every alerting rule, by its name: `ok`, if it was evaluated and did not fail."""
    groups = _get(prometheus, "rules", type="alert")["groups"]
    return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}


def _get(prometheus: str, path: str, **parameters: str) -> dict[str, Any]:
    answer = httpx.get(f"{prometheus}/api/v1/{path}", params=parameters, timeout=30)
    data: dict[str, Any] = answer.raise_for_status().json()["data"]
    return data
