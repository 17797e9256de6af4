"""What the checker asks Prometheus."""

import math
import time
from dataclasses import dataclass
from typing import Any

import httpx

_STEPS = 60


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer; samples are a time in seconds since 1970, and a number."""

    labels: dict[str, str]
    samples: list[tuple[float, float]]


class Prometheus:
    """A client for Prometheus' HTTP API. Raises `httpx.HTTPError` where the server does not answer."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=30)

    def has_data(self, expression: str, seconds: float) -> bool:
        """Whether the expression has a number now, or had one in the seconds before.

        Raises:
            ValueError: Prometheus refuses the expression; the message is its own.
        """
        if _finite(self._get("query", query=expression)["result"]):
            return True
        return _finite(self._range(expression, seconds))

    def series(self, expression: str, seconds: float) -> list[Series]:
        """Return the expression's series over the seconds before; raises as `has_data`."""
        found = self._range(expression, seconds)
        return [Series(one["metric"], [(at, float(value)) for at, value in one["values"]]) for one in found]

    def has_exemplars(self, expression: str, seconds: float) -> bool:
        """Whether an observation of the expression's series in the seconds before names its trace."""
        now = time.time()
        answer = self._get("query_exemplars", query=expression, start=now - seconds, end=now)
        return any("trace_id" in exemplar["labels"] for series in answer for exemplar in series["exemplars"])

    def knows(self, metric: str) -> bool:
        """Whether a target offers the metric, with or without series, or a rule makes it."""
        if metric == "ALERTS":
            return any(group["rules"] for group in self._get("rules", type="alert")["groups"])
        names = {metric, *(metric.removesuffix(suffix) for suffix in ("_bucket", "_sum", "_count", "_total"))}
        return any(self._get("metadata", metric=name) for name in names)

    def _range(self, expression: str, seconds: float) -> list[dict[str, Any]]:
        now = time.time()
        answer = self._get("query_range", query=expression, start=now - seconds, end=now, step=seconds / _STEPS)
        found: list[dict[str, Any]] = answer["result"]
        return found

    def _get(self, path: str, **parameters: str | float) -> Any:
        answer = self._client.get(f"/api/v1/{path}", params=parameters)
        if answer.status_code == httpx.codes.BAD_REQUEST:
            raise ValueError(answer.json()["error"])
        return answer.raise_for_status().json()["data"]


def _finite(series: list[dict[str, Any]]) -> bool:
    samples = (sample for one in series for sample in one.get("values", [one.get("value")]))
    return any(math.isfinite(float(value)) for _, value in samples)
