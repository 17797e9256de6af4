"""`/v1/webhooks`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.errors import Conflict, IdempotencyMismatch, InvalidInput, NotFound, RequestInProgress
from slipway.keys.schemas import Keyset
from slipway.tenants.schemas import Principal
from slipway.webhooks.schemas import WebhookSecretView, WebhookView
from slipway.webhooks.service import Change, Webhooks
from slipway_api.body import read_json
from slipway_api.documentation import AUTHENTICATED, READS_BODY, body_of, problems
from slipway_api.once import Once
from slipway_api.repeats import ClientKey, tell
from slipway_api.state import Api, ApiParts
from slipway_api.webhooks import deliveries
from slipway_api.webhooks.parameters import Reader, Writer, check_url
from slipway_api.webhooks.schemas import NewWebhook, WebhookChange, WebhookList

_LIST = problems(*AUTHENTICATED)
_READ = problems(*AUTHENTICATED, InvalidInput, NotFound)
_CREATE = problems(*AUTHENTICATED, *READS_BODY, NotFound, Conflict, RequestInProgress, IdempotencyMismatch)
_CHANGE = problems(*AUTHENTICATED, *READS_BODY, NotFound)
_ROTATE = problems(*AUTHENTICATED, InvalidInput, NotFound, RequestInProgress)
_LOCATION: dict[int | str, dict[str, Any]] = {
    201: {"headers": {"Location": {"description": "The webhook.", "schema": {"type": "string"}}}}
}


def router() -> APIRouter:
    """Return the routes of the webhooks and of their deliveries."""
    routes = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
    _add_creation(routes)
    _add_reading(routes)
    _add_changes(routes)
    _add_rotation(routes)
    deliveries.add_routes(routes)
    return routes


def _add_creation(routes: APIRouter) -> None:
    @routes.post(
        "",
        operation_id="createWebhook",
        summary="Register a URL to be told of events; the answer shows its signing secret",
        status_code=201,
        responses={**_LOCATION, **_CREATE},
        openapi_extra=body_of(NewWebhook),
    )
    async def create(
        request: Request, response: Response, api: ApiParts, principal: Writer, idempotency_key: ClientKey = None
    ) -> WebhookSecretView:
        body = await read_json(request, api.platform.settings, NewWebhook)

        async def make(connection: AsyncConnection, keyset: Keyset) -> tuple[UUID, WebhookSecretView]:
            webhooks = Webhooks(connection, principal, keyset)
            made = await webhooks.create(body.url, body.events, api.platform.settings.max_webhooks)
            return made.id, made

        asked, prepare = body.model_dump_json(), partial(check_url, api, body.url)
        once = Once("POST /v1/webhooks", idempotency_key, make, partial(_find, principal), asked, prepare)
        webhook, repeated = await once.run(api, principal)
        tell(response, repeated=repeated)
        response.headers["Location"] = f"/v1/webhooks/{webhook.id}"
        return webhook


def _add_reading(routes: APIRouter) -> None:
    @routes.get("", operation_id="listWebhooks", summary="List all webhooks, the oldest first", responses=_LIST)
    async def list_webhooks(api: ApiParts, principal: Reader) -> WebhookList:
        async with _opened(api, principal) as webhooks:
            return WebhookList(webhooks=await webhooks.every())

    @routes.get("/{webhook_id}", operation_id="getWebhook", summary="See a webhook and its health", responses=_READ)
    async def get_webhook(api: ApiParts, principal: Reader, webhook_id: UUID) -> WebhookView:
        async with _opened(api, principal) as webhooks:
            return await webhooks.get(webhook_id)


def _add_changes(routes: APIRouter) -> None:
    @routes.patch(
        "/{webhook_id}",
        operation_id="changeWebhook",
        summary="Change the URL or the events, switch it off or on",
        responses=_CHANGE,
        openapi_extra=body_of(WebhookChange),
    )
    async def change(request: Request, api: ApiParts, principal: Writer, webhook_id: UUID) -> WebhookView:
        body = await read_json(request, api.platform.settings, WebhookChange)
        if body.url is not None:
            await check_url(api, body.url)
        async with _opened(api, principal) as webhooks:
            return await webhooks.change(webhook_id, Change(body.url, body.events, body.enabled))

    @routes.delete(
        "/{webhook_id}",
        operation_id="deleteWebhook",
        summary="Delete a webhook, its deliveries and their log",
        status_code=204,
        responses=_READ,
    )
    async def delete(api: ApiParts, principal: Writer, webhook_id: UUID) -> None:
        async with _opened(api, principal) as webhooks:
            await webhooks.delete(webhook_id)


def _add_rotation(routes: APIRouter) -> None:
    @routes.post(
        "/{webhook_id}/rotate-secret",
        operation_id="rotateWebhookSecret",
        summary="Make a new signing secret; the one before signs as well for 24 hours",
        responses=_ROTATE,
    )
    async def rotate_secret(
        response: Response, api: ApiParts, principal: Writer, webhook_id: UUID, idempotency_key: ClientKey = None
    ) -> WebhookSecretView:
        async def make(connection: AsyncConnection, keyset: Keyset) -> tuple[UUID, WebhookSecretView]:
            return webhook_id, await Webhooks(connection, principal, keyset).rotate_secret(webhook_id)

        route = f"POST /v1/webhooks/{webhook_id}/rotate-secret"
        webhook, repeated = await Once(route, idempotency_key, make, partial(_find, principal)).run(api, principal)
        tell(response, repeated=repeated)
        return webhook


@asynccontextmanager
async def _opened(api: Api, principal: Principal) -> AsyncIterator[Webhooks]:
    async with api.platform.keyring.transaction(principal.tenant_id) as (connection, keyset):
        yield Webhooks(connection, principal, keyset)


async def _find(
    principal: Principal, connection: AsyncConnection, keyset: Keyset, webhook_id: UUID
) -> WebhookSecretView:
    return await Webhooks(connection, principal, keyset).get_secret(webhook_id)
