"""Rules of the Idempotency-Key: the first request runs, a repeat gets its outcome, another request is refused."""

import hmac
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.database import Database
from slipway.errors import IdempotencyMismatch, RequestInProgress
from slipway.idempotency import repository
from slipway.keys.schemas import Keyset

_SOON = {"Retry-After": "1"}

LOCK_SECONDS = 20.0
"""How long a first request may be silent before another may take its key over: its process was killed."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's key for one route and the request that brings it."""

    tenant_id: UUID
    hash: bytes
    owner: UUID

    @classmethod
    def of(cls, keyset: Keyset, route: str, key: str) -> "IdempotencyKey":
        """Hash the client's key together with the route it was sent to.

        The hash is keyed by the tenant: clients put all sorts of things into their keys, even what could be guessed.
        """
        return cls(UUID(keyset.tenant), keyset.hash(f"{route}\n{key}"), uuid4())


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier request with the same key left: the resource, and the fingerprint of what was asked."""

    resource: UUID
    fingerprint: bytes | None

    def check(self, fingerprint: bytes) -> None:
        """Compare with what the repeat asks.

        Raises:
            IdempotencyMismatch: it asks something else.
        """
        if self.fingerprint is None or not hmac.compare_digest(self.fingerprint, fingerprint):
            raise IdempotencyMismatch("Use a new Idempotency-Key for a new request.")


async def begin(connection: AsyncConnection, key: IdempotencyKey) -> Earlier | None:
    """Take the key, in a transaction of its own; None means: go ahead.

    Raises:
        RequestInProgress: the first request still runs.
    """
    if await repository.insert(connection, key.tenant_id, key.hash, key.owner, LOCK_SECONDS):
        return None
    found = await repository.find(connection, key.hash)
    if found is not None and found.resource is not None:
        return Earlier(found.resource, found.fingerprint)
    raise RequestInProgress("Wait for the first request with this Idempotency-Key.", headers=_SOON)


async def renew(database: Database, key: IdempotencyKey) -> None:
    """Keep the key while its first request still runs."""
    await repository.renew(database, key.tenant_id, key.hash, key.owner, LOCK_SECONDS)


async def complete(connection: AsyncConnection, key: IdempotencyKey, resource: UUID, fingerprint: bytes) -> None:
    """Note what came of the request, in the transaction that made it so.

    Raises:
        RequestInProgress: this request was so slow that another has taken over; it must change nothing.
    """
    if not await repository.set_outcome(connection, key.hash, key.owner, resource, fingerprint):
        raise RequestInProgress("Another request with this Idempotency-Key has taken over.", headers=_SOON)


async def release(connection: AsyncConnection, key: IdempotencyKey) -> None:
    """Give the key back after a request that changed nothing."""
    await repository.delete(connection, key.hash, key.owner)
