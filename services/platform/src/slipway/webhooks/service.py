"""Rules of the webhooks. Each function works in the transaction that the caller has opened for the tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, func
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.errors import Conflict, NotFound
from slipway.keys.schemas import Keyset
from slipway.tenants.schemas import Principal
from slipway.webhooks import repository
from slipway.webhooks.schemas import (
    DisabledReason,
    EventType,
    WebhookSecretView,
    WebhookView,
)
from slipway.webhooks.sealing import EndpointSealer
from slipway.webhooks.signing import new_secret

OVERLAP = timedelta(hours=24)
"""How long a secret signs beside the one that follows it."""

_CLEAN: dict[str, Any] = {"failures": 0, "failing_since": None, "failed_at": None, "broken_until": None}
_ENABLED: dict[str, Any] = _CLEAN | {"enabled": True, "disabled_reason": None, "disabled_at": None}
_DISABLED: dict[str, Any] = {
    "enabled": False,
    "disabled_reason": DisabledReason.REQUESTED,
    "disabled_at": func.now(),
}


@dataclass(frozen=True, slots=True)
class Change:
    """What to change of an endpoint; None stays as it is."""

    url: str | None = None
    events: Sequence[EventType] | None = None
    enabled: bool | None = None


class Webhooks:
    """A tenant's endpoints, on behalf of one caller."""

    def __init__(self, connection: AsyncConnection, principal: Principal, keyset: Keyset) -> None:
        self._connection = connection
        self._principal = principal
        self._keyset = keyset

    async def create(self, url: str, events: Sequence[EventType], most: int) -> WebhookSecretView:
        """Register an endpoint, whose URL was checked; its secret is shown now and not again.

        Raises:
            Conflict: the tenant has `most` endpoints already.
        """
        if await repository.hold_endpoints(self._connection, self._principal.tenant_id) >= most:
            raise Conflict(f"There are {most} webhooks already, and no more are allowed. Delete one first.")
        endpoint_id, secret = uuid4(), new_secret()
        sealer = EndpointSealer(self._keyset, endpoint_id)
        row = await repository.add_endpoint(
            self._connection,
            id=endpoint_id,
            tenant_id=self._principal.tenant_id,
            url=sealer.seal("url", url),
            secret=sealer.seal("secret", secret),
            events=_sorted(events),
            created_by=self._principal.key_id,
        )
        await self._record(Action.WEBHOOK_CREATED, endpoint_id, events=row.events)
        return self._with_secret(row)

    async def every(self) -> list[WebhookView]:
        """Return all endpoints, the oldest first."""
        return [self._view(row) for row in await repository.list_endpoints(self._connection)]

    async def get(self, endpoint_id: UUID) -> WebhookView:
        """Return an endpoint.

        Raises:
            NotFound: there is none of that id, or it is another tenant's.
        """
        return self._view(found(await repository.find_endpoint(self._connection, endpoint_id)))

    async def get_secret(self, endpoint_id: UUID) -> WebhookSecretView:
        """Return an endpoint with its secret: for the repeat of a request whose answer showed it."""
        return self._with_secret(found(await repository.find_endpoint(self._connection, endpoint_id)))

    async def change(self, endpoint_id: UUID, change: Change) -> WebhookView:
        """Change an endpoint. One that is enabled, or gets another URL, begins with a clean record.

        Raises:
            NotFound: no such endpoint.
        """
        row = found(await repository.lock_endpoint(self._connection, endpoint_id))
        values: dict[str, Any] = {}
        if change.url is not None:
            values |= _CLEAN | {"url": EndpointSealer(self._keyset, endpoint_id).seal("url", change.url)}
        if change.events is not None:
            values["events"] = _sorted(change.events)
        if change.enabled is not None and change.enabled != row.enabled:
            values |= _ENABLED if change.enabled else _DISABLED
        if not values:
            return self._view(row)
        row = await repository.change_endpoint(self._connection, endpoint_id, **values)
        told = {name: values[name] for name in ("events", "enabled") if name in values}
        await self._record(Action.WEBHOOK_CHANGED, endpoint_id, url_changed=change.url is not None, **told)
        return self._view(row)

    async def delete(self, endpoint_id: UUID) -> None:
        """Delete an endpoint with its deliveries and their log.

        Raises:
            NotFound: no such endpoint.
        """
        found(await repository.lock_endpoint(self._connection, endpoint_id))
        await repository.delete_endpoint(self._connection, endpoint_id)
        await self._record(Action.WEBHOOK_DELETED, endpoint_id)

    async def rotate_secret(self, endpoint_id: UUID) -> WebhookSecretView:
        """Give an endpoint a new secret; the one before signs as well for `OVERLAP`.

        Raises:
            NotFound: no such endpoint.
        """
        row = found(await repository.lock_endpoint(self._connection, endpoint_id))
        sealer = EndpointSealer(self._keyset, endpoint_id)
        row = await repository.change_endpoint(
            self._connection,
            endpoint_id,
            secret=sealer.seal("secret", new_secret()),
            previous_secret=sealer.seal("previous_secret", sealer.open("secret", row.secret)),
            previous_until=func.now() + OVERLAP,
        )
        await self._record(Action.WEBHOOK_SECRET_ROTATED, endpoint_id)
        return self._with_secret(row)

    async def _record(self, action: Action, endpoint_id: UUID, **detail: Any) -> None:
        tenant, actor = self._principal.tenant_id, self._principal.key_id
        await audit.record(self._connection, tenant, actor, action, f"webhook/{endpoint_id}", **detail)

    def _view(self, row: Row[Any]) -> WebhookView:
        return WebhookView(**self._shown(row))

    def _with_secret(self, row: Row[Any]) -> WebhookSecretView:
        secret = EndpointSealer(self._keyset, row.id).open("secret", row.secret)
        return WebhookSecretView(**self._shown(row), secret=secret)

    def _shown(self, row: Row[Any]) -> dict[str, Any]:
        overlaps = row.previous_until is not None and row.previous_until > clock.now()
        return {
            "id": row.id,
            "url": EndpointSealer(self._keyset, row.id).open("url", row.url),
            "events": row.events,
            "enabled": row.enabled,
            "disabled_reason": row.disabled_reason,
            "disabled_at": row.disabled_at,
            "failing_since": row.failing_since,
            "broken_until": row.broken_until,
            "previous_secret_until": row.previous_until if overlaps else None,
            "created_at": row.created_at,
        }


def found(row: Row[Any] | None) -> Row[Any]:
    """Return the row of an endpoint.

    Raises:
        NotFound: there is none.
    """
    if row is None:
        raise NotFound("There is no such webhook.")
    return row


def _sorted(events: Sequence[EventType]) -> list[str]:
    return sorted({str(event) for event in events})
