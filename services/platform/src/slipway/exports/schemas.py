"""An export, as callers see it and as its making knows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

Position = tuple[str, ...]
"""The name of a source, then the primary key of its last row that was read, as texts; only the name: none was."""


class ExportState(StrEnum):
    """An export's life: it waits, is made, and may be fetched until it expires. One that failed is asked for again."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


class ExportView(BaseModel):
    """An export, as its requester sees it."""

    id: UUID
    subject_id: UUID
    state: ExportState
    created_at: datetime
    deadline: datetime = Field(description="By then it is ready.")
    finished_at: datetime | None
    expires_at: datetime | None = Field(description="Until then it may be fetched; null before it is ready.")
    records: int | None = Field(description="Lines of data in it; null before it is ready.")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the making of an export has come."""

    subject_id: UUID
    recipient: bytes
    """Sealed by the subject's key."""
    position: Position | None
    """Behind which rows the next part begins; None: at the beginning."""
    parts: int
    records: int
    data_bytes: int
    keys: Sequence[bytes]
    """The subject's wrapped keys, all versions of them."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows about a person as they are stored, and behind which of them the next page begins."""

    source: str
    rows: Sequence[Mapping[str, Any]]
    keys: Sequence[str]
    """The primary key of each row; several columns are joined by `/`."""
    after: Position


@dataclass(frozen=True, slots=True)
class Batch:
    """What the next part is made of: pages of different sources."""

    pages: Sequence[Page]
    complete: bool
    """Nothing is held beyond them."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a package, sealed, with what it adds."""

    subject_id: UUID
    number: int
    content: bytes
    records: int
    data_bytes: int
