"""SQL of the requests by which rights are answered: made and read as one tenant, claimed across tenants.

A claim is a lease with a fencing token, as with the chunks of jobs: whoever is killed loses it, and who lost it settles
nothing. Leases use the database's clock.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from sqlalchemy import Row, bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.database import Database
from slipway.subjects.models import subject_requests
from slipway.subjects.schemas import Receipt, RequestClaim, RequestKind, RequestOrder, RequestState

_UNFINISHED = (RequestState.RECEIVED, RequestState.HELD, RequestState.RUNNING)

# What is held stays so until its worker finds that nothing is in its way any more. Any number of holds, looked at again
# and again, keep nobody else waiting.
_CLAIM: LiteralString = """
    UPDATE subject_requests
    SET state = CASE WHEN state = 'held' THEN state ELSE 'running' END, token = token + 1, attempts = attempts + 1,
        lease_until = now() + make_interval(secs => %(lease)s)
    WHERE id = (
        SELECT id FROM subject_requests
        WHERE kind = %(kind)s AND state IN ('received', 'held', 'running')
            AND (lease_until IS NULL OR lease_until < now())
        ORDER BY state = 'held', created_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id, tenant_id, token, attempts
"""

_RENEW: LiteralString = """
    UPDATE subject_requests SET lease_until = now() + make_interval(secs => %(lease)s)
    WHERE id = %(id)s AND token = %(token)s AND state IN ('held', 'running') AND lease_until >= now() RETURNING id
"""

_PUT_OFF = text("""
    UPDATE subject_requests
    SET state = :state, lease_until = now() + make_interval(secs => :seconds),
        attempts = coalesce(CAST(:attempts AS integer), attempts)
    WHERE id = :id AND token = :token AND state IN ('held', 'running') RETURNING id
""")

_SETTLE = text("""
    UPDATE subject_requests
    SET state = :state, finished_at = now(), lease_until = NULL, receipt = :receipt,
        receipt_signature = :signature, key_id = :key_id
    WHERE id = :id AND token = :token AND state IN ('held', 'running') RETURNING id
""").bindparams(bindparam("receipt", type_=JSONB))


_OPEN = text("""
    SELECT tenant_id, kind, state, deadline FROM subject_requests WHERE state IN ('received', 'held', 'running')
    ORDER BY deadline
""")

_FAILED = text("""
    SELECT tenant_id, kind, count(*) AS number FROM subject_requests WHERE state = 'failed' AND created_at > :since
    GROUP BY tenant_id, kind ORDER BY tenant_id, kind
""")


async def every_open(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Return (tenant_id, kind, state, deadline) of each request that is not done, the most urgent first.

    As the system role.
    """
    return (await connection.execute(_OPEN)).all()


async def every_failed(connection: AsyncConnection, since: datetime) -> Sequence[Row[Any]]:
    """Return (tenant_id, kind, number) of the requests that were made since then and failed. As the system role."""
    return (await connection.execute(_FAILED, {"since": since})).all()


async def add_request(connection: AsyncConnection, tenant: UUID, order: RequestOrder) -> Row[Any]:
    """Insert a request; return its row.

    Raises:
        IntegrityError: an erasure of this subject is unfinished.
    """
    values = {
        "tenant_id": tenant,
        "kind": order.kind,
        "subject_id": order.subject,
        "requested_by": order.actor,
        "deadline": order.deadline,
    }
    return (await connection.execute(insert(subject_requests).values(values).returning(*subject_requests.c))).one()


async def find_request(connection: AsyncConnection, request_id: UUID) -> Row[Any] | None:
    """Return a request with all its columns, or None if this tenant has none of that id."""
    query = select(subject_requests).where(subject_requests.c.id == request_id)
    return (await connection.execute(query)).one_or_none()


async def requests_of(connection: AsyncConnection, subject: UUID) -> Sequence[Row[Any]]:
    """Return the requests about a subject, the oldest first; also of one that is gone."""
    query = select(subject_requests).where(subject_requests.c.subject_id == subject)
    return (await connection.execute(query.order_by(subject_requests.c.created_at, subject_requests.c.id))).all()


async def unfinished(connection: AsyncConnection, subject: UUID, kind: RequestKind) -> Row[Any] | None:
    """Return the oldest request of a kind about a subject that is not done yet."""
    return next(
        (row for row in await requests_of(connection, subject) if row.kind == kind and row.state in _UNFINISHED), None
    )


async def claim(database: Database, kind: RequestKind, lease: float) -> RequestClaim | None:
    """Lease the oldest request of a kind for `lease` seconds; None when there is nothing to do.

    Also one that was put off, when its time has come, and one whose worker was lost. Those that are held come last, and
    are still held: `put_off` as `running` what nothing is in the way of any more.
    """
    rows = await database.run_system(_CLAIM, {"kind": str(kind), "lease": lease})
    return RequestClaim(*rows[0]) if rows else None


async def renew(database: Database, claimed: RequestClaim, lease: float) -> bool:
    """Prolong a lease; False when it was lost."""
    parameters = {"id": claimed.id, "token": claimed.token, "lease": lease}
    return bool(await database.run_system(_RENEW, parameters))


async def put_off(
    connection: AsyncConnection,
    claimed: RequestClaim,
    state: RequestState,
    seconds: float,
    *,
    attempts: int | None = None,
) -> bool:
    """Let it be looked at again after `seconds`, until then in another state that is not done; False: lease lost.

    Each claim counts as an attempt, unless it is said here how many there were.
    """
    parameters = {"id": claimed.id, "token": claimed.token, "state": str(state), "seconds": seconds}
    return (await connection.execute(_PUT_OFF, parameters | {"attempts": attempts})).one_or_none() is not None


async def settle(
    connection: AsyncConnection, claimed: RequestClaim, state: RequestState, receipt: Receipt | None
) -> bool:
    """End a request as `done` or `failed`, with its receipt; False: the lease was lost."""
    parameters = {"id": claimed.id, "token": claimed.token, "state": str(state)}
    proof: dict[str, Any] = {"receipt": None, "signature": None, "key_id": None}
    if receipt is not None:
        proof = {"receipt": receipt.body, "signature": receipt.signature, "key_id": receipt.key_id}
    return (await connection.execute(_SETTLE, parameters | proof)).one_or_none() is not None
