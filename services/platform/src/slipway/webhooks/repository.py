"""SQL of the webhooks, as one tenant sees them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.webhooks.models import webhook_attempts, webhook_deliveries, webhook_endpoints, webhook_events
from slipway.webhooks.schemas import AttemptOutcome, Claim, DeliveryState, DisabledReason, Outcome, Reason

_ATTEMPTS_SHOWN = 20

# A failure long after the last one begins anew: between two attempts of one delivery are at most 26 hours.
_FAILED = text("""
    UPDATE webhook_endpoints
    SET failures = failures + 1, failed_at = now(),
        failing_since = CASE WHEN failed_at > now() - interval '2 days' THEN coalesce(failing_since, now())
            ELSE now() END,
        broken_until = CASE WHEN failures + 1 >= :breaker THEN now() + make_interval(secs => :pause) END
    WHERE id = :id
    RETURNING failing_since < now() - make_interval(secs => :patience) AS hopeless
""")

_WORKS = text("""
    UPDATE webhook_endpoints SET failures = 0, failing_since = NULL, failed_at = NULL, broken_until = NULL
    WHERE id = :id
""")

_ATTEMPTS = text("""
    SELECT a.* FROM unnest(CAST(:deliveries AS uuid[])) AS d (id) CROSS JOIN LATERAL (
        SELECT delivery_id, at, outcome, status, duration_ms, reason FROM webhook_attempts
        WHERE delivery_id = d.id ORDER BY webhook_attempts.id DESC LIMIT :most
    ) a
""")


_SEALED: tuple[ColumnElement[Any], ...] = (
    webhook_endpoints.c.id,
    webhook_endpoints.c.url,
    webhook_endpoints.c.secret,
    webhook_endpoints.c.previous_secret,
)


async def hold_endpoints(connection: AsyncConnection, tenant: UUID) -> int:
    """Let nobody else add endpoints to the tenant until the transaction ends; return how many it has."""
    statement = text("SELECT pg_advisory_xact_lock(hashtextextended('webhooks:' || CAST(:tenant AS text), 0))")
    await connection.execute(statement, {"tenant": str(tenant)})
    return (await connection.execute(select(func.count()).select_from(webhook_endpoints))).scalar_one()


async def add_endpoint(connection: AsyncConnection, **columns: Any) -> Row[Any]:
    """Insert an endpoint and return it."""
    return (await connection.execute(insert(webhook_endpoints).values(**columns).returning(*webhook_endpoints.c))).one()


async def list_endpoints(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Return the tenant's endpoints, the oldest first."""
    order = (webhook_endpoints.c.created_at, webhook_endpoints.c.id)
    return (await connection.execute(select(webhook_endpoints).order_by(*order))).all()


async def find_endpoint(connection: AsyncConnection, endpoint_id: UUID) -> Row[Any] | None:
    """Return the endpoint, or None if this tenant has none of that id."""
    row: Row[Any] | None = (await connection.execute(_endpoint(endpoint_id))).one_or_none()
    return row


async def lock_endpoint(connection: AsyncConnection, endpoint_id: UUID) -> Row[Any] | None:
    """Return the endpoint and hold it. Whoever changes its deliveries holds it first: that order has no deadlock."""
    query = _endpoint(endpoint_id).with_for_update(key_share=True)
    row: Row[Any] | None = (await connection.execute(query)).one_or_none()
    return row


