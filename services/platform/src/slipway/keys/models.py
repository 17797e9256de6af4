"""Tables of the wrapped keys. The key that opens them is never in the database."""

from sqlalchemy import UUID, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, func, text

from slipway.database.base import metadata

tenant_keys = Table(
    "tenant_keys",
    metadata,
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("provider", Text, nullable=False),
    Column("wrapped", LargeBinary, nullable=False, comment="The tenant's key, sealed by the key provider; then empty."),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("retired_at", DateTime(timezone=True), comment="From then on it opens, and wraps nothing any more."),
    Column("emptied_at", DateTime(timezone=True), comment="Nothing here needed it any more, and it was deleted here."),
    Column("destroyed_at", DateTime(timezone=True), comment="From then on it opens nothing, in no backup either."),
)

tenant_index_keys = Table(
    "tenant_index_keys",
    metadata,
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("wrapped_by", Integer, nullable=False, comment="Version of the tenant's key."),
    Column("wrapped", LargeBinary, nullable=False, comment="The key of the pseudonyms, sealed by the tenant's key."),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

subject_keys = Table(
    "subject_keys",
    metadata,
    Column("subject_id", UUID, ForeignKey("subjects.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False),
    Column("wrapped", LargeBinary, nullable=False, comment="The subject's key, sealed by the tenant's key."),
    Column("wrapped_by", Integer, nullable=False, server_default=text("1"), comment="Version of the tenant's key."),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("subject_keys_wrapped_by_idx", "tenant_id", "wrapped_by", "subject_id"),
)
