"""Who is calling, and what they may do."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import SecretStr


class Scope(StrEnum):
    """What an API key may do."""

    PREDICT = "predict"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    SUBJECTS_READ = "subjects:read"
    SUBJECTS_WRITE = "subjects:write"


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of a request."""

    tenant_id: UUID
    key_id: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """What a new API key should be."""

    name: str
    scopes: frozenset[Scope]
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new API key. The token is shown once; only its hash is stored."""

    id: str
    token: SecretStr


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What is stored of an API key, as far as checking it needs."""

    id: str
    tenant_id: UUID
    hash: bytes
    scopes: frozenset[str]
    expires_at: datetime | None
    revoked_at: datetime | None
