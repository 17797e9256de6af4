"""What callers see of a subject, and what is known of a request by which a right is answered."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class HoldView(BaseModel):
    """A legal hold that is in force."""

    until: datetime
    reason: str = Field(description="Whom to ask about it.")


class SubjectView(BaseModel):
    """A person, as the tenant sees them: by an id, never by a name."""

    id: UUID = Field(description="The platform's id of the person. Use it in URLs, so that no name is in them.")
    named: bool = Field(
        description="False: it is not one person, but stands for all whom the inputs of one job do not name."
    )
    created_at: datetime = Field(description="Since when the person is known.")
    restricted_at: datetime | None = Field(
        description="Since when their data are only stored: neither processed nor shown. Null: no restriction."
    )
    objected_at: datetime | None = Field(
        description="Since when they object: nothing about them is processed. Null: no objection."
    )
    hold: HoldView | None = Field(description="A legal hold: until it ends nothing about them is deleted.")


@dataclass(frozen=True, slots=True)
class StateChange:
    """What is to apply to a person; None: as it is."""

    restricted: bool | None = None
    objected: bool | None = None


class RequestKind(StrEnum):
    """Which right is asked for."""

    ERASURE = "erasure"
    EXPORT = "export"


class RequestState(StrEnum):
    """A request's life: received, running, then done or failed; held while a legal hold is in its way."""

    RECEIVED = "received"
    HELD = "held"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class RequestView(BaseModel):
    """A request by which a right is answered, as the tenant sees it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: RequestKind
    state: RequestState
    subject_id: UUID
    created_at: datetime
    deadline: datetime = Field(description="By then it is done.")
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class RequestOrder:
    """A new request."""

    kind: RequestKind
    subject: UUID
    actor: str
    """Public part of the API key that asks."""
    deadline: datetime


@dataclass(frozen=True, slots=True)
class RequestClaim:
    """A lease on a request. What it does counts only while the token holds."""

    id: UUID
    tenant_id: UUID
    token: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was done for a request, signed. It names no person."""

    body: dict[str, Any]
    signature: bytes
    key_id: str
