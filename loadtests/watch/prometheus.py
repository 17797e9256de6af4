"""What Prometheus knew about the release during the run, asked for when it is over."""

from dataclasses import dataclass
from typing import Any

import httpx

from loadtests.watch.failure import WatchError

_STEP_SECONDS = 5
_QUERIES = {
    "in_flight": "sum(slipway_http_requests_in_flight{{{scope}}})",
    "answered_rps": "sum(rate(slipway_http_requests_total{{{scope}}}[1m]))",
    "rejected_rps": "sum(rate(slipway_requests_rejected_total{{{scope}}}[1m]))",
    "chunks": "max(sum by (pod) (slipway_job_chunks{{{scope}}}))",
}


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A Prometheus, by its address or as `NAMESPACE/SERVICE:PORT` behind the API server."""

    where: str
    namespace: str
    """The one whose pods are asked about."""

    async def between(self, begin: float, end: float, api: httpx.AsyncClient) -> list[dict[str, Any]]:
        """Return `prometheus.ndjson`, line by line: the value of each query every five seconds.

        Args:
            begin: Unix seconds.
            end: Unix seconds.
            api: the API server; it is asked when the Prometheus is behind it.

        Raises:
            WatchError: it does not answer, or not like a Prometheus; the text says what it said.
        """
        if self.where.startswith(("http://", "https://")):
            async with httpx.AsyncClient(base_url=self.where, timeout=30) as client:
                return await self._ask_all(client, "api/v1/query_range", begin, end)
        namespace, _, service = self.where.partition("/")
        path = f"api/v1/namespaces/{namespace}/services/{service}/proxy/api/v1/query_range"
        return await self._ask_all(api, path, begin, end)

    async def _ask_all(self, client: httpx.AsyncClient, path: str, begin: float, end: float) -> list[dict[str, Any]]:
        scope, lines = f'namespace="{self.namespace}"', []
        for name, query in _QUERIES.items():
            asked = {"query": query.format(scope=scope), "start": begin, "end": end, "step": _STEP_SECONDS}
            lines += [{"at": at, "name": name, "value": value} for at, value in await _ask(client, path, asked)]
        return lines


async def _ask(client: httpx.AsyncClient, path: str, asked: dict[str, Any]) -> list[tuple[float, float]]:
    try:
        answer = (await client.get(path, params=asked)).raise_for_status().json()
        series = answer["data"]["result"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise WatchError(f"Prometheus cannot be asked for {asked['query']}: {error!r}") from None
    return [(float(at), float(value)) for one in series for at, value in one["values"]]
