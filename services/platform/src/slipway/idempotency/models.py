"""Table of the idempotency keys."""

from sqlalchemy import UUID, Column, DateTime, ForeignKey, LargeBinary, Table, func

from slipway.database.base import metadata

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("key", LargeBinary, primary_key=True, comment="Keyed hash of the route and the client's key."),
    Column("owner", UUID, nullable=False, comment="The request that runs under the key."),
    Column("fingerprint", LargeBinary, comment="Keyed hash of what was asked, once it is done."),
    Column("resource", UUID, comment="The job that came of it; null while the first request runs."),
    Column("locked_until", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
)
