"""`/v1/webhooks/{id}/test` and `/v1/webhooks/{id}/deliveries`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.errors import Conflict, InvalidInput, NotFound, RequestInProgress
from slipway.keys.schemas import Keyset
from slipway.webhooks import deliveries
from slipway.webhooks.schemas import DeliveryView
from slipway_api.documentation import AUTHENTICATED, problems
from slipway_api.once import Once
from slipway_api.repeats import ClientKey, tell
from slipway_api.state import ApiParts
from slipway_api.webhooks.parameters import Reader, Writer
from slipway_api.webhooks.schemas import DeliveriesQuery, DeliveryPage, read_cursor, write_cursor

_READ = problems(*AUTHENTICATED, InvalidInput, NotFound)
_SEND = problems(*AUTHENTICATED, InvalidInput, NotFound, Conflict, RequestInProgress)


def add_routes(routes: APIRouter) -> None:
    """Add the routes of deliveries to those of webhooks."""
    _add_test(routes)
    _add_list(routes)
    _add_redelivery(routes)


def _add_test(routes: APIRouter) -> None:
    @routes.post(
        "/{webhook_id}/test",
        operation_id="testWebhook",
        summary="Send an event of the type `webhook.test`",
        status_code=202,
        responses=_SEND,
    )
    async def test(
        response: Response, api: ApiParts, principal: Writer, webhook_id: UUID, idempotency_key: ClientKey = None
    ) -> DeliveryView:
        async def make(connection: AsyncConnection, _: Keyset) -> tuple[UUID, DeliveryView]:
            made = await deliveries.send_test(connection, principal, webhook_id)
            return made.id, made

        async def find(connection: AsyncConnection, _: Keyset, made: UUID) -> DeliveryView:
            return await deliveries.get_delivery(connection, webhook_id, made)

        once = Once(f"POST /v1/webhooks/{webhook_id}/test", idempotency_key, make, find)
        delivery, repeated = await once.run(api, principal)
        tell(response, repeated=repeated)
        return delivery


def _add_list(routes: APIRouter) -> None:
    @routes.get(
        "/{webhook_id}/deliveries",
        operation_id="listDeliveries",
        summary="See what was sent and how it went, the newest first",
        responses=_READ,
    )
    async def list_deliveries(
        api: ApiParts, principal: Reader, webhook_id: UUID, query: Annotated[DeliveriesQuery, Query()]
    ) -> DeliveryPage:
        before = read_cursor(query.cursor) if query.cursor is not None else None
        async with api.platform.database.transaction(principal.tenant_id) as connection:
            found = await deliveries.list_deliveries(
                connection, webhook_id, state=query.state, before=before, limit=query.limit + 1
            )
        page = list(found[: query.limit])
        return DeliveryPage(deliveries=page, next=write_cursor(page[-1]) if len(found) > len(page) else None)


def _add_redelivery(routes: APIRouter) -> None:
    @routes.post(
        "/{webhook_id}/deliveries/{delivery_id}/redeliver",
        operation_id="redeliver",
        summary="Send an event again, under the same id",
        status_code=202,
        responses=_SEND,
    )
    async def redeliver(
        response: Response,
        api: ApiParts,
        principal: Writer,
        webhook_id: UUID,
        delivery_id: UUID,
        idempotency_key: ClientKey = None,
    ) -> DeliveryView:
        async def make(connection: AsyncConnection, _: Keyset) -> tuple[UUID, DeliveryView]:
            return delivery_id, await deliveries.redeliver(connection, principal, webhook_id, delivery_id)

        async def find(connection: AsyncConnection, _: Keyset, made: UUID) -> DeliveryView:
            return await deliveries.get_delivery(connection, webhook_id, made)

        route = f"POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"
        delivery, repeated = await Once(route, idempotency_key, make, find).run(api, principal)
        tell(response, repeated=repeated)
        return delivery
