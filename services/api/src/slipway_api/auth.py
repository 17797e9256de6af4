"""Who may call an endpoint: a valid key, with the scope, within its rate."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from structlog.contextvars import bind_contextvars

from slipway.errors import MissingScope
from slipway.telemetry.tracing import annotate
from slipway.tenants.schemas import Principal, Scope
from slipway_api.middleware import add_headers
from slipway_api.state import Api, ApiParts

_bearer = HTTPBearer(auto_error=False, description="An API key: `slipway keys create` makes one.")
NEEDS_KEY: dict[str, Any] = {"security": [{_bearer.scheme_name: []}]}
"""The `openapi_extra` of a route that calls `authenticate` itself."""
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def caller(scope: Scope | None) -> Callable[..., Awaitable[Principal]]:
    """Return the dependency of an endpoint that needs a scope (None: any valid key)."""

    async def dependency(request: Request, api: ApiParts, _: Credentials) -> Principal:
        return await authenticate(request, api, scope)

    return dependency


async def authenticate(request: Request, api: Api, scope: Scope | None) -> Principal:
    """Return who calls, counted against the rate of the key.

    Raises:
        Unauthenticated: there is no valid key.
        MissingScope: it has not the scope.
        RateLimited: it is over its rate.
        Unavailable: a restored database still has people who were erased.
    """
    api.tombstones.check()
    authorization = request.headers.get("authorization", "")
    principal = await api.authenticator.authenticate(_token(authorization))
    tenant = str(principal.tenant_id)
    bind_contextvars(tenant=tenant, api_key_id=principal.key_id)
    annotate(tenant=tenant)
    if scope is not None and scope not in principal.scopes:
        raise MissingScope(f"Use a key with the scope `{scope}`.", {"scope": scope})
    add_headers(request, await api.rates.spend(principal, authorization))
    return principal


def _token(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    return token if scheme.lower() == "bearer" else ""
