"""Writing the audit log."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.audit import repository
from slipway.audit.schemas import Action
from slipway.telemetry.tracing import current_trace_id


async def record(
    connection: AsyncConnection, tenant: UUID, actor: str, action: Action, resource: str, **detail: Any
) -> None:
    """Add an entry in the transaction of what it tells of: both happen or neither. `detail` holds nothing personal."""
    entry = {
        "tenant_id": tenant,
        "actor": actor,
        "action": action,
        "resource": resource,
        "detail": detail,
        "trace_id": current_trace_id(),
    }
    await repository.add_entries(connection, [entry])
