"""What an erasure goes by, and what it comes to."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from slipway.subjects.schemas import RequestView


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, by the id that a tenant's rows about them have."""

    tenant: UUID
    id: UUID


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Says of somebody that they were erased, or are being erased."""

    person: Person
    begun_at: datetime
    line: int | None
    """Of the evidence; None: not written yet."""


@dataclass(frozen=True, slots=True)
class Held:
    """A legal hold that is in the way of an erasure."""

    until: datetime


class ReceiptView(BaseModel):
    """A receipt, as whoever asked for the erasure may keep it."""

    body: dict[str, Any] = Field(
        description="What was done where, when, and from when on backups are dead as well. It names nobody."
    )
    signature: str = Field(
        description="Ed25519, in base64, over `slipway.receipt/1`, a space, and `body` as JSON with sorted keys, "
        "without spaces, in ASCII."
    )
    key_id: str = Field(description="Which audit key has signed: the beginning of the SHA-256 of its public half.")

    @classmethod
    def of(cls, body: Mapping[str, Any], signature: bytes, key_id: str) -> Self:
        """Return a receipt as it is shown."""
        return cls(body=dict(body), signature=base64.b64encode(signature).decode(), key_id=key_id)


class TrackedRequest(RequestView):
    """A request by which a right is answered, and what has come of it."""

    held_until: datetime | None = Field(description="A legal hold is in its way until then, unless it is released.")
    receipt: ReceiptView | None = Field(description="Once it is done.")
