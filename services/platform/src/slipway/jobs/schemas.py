"""What callers see of a job, and what the engine knows of a chunk."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, computed_field

from slipway.subjects.refusals import Refusal


class JobState(StrEnum):
    """A job's life: receiving, queued, running, then completed or cancelled."""

    RECEIVING = "receiving"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ItemState(StrEnum):
    """What became of one input."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    DEAD = "dead"
    CANCELLED = "cancelled"
    """Pending when its job was cancelled. Not stored: it follows from the job."""
    RESTRICTED = "restricted"
    """Whatever became of it is not shown, as the person's data are only stored. It follows from the subject."""


class JobView(BaseModel):
    """A job, as its owner sees it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    workload: str
    state: JobState
    priority: int = Field(description="0 (last) to 9 (first).")
    revision: int = Field(description="Rises with every change of the job.")
    total: int = Field(description="Inputs accepted.")
    succeeded: int = Field(description="Inputs answered.")
    dead: int = Field(description="Inputs given up; `POST /v1/jobs/{id}/retry` tries them again.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @computed_field(description="Share of the inputs that are done, 0 to 1.")  # type: ignore[prop-decorator]
    @property
    def progress(self) -> float:
        """Share of the inputs that are done."""
        return (self.succeeded + self.dead) / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease on a range of a job's items. Writes are accepted only while the token holds."""

    id: int
    job_id: UUID
    tenant_id: UUID
    first: int
    last: int
    attempts: int
    token: int
    traceparent: str | None
    suspect: bool
    """It was lost before: a crash may be its doing."""
    begun: bool
    """Whether this attempt is counted in `attempts`."""

    def begin(self, attempts: int) -> "Claim":
        """Return the claim with its attempt counted."""
        return replace(self, attempts=attempts, begun=True)

    @property
    def key(self) -> tuple[int, int]:
        """What tells it from other leases on the same chunk."""
        return self.id, self.token

    @property
    def single(self) -> bool:
        """Whether it covers one item, which then alone is to blame."""
        return self.first == self.last


@dataclass(frozen=True, slots=True)
class SealedItem:
    """An item as it is stored, with the wrapped key of its subject."""

    ordinal: int
    subject_id: UUID
    wrapped_key: bytes
    input: bytes = b""
    """Left empty where only the outcome is wanted: inputs may be large."""
    state: ItemState = ItemState.PENDING
    output: bytes | None = None
    refusal: Refusal | None = None
    """Why nothing may be made of it."""


@dataclass(frozen=True, slots=True)
class NewItem:
    """A sealed input on its way into the database."""

    ordinal: int
    subject_id: UUID
    input: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker writes for one item: the sealed output or error; nothing for an item that no attempt survived."""

    ordinal: int
    state: ItemState
    output: bytes | None
    refusal: Refusal | None = None
    """Why nothing was made of the item: this may be written of a person who is to be let alone."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much work there is for a workload, across tenants."""

    waiting: int
    running: int
    oldest_seconds: float
    dead: int


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one input: an output, or an error, or neither yet."""

    ordinal: int
    state: ItemState
    output: dict[str, Any] | None
    error: dict[str, str] | None
