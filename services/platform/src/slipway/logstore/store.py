"""Elasticsearch or OpenSearch over HTTP: the few calls that the logs need, the same in both."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from slipway.logstore.days import PATTERN, PREFIX
from slipway.logstore.errors import LogStoreError
from slipway.settings import Settings, variable

_BAN = f"-{PATTERN}"
_DENIED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class _Row(BaseModel):
    index: str


_ROWS = TypeAdapter(list[_Row])
_SETTINGS = TypeAdapter(dict[str, dict[str, Any]])


class LogStore:
    """A connection to the log store. Every method raises LogStoreError."""

    def __init__(self, client: httpx.AsyncClient, timeout: float) -> None:
        """Use `open_log_store`."""
        self._client = client
        self._timeout = timeout

    async def put_template(self, template: dict[str, Any]) -> None:
        """Let indices that are made from now on have these settings and mappings."""
        await self._call("PUT", f"/_index_template/{PREFIX}", json=template)

    async def allow_indices(self) -> None:
        """Lift the ban on making our indices, where there is one: no line may come before the template."""
        answer = await self._call(
            "GET", "/_cluster/settings", query={"include_defaults": "true", "flat_settings": "true"}
        )
        layers = _parse(_SETTINGS, answer)
        order = ("transient", "persistent", "defaults")
        rules = next((found for name in order if (found := layers.get(name, {}).get(_RULE)) is not None), "true")
        kept = [rule for rule in _rules(rules) if rule != _BAN]
        if kept != _rules(rules):
            await self._call("PUT", "/_cluster/settings", json={"persistent": {_RULE: ",".join(kept)}})

    async def indices(self) -> list[str]:
        """Return the names of the indices that begin like ours."""
        query = {"format": "json", "h": "index", "expand_wildcards": "all"}
        return [row.index for row in _parse(_ROWS, await self._call("GET", f"/_cat/indices/{PATTERN}", query=query))]

    async def delete(self, name: str) -> None:
        """Delete one index, by its exact name. One that is gone already is fine."""
        await self._call("DELETE", f"/{name}", query={"expand_wildcards": "none"}, missing_ok=True)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        query: dict[str, str] | None = None,
        missing_ok: bool = False,
    ) -> httpx.Response:
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._client.request(method, path, json=json, params=query)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise LogStoreError("timeout", f"The log store did not answer within {self._timeout:g} s.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            asked = variable("log_store_url")
            raise LogStoreError("unreachable", f"The log store cannot be reached. Is {asked} right?") from error
        if not (response.is_success or (missing_ok and response.status_code == HTTPStatus.NOT_FOUND)):
            raise _refusal(method, path, response.status_code)
        return response


_RULE = "action.auto_create_index"


@asynccontextmanager
async def open_log_store(settings: Settings) -> AsyncIterator[LogStore]:
    """Connect to the log store of the settings for the length of the block. Nothing is sent before it is asked.

    Raises:
        LogStoreError: the settings name none, or an authority's file that cannot be read.
    """
    if settings.log_store_url is None:
        raise LogStoreError("absent", f"There is no log store: set {variable('log_store_url')}.")
    password = settings.log_store_password
    auth = httpx.BasicAuth(settings.log_store_user, password.get_secret_value()) if password else None
    timeout = settings.log_store_timeout
    async with httpx.AsyncClient(
        base_url=settings.log_store_url, auth=auth, verify=_trust(settings), trust_env=False, timeout=timeout
    ) as client:
        yield LogStore(client, timeout)


def _trust(settings: Settings) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    if settings.log_store_ca_file is not None:
        try:
            context.load_verify_locations(settings.log_store_ca_file)
        except OSError as error:  # it is absent, or holds no certificate
            named = variable("log_store_ca_file")
            raise LogStoreError("authority", f"{named} does not name a file of certificates in PEM.") from error
    return context


def _refusal(method: str, path: str, status: int) -> LogStoreError:
    if status in _DENIED:
        names = f"{variable('log_store_user')} and {variable('log_store_password')}"
        return LogStoreError("denied", f"The log store answered {status} to {method} {path}: check {names}.")
    return LogStoreError("failed", f"The log store answered {status} to {method} {path}.")


def _parse(shape: TypeAdapter[Any], response: httpx.Response) -> Any:
    try:
        return shape.validate_json(response.content)
    except ValidationError as error:
        asked = variable("log_store_url")
        raise LogStoreError("garbage", f"What {asked} names does not answer like Elasticsearch.") from error


def _rules(rules: object) -> list[str]:
    return [rule.strip() for rule in str(rules).split(",")]
