"""Bodies and parameters of the webhook routes."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from slipway.webhooks.schemas import DeliveryState, DeliveryView, EventType, WebhookView
from slipway.webhooks.targets import MAX_URL_LENGTH

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Url = Annotated[
    str,
    Field(
        max_length=MAX_URL_LENGTH,
        pattern="^https?://",
        description="Where events are posted: https, without user name and fragment, on a public address.",
    ),
]
_Events = Annotated[
    list[EventType], Field(min_length=1, max_length=10, description="What to be told of; at least one.")
]


class NewWebhook(BaseModel):
    """A new endpoint."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"url": "https://example.com/slipway", "events": ["job.completed"]}]},
    )

    url: _Url
    events: _Events


class WebhookChange(BaseModel):
    """What to change of an endpoint; what is absent or null stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"enabled": False}]})

    url: _Url | None = None
    events: _Events | None = None
    enabled: bool | None = Field(None, description="Switch it off, or on again with a clean record.")


class WebhookList(BaseModel):
    """All endpoints of the tenant, the oldest first."""

    webhooks: list[WebhookView]


class DeliveriesQuery(BaseModel):
    """Parameters of a page of deliveries."""

    model_config = ConfigDict(extra="forbid")

    state: DeliveryState | None = Field(None, description="Only deliveries in this state.")
    limit: int = Field(20, ge=1, le=100, description="Most deliveries on the page.")
    cursor: str | None = Field(None, pattern="^[0-9]{16}[0-9a-f]{32}$", description="`next` of the page before.")


class DeliveryPage(BaseModel):
    """A page of deliveries, the newest first."""

    deliveries: list[DeliveryView]
    next: str | None = Field(description="Cursor of the next page; null on the last.")


def write_cursor(delivery: DeliveryView) -> str:
    """Return the position behind a delivery: microseconds since 1970, then the id. Callers need not know."""
    return f"{(delivery.created_at - _EPOCH) // timedelta(microseconds=1):016}{delivery.id.hex}"


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Return the position that a cursor stands for. It has matched the pattern."""
    return _EPOCH + timedelta(microseconds=int(cursor[:16])), UUID(cursor[16:])
