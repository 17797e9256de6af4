"""Tables of the webhooks: who is told, what there is to tell, and how the telling went."""

from sqlalchemy import (
    ARRAY,
    UUID,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)

from slipway.database.base import metadata

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("url", LargeBinary, nullable=False, comment="Sealed by the tenant's key."),
    Column("secret", LargeBinary, nullable=False, comment="Sealed by the tenant's key."),
    Column("previous_secret", LargeBinary, comment="Sealed by the tenant's key; signs as well, for a while."),
    Column("previous_until", DateTime(timezone=True)),
    Column("events", ARRAY(Text), nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("disabled_reason", Text),
    Column("disabled_at", DateTime(timezone=True)),
    Column("failures", Integer, nullable=False, server_default=text("0"), comment="Since the last success."),
    Column("failing_since", DateTime(timezone=True)),
    Column("failed_at", DateTime(timezone=True), comment="Last failure."),
    Column("broken_until", DateTime(timezone=True), comment="The breaker is open; then one delivery is tried."),
    Column("created_by", Text, nullable=False, comment="Public part of the API key."),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

webhook_events = Table(
    "webhook_events",
    metadata,
    Column("id", Text, primary_key=True, comment="The webhook-id."),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False),
    Column("type", Text, nullable=False),
    Column("payload", Text, nullable=False, comment="The body, byte by byte. Nothing personal."),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", UUID, primary_key=True, server_default=text("gen_random_uuid()")),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False),
    Column("endpoint_id", UUID, ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), nullable=False),
    Column("event_id", Text, ForeignKey("webhook_events.id", ondelete="CASCADE"), nullable=False),
    Column("state", Text, nullable=False, server_default=text("'pending'"), comment="See DeliveryState."),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0"), comment="Counted when one begins."),
    Column(
        "token", BigInteger, nullable=False, server_default=text("0"), comment="Fencing token: rises at each claim."
    ),
    Column("lease_until", DateTime(timezone=True)),
    Column("available_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("finished_at", DateTime(timezone=True)),
    UniqueConstraint("event_id", "endpoint_id"),
    Index("webhook_deliveries_endpoint_id_created_at_idx", "endpoint_id", text("created_at DESC"), text("id DESC")),
    Index(
        "webhook_deliveries_pending_idx",
        "endpoint_id",
        "available_at",
        "id",
        postgresql_where=text("state = 'pending'"),
    ),
    Index("webhook_deliveries_sending_idx", "lease_until", postgresql_where=text("state = 'sending'")),
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False),
    Column("delivery_id", UUID, ForeignKey("webhook_deliveries.id", ondelete="CASCADE"), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("outcome", Text, nullable=False, comment="delivered, failed or interrupted."),
    Column("status", SmallInteger, comment="HTTP status of the answer, if there was one."),
    Column("duration_ms", Integer),
    Column("reason", Text, comment="One of a few words; nothing that the receiver has said."),
    Index("webhook_attempts_delivery_id_id_idx", "delivery_id", "id"),
)