async def list_sealed(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Return what is sealed of each endpoint."""
    return (await connection.execute(select(*_SEALED))).all()


async def lock_sealed(connection: AsyncConnection, after: UUID, most: int) -> Sequence[Row[Any]]:
    """Return and hold what is sealed of the endpoints after one, by id, but for those that others hold."""
    query = select(*_SEALED).where(webhook_endpoints.c.id > after).order_by(webhook_endpoints.c.id).limit(most)
    return (await connection.execute(query.with_for_update(key_share=True, skip_locked=True))).all()


async def change_endpoint(connection: AsyncConnection, endpoint_id: UUID, **columns: Any) -> Row[Any]:
    """Set columns and return the endpoint."""
    statement = update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id).values(**columns)
    return (await connection.execute(statement.returning(*webhook_endpoints.c))).one()


async def delete_endpoint(connection: AsyncConnection, endpoint_id: UUID) -> bool:
    """Delete the endpoint with its deliveries and their log; return whether it was there."""
    found = await connection.execute(delete(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id))
    return found.rowcount == 1


async def endpoint_works(connection: AsyncConnection, endpoint_id: UUID) -> None:
    """Note a success: it closes the breaker."""
    await connection.execute(_WORKS, {"id": endpoint_id})


async def endpoint_failed(
    connection: AsyncConnection, endpoint_id: UUID, *, breaker: int, pause: float, patience: float
) -> bool:
    """Note a failure: `breaker` of them in a row open the breaker for `pause` seconds.

    Return whether the endpoint has been failing for `patience` seconds.
    """
    parameters = {"id": endpoint_id, "breaker": breaker, "pause": pause, "patience": patience}
    return bool((await connection.execute(_FAILED, parameters)).scalar_one())


async def disable_endpoint(connection: AsyncConnection, endpoint_id: UUID, reason: DisabledReason) -> None:
    """Let nothing more be sent to the endpoint."""
    await change_endpoint(connection, endpoint_id, enabled=False, disabled_reason=str(reason), disabled_at=func.now())


async def add_event(connection: AsyncConnection, **columns: Any) -> None:
    """Insert an event."""
    await connection.execute(insert(webhook_events).values(**columns))


async def add_delivery(connection: AsyncConnection, **columns: Any) -> UUID:
    """Insert a delivery and return its id."""
    statement = insert(webhook_deliveries).values(**columns).returning(webhook_deliveries.c.id)
    delivery_id: UUID = (await connection.execute(statement)).scalar_one()
    return delivery_id


async def list_deliveries(
    connection: AsyncConnection,
    endpoint_id: UUID,
    *,
    state: DeliveryState | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return deliveries, the newest first, that come after the position `before` in that order."""
    deliveries = webhook_deliveries.c
    query = _deliveries(endpoint_id).order_by(deliveries.created_at.desc(), deliveries.id.desc()).limit(limit)
    if state is not None:
        query = query.where(deliveries.state == state)
    if before is not None:
        query = query.where(tuple_(deliveries.created_at, deliveries.id) < tuple_(*before))
    rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
    return rows


async def find_delivery(connection: AsyncConnection, endpoint_id: UUID, delivery_id: UUID) -> Row[Any] | None:
    """Return a delivery of the endpoint."""
    query = _deliveries(endpoint_id).where(webhook_deliveries.c.id == delivery_id)
    row: Row[Any] | None = (await connection.execute(query)).one_or_none()
    return row


async def queue_again(connection: AsyncConnection, delivery_id: UUID) -> bool:
    """Let a delivery begin anew, now; False when it is being sent at the moment."""
    statement = update(webhook_deliveries).where(
        webhook_deliveries.c.id == delivery_id, webhook_deliveries.c.state != DeliveryState.SENDING
    )
    values = {"state": DeliveryState.PENDING, "attempts": 0, "available_at": func.now(), "finished_at": None}
    return (await connection.execute(statement.values(values))).rowcount == 1


async def list_attempts(connection: AsyncConnection, deliveries: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Return the newest attempts of each delivery, the newest first."""
    return (await connection.execute(_ATTEMPTS, {"deliveries": list(deliveries), "most": _ATTEMPTS_SHOWN})).all()


async def add_attempt(connection: AsyncConnection, claimed: Claim, outcome: Outcome) -> None:
    """Add an entry to the log."""
    result = AttemptOutcome.FAILED if outcome.reason else AttemptOutcome.DELIVERED
    await _log(connection, claimed, result, outcome.reason, outcome.status, outcome.duration_ms)


async def add_interruption(connection: AsyncConnection, claimed: Claim) -> None:
    """Add an entry for an attempt of which nobody knows how far it came."""
    await _log(connection, claimed, AttemptOutcome.INTERRUPTED, Reason.WORKER_LOST, None, None)


async def read_message(connection: AsyncConnection, claimed: Claim) -> Row[Any] | None:
    """Return what is to be sent and where, still sealed; None when the lease was lost or the endpoint is gone."""
    columns = (
        webhook_events.c.id,
        webhook_events.c.payload,
        webhook_endpoints.c.url,
        webhook_endpoints.c.secret,
        webhook_endpoints.c.previous_secret,
        (webhook_endpoints.c.previous_until > func.now()).label("overlaps"),
    )
    query = (
        select(*columns)
        .select_from(webhook_deliveries.join(webhook_endpoints).join(webhook_events))
        .where(webhook_deliveries.c.id == claimed.id, webhook_deliveries.c.token == claimed.token)
        .where(webhook_deliveries.c.state == DeliveryState.SENDING)
    )
    return (await connection.execute(query)).one_or_none()


def _endpoint(endpoint_id: UUID) -> Select[Any]:
    return select(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id)


def _deliveries(endpoint_id: UUID) -> Select[Any]:
    joined = webhook_deliveries.join(webhook_events)
    query = select(webhook_deliveries, webhook_events.c.type).select_from(joined)
    return query.where(webhook_deliveries.c.endpoint_id == endpoint_id)


async def _log(
    connection: AsyncConnection,
    claimed: Claim,
    outcome: AttemptOutcome,
    reason: Reason | None,
    status: int | None,
    duration_ms: int | None,
) -> None:
    columns = {"outcome": outcome, "reason": reason, "status": status, "duration_ms": duration_ms}
    row = {"tenant_id": claimed.tenant_id, "delivery_id": claimed.id, **columns}
    await connection.execute(insert(webhook_attempts).values(row))
