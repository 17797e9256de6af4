"""Tables of the wrapped keys. The key that opens them is never in the database."""

from sqlalchemy import UUID, Column, DateTime, ForeignKey, Integer, LargeBinary, Table, Text, func

from slipway.database.base import metadata

tenant_keys = Table(
    "tenant_keys",
    metadata,
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("provider", Text, nullable=False),
    Column("wrapped", LargeBinary, nullable=False, comment="The tenant's key, sealed by the key provider."),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

subject_keys = Table(
    "subject_keys",
    metadata,
    Column("subject_id", UUID, ForeignKey("subjects.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("wrapped", LargeBinary, nullable=False, comment="The subject's key, sealed by the tenant's key."),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
