"""What follows from an attempt: delivered, tried again later, or given up; and for the endpoint's health."""

from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.settings import Settings
from slipway.webhooks import queue, repository
from slipway.webhooks.schedule import next_delay
from slipway.webhooks.schemas import Claim, DeliveryState, DisabledReason, Outcome

_GONE = 410


class Fate(StrEnum):
    """What became of a delivery. Also the labels of the metric."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GIVEN_UP = "given_up"
    STALE = "stale"
    """The lease was lost, or the endpoint deleted: nothing was written."""


async def settle(connection: AsyncConnection, claimed: Claim, outcome: Outcome, settings: Settings) -> Fate:
    """Write what came of an attempt, in a transaction of its tenant."""
    endpoint = await repository.lock_endpoint(connection, claimed.endpoint_id)
    fate, delay = _decide(claimed, outcome)
    state = _STATES[fate]
    if endpoint is None or not await queue.settle(connection, claimed, state, delay):
        return Fate.STALE
    await repository.add_attempt(connection, claimed, outcome)
    if fate is Fate.DELIVERED:
        if endpoint.failures:
            await repository.endpoint_works(connection, claimed.endpoint_id)
        return fate
    reason = await _hopeless(connection, claimed, outcome, settings)
    if reason is not None and endpoint.enabled:
        await _disable(connection, claimed, reason)
    return fate


_STATES = {
    Fate.DELIVERED: DeliveryState.DELIVERED,
    Fate.FAILED: DeliveryState.PENDING,
    Fate.GIVEN_UP: DeliveryState.FAILED,
}


def _decide(claimed: Claim, outcome: Outcome) -> tuple[Fate, float]:
    if outcome.reason is None:
        return Fate.DELIVERED, 0.0
    delay = next_delay(claimed.attempts, outcome.retry_after)
    if delay is None or outcome.status == _GONE:
        return Fate.GIVEN_UP, 0.0
    return Fate.FAILED, delay


async def _hopeless(
    connection: AsyncConnection, claimed: Claim, outcome: Outcome, settings: Settings
) -> DisabledReason | None:
    failing = await repository.endpoint_failed(
        connection,
        claimed.endpoint_id,
        breaker=settings.webhook_breaker_failures,
        pause=settings.webhook_breaker_seconds,
        patience=settings.webhook_disable_seconds,
    )
    if outcome.status == _GONE:
        return DisabledReason.GONE
    return DisabledReason.FAILING if failing else None


async def _disable(connection: AsyncConnection, claimed: Claim, reason: DisabledReason) -> None:
    await repository.disable_endpoint(connection, claimed.endpoint_id, reason)
    resource = f"webhook/{claimed.endpoint_id}"
    await audit.record(connection, claimed.tenant_id, "system", Action.WEBHOOK_DISABLED, resource, reason=str(reason))
