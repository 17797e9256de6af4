"""Who may call an endpoint: a valid key, with the scope, within its rate."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from structlog.contextvars import bind_contextvars

from slipway.errors import MissingScope
from slipway.telemetry.tracing import annotate
from slipway.tenants.schemas import Principal, Scope
from slipway_api.middleware import add_headers
from slipway_api.state import Api, ApiParts

_bearer = HTTPBearer(auto_error=False, description="An API key: `slipway keys create` makes one.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def caller(scope: Scope | None) -> Callable[..., Awaitable[Principal]]:
    """Return the dependency of an endpoint that needs a scope (None: any valid key)."""

    async def authenticate(request: Request, api: ApiParts, credentials: Credentials) -> Principal:
        principal = await _principal(api, credentials)
        if scope is not None and scope not in principal.scopes:
            raise MissingScope(f"Use a key with the scope `{scope}`.", {"scope": scope})
        add_headers(request, await api.rates.spend(principal, request.headers["authorization"]))
        return principal

    return authenticate


async def _principal(api: Api, credentials: HTTPAuthorizationCredentials | None) -> Principal:
    principal = await api.authenticator.authenticate(credentials.credentials if credentials else "")
    bind_contextvars(tenant=str(principal.tenant_id), api_key_id=principal.key_id)
    annotate(tenant=str(principal.tenant_id))
    return principal
