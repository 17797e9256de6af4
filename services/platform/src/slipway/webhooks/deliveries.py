"""Rules of the deliveries that callers see and ask for, in the transaction that they have opened for the tenant."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.errors import Conflict, NotFound
from slipway.tenants.schemas import Principal
from slipway.webhooks import repository
from slipway.webhooks.schemas import TEST_EVENT, AttemptView, DeliveryState, DeliveryView
from slipway.webhooks.service import found


async def send_test(connection: AsyncConnection, principal: Principal, endpoint_id: UUID) -> DeliveryView:
    """Queue an event of type `webhook.test` for an endpoint.

    Raises:
        NotFound: no such endpoint.
        Conflict: it is disabled.
    """
    await _hold_enabled(connection, endpoint_id)
    event_id, tenant = f"msg_{uuid4().hex}", principal.tenant_id
    data = {"webhook_id": str(endpoint_id)}
    payload = json.dumps({"type": TEST_EVENT, "timestamp": clock.now().isoformat(), "data": data})
    await repository.add_event(connection, id=event_id, tenant_id=tenant, type=TEST_EVENT, payload=payload)
    delivery_id = await repository.add_delivery(
        connection, tenant_id=tenant, endpoint_id=endpoint_id, event_id=event_id
    )
    await _record(connection, principal, Action.WEBHOOK_TESTED, endpoint_id, delivery_id)
    return await get_delivery(connection, endpoint_id, delivery_id)


async def redeliver(
    connection: AsyncConnection, principal: Principal, endpoint_id: UUID, delivery_id: UUID
) -> DeliveryView:
    """Send an event again, with the same id and a fresh schedule of attempts; one that waits is sent now.

    Raises:
        NotFound: no such endpoint, or no such delivery of it.
        Conflict: the endpoint is disabled, or the delivery is being sent at the moment.
    """
    await _hold_enabled(connection, endpoint_id)
    await get_delivery(connection, endpoint_id, delivery_id)
    if not await repository.queue_again(connection, delivery_id):
        raise Conflict("It is being sent at this moment. See what comes of it first.")
    await _record(connection, principal, Action.WEBHOOK_REDELIVERED, endpoint_id, delivery_id)
    return await get_delivery(connection, endpoint_id, delivery_id)


async def list_deliveries(
    connection: AsyncConnection,
    endpoint_id: UUID,
    *,
    state: DeliveryState | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[DeliveryView]:
    """Return a page of an endpoint's deliveries with their log, the newest first.

    Raises:
        NotFound: no such endpoint.
    """
    found(await repository.find_endpoint(connection, endpoint_id))
    rows = await repository.list_deliveries(connection, endpoint_id, state=state, before=before, limit=limit)
    return await _views(connection, rows)


async def get_delivery(connection: AsyncConnection, endpoint_id: UUID, delivery_id: UUID) -> DeliveryView:
    """Return a delivery with its log.

    Raises:
        NotFound: no such delivery of this endpoint.
    """
    row = await repository.find_delivery(connection, endpoint_id, delivery_id)
    if row is None:
        raise NotFound("There is no such delivery.")
    return (await _views(connection, [row]))[0]


async def _hold_enabled(connection: AsyncConnection, endpoint_id: UUID) -> None:
    endpoint = found(await repository.lock_endpoint(connection, endpoint_id))
    if not endpoint.enabled:
        raise Conflict("The webhook is disabled. Enable it first.")


async def _views(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> Sequence[DeliveryView]:
    attempts = defaultdict(list)
    for row in await repository.list_attempts(connection, [row.id for row in rows]):
        attempts[row.delivery_id].append(AttemptView.model_validate(row, from_attributes=True))
    return [_view(row, attempts[row.id]) for row in rows]


def _view(row: Row[Any], attempts: list[AttemptView]) -> DeliveryView:
    return DeliveryView(
        id=row.id,
        webhook_id=row.endpoint_id,
        event_id=row.event_id,
        type=row.type,
        state=row.state,
        created_at=row.created_at,
        next_attempt_at=row.available_at if row.state == DeliveryState.PENDING else None,
        finished_at=row.finished_at,
        attempts=attempts,
    )


async def _record(
    connection: AsyncConnection, principal: Principal, action: Action, endpoint_id: UUID, delivery_id: UUID
) -> None:
    resource, detail = f"webhook/{endpoint_id}", {"delivery": str(delivery_id)}
    await audit.record(connection, principal.tenant_id, principal.key_id, action, resource, **detail)
