"""Table of what the retention has come to: for each tenant and kind of row the last success, and what was left."""

from sqlalchemy import UUID, Column, DateTime, ForeignKey, Table, Text

from slipway.database.base import metadata
from slipway.inventory.declaration import OF_A_TENANT, nothing_personal, stays_until
from slipway.inventory.purposes import Purpose

_RUN = nothing_personal(Purpose.RIGHTS)

retention_runs = Table(
    "retention_runs",
    metadata,
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, info=OF_A_TENANT),
    Column("store", Text, primary_key=True, comment="Name of the kind of row.", info=_RUN),
    Column(
        "succeeded_at",
        DateTime(timezone=True),
        nullable=False,
        comment="When a run last came to its end; before the first that did, when one first tried.",
        info=_RUN,
    ),
    Column(
        "oldest",
        DateTime(timezone=True),
        comment="What the oldest row counts from that a run left and may go.",
        info=_RUN,
    ),
    info=stays_until("the tenant is deleted", "each run writes over what the one before came to"),
)
