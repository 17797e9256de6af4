"""Table of what the retention has come to: for each tenant and kind of row the last success, and what was left."""

from sqlalchemy import UUID, Column, DateTime, ForeignKey, Table, Text

from slipway.database.base import metadata

retention_runs = Table(
    "retention_runs",
    metadata,
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("store", Text, primary_key=True, comment="Name of the kind of row."),
    Column(
        "succeeded_at",
        DateTime(timezone=True),
        nullable=False,
        comment="When a run last came to its end; before the first that did, when one first tried.",
    ),
    Column("oldest", DateTime(timezone=True), comment="What the oldest row counts from that a run left and may go."),
)
