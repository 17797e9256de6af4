"""What callers see of webhooks, and what the dispatcher hands around."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

TEST_EVENT = "webhook.test"
"""Type of the event that a tenant asks for to try an endpoint. Every endpoint gets its own, subscribed or not."""


class EventType(StrEnum):
    """What an endpoint can subscribe to."""

    JOB_COMPLETED = "job.completed"
    JOB_CANCELLED = "job.cancelled"


class DeliveryState(StrEnum):
    """A delivery's life: pending, sending, and pending again after a failed attempt; then delivered or failed."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"


class DisabledReason(StrEnum):
    """Why nothing is sent to an endpoint."""

    REQUESTED = "requested"
    GONE = "gone"
    """It answered 410."""
    FAILING = "failing"
    """No delivery has succeeded for days."""


class AttemptOutcome(StrEnum):
    """How one attempt ended."""

    DELIVERED = "delivered"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """The worker that was at it is gone: nobody knows whether the receiver was reached. It does not count."""


class Reason(StrEnum):
    """Why an attempt failed."""

    STATUS = "status"
    REDIRECT = "redirect_not_followed"
    ADDRESS = "no_public_address"
    CONNECTION = "connection_failed"
    TLS = "tls_failed"
    DISCONNECTED = "disconnected"
    PROTOCOL = "not_http"
    TIMEOUT = "timeout"
    WORKER_LOST = "worker_lost"
    ERROR = "error"


class WebhookView(BaseModel):
    """An endpoint, as its owner sees it."""

    id: UUID
    url: str
    events: list[EventType] = Field(description="What it is told of.")
    enabled: bool
    disabled_reason: DisabledReason | None = Field(description="`requested`, `gone` (it answered 410) or `failing`.")
    disabled_at: datetime | None
    failing_since: datetime | None = Field(description="First failure since the last success.")
    broken_until: datetime | None = Field(description="Deliveries wait; from this time on one is tried.")
    previous_secret_until: datetime | None = Field(description="Until then the secret before signs as well.")
    created_at: datetime


class WebhookSecretView(WebhookView):
    """An endpoint with its signing secret, which is shown when it is made and at no other time."""

    secret: str = Field(description="`whsec_` and 32 bytes in base64. Keep it: it is not shown again.")


class AttemptView(BaseModel):
    """One entry of the delivery log."""

    at: datetime
    outcome: AttemptOutcome
    status: int | None = Field(description="HTTP status of the answer, if there was one.")
    duration_ms: int | None
    reason: Reason | None = Field(description="Why it failed.")


class DeliveryView(BaseModel):
    """One event on its way to one endpoint."""

    id: UUID
    webhook_id: UUID
    event_id: str = Field(description="The `webhook-id` header: the same with each attempt.")
    type: str
    state: DeliveryState
    created_at: datetime
    next_attempt_at: datetime | None = Field(description="While it is pending.")
    finished_at: datetime | None
    attempts: list[AttemptView] = Field(description="The newest 20, the newest first.")


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease on a delivery. Its outcome is written only while the token holds."""

    id: UUID
    tenant_id: UUID
    endpoint_id: UUID
    attempts: int
    token: int


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent. Its representation shows neither the address nor the secrets."""

    event_id: str
    body: bytes
    url: str = ""
    secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Message({self.event_id})"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended."""

    duration_ms: int
    status: int | None = None
    reason: Reason | None = None
    """None means that it was delivered."""
    retry_after: float | None = None
    """Seconds that the receiver asked for."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits to be delivered, across tenants, at endpoints that are enabled."""

    pending: int
    overdue_seconds: float
    enabled: int
    broken: int
    disabled: int
