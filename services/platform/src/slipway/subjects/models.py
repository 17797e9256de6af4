"""Table of the data subjects."""

from sqlalchemy import UUID, Column, DateTime, ForeignKey, LargeBinary, Table, UniqueConstraint, func, text

from slipway.database.base import metadata

subjects = Table(
    "subjects",
    metadata,
    Column("id", UUID, primary_key=True, server_default=text("gen_random_uuid()")),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False),
    Column("pseudonym", LargeBinary, comment="Keyed hash of the subject's name; null: the unnamed subject of one job."),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    UniqueConstraint("tenant_id", "pseudonym"),
)
