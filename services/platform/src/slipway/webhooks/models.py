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
from slipway.inventory.declaration import (
    OF_A_TENANT,
    DataClass,
    Form,
    goes_with,
    held,
    kept,
    nothing_personal,
    stays_until,
)
from slipway.inventory.purposes import Purpose

_STATE = nothing_personal(Purpose.NOTIFYING)
_SECRET = held(DataClass.SECRET, Purpose.NOTIFYING, Form.SEALED)
_URL = held(DataClass.SECRET, Purpose.NOTIFYING, Form.SEALED, note="Addresses often have a token in them.")
_PAYLOAD = nothing_personal(Purpose.NOTIFYING, "Ids, states and counts of a job.")
_CALLER = nothing_personal(Purpose.ACCOUNTABILITY)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", UUID, primary_key=True, info=_STATE),
    Column(
        "tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, index=True, info=OF_A_TENANT
    ),
    Column("url", LargeBinary, nullable=False, comment="Sealed by the tenant's key.", info=_URL),
    Column("secret", LargeBinary, nullable=False, comment="Sealed by the tenant's key.", info=_SECRET),
    Column(
        "previous_secret", LargeBinary, comment="Sealed by the tenant's key; signs as well, for a while.", info=_SECRET
    ),
    Column("previous_until", DateTime(timezone=True), info=_STATE),
    Column("events", ARRAY(Text), nullable=False, info=_STATE),
    Column("enabled", Boolean, nullable=False, server_default=text("true"), info=_STATE),
    Column("disabled_reason", Text, info=_STATE),
    Column("disabled_at", DateTime(timezone=True), info=_STATE),
    Column(
        "failures", Integer, nullable=False, server_default=text("0"), comment="Since the last success.", info=_STATE
    ),
    Column("failing_since", DateTime(timezone=True), info=_STATE),
    Column("failed_at", DateTime(timezone=True), comment="Last failure.", info=_STATE),
    Column(
        "broken_until", DateTime(timezone=True), comment="The breaker is open; then one delivery is tried.", info=_STATE
    ),
    Column("created_by", Text, nullable=False, comment="Public part of the API key.", info=_CALLER),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_STATE),
    info=stays_until("the tenant deletes it", "the tenant has asked to be told there"),
)

webhook_events = Table(
    "webhook_events",
    metadata,
    Column("id", Text, primary_key=True, comment="The webhook-id.", info=_STATE),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, info=OF_A_TENANT),
    Column("type", Text, nullable=False, info=_STATE),
    Column("payload", Text, nullable=False, comment="The body, byte by byte. Nothing personal.", info=_PAYLOAD),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True, info=_STATE),
    info=kept("created_at", "a receiver that was away for long is told again", setting="webhook_retention_seconds"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", UUID, primary_key=True, server_default=text("gen_random_uuid()"), info=_STATE),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, info=OF_A_TENANT),
    Column("endpoint_id", UUID, ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), nullable=False, info=_STATE),
    Column("event_id", Text, ForeignKey("webhook_events.id", ondelete="CASCADE"), nullable=False, info=_STATE),
    Column("state", Text, nullable=False, server_default=text("'pending'"), comment="See DeliveryState.", info=_STATE),
    Column(
        "attempts",
        SmallInteger,
        nullable=False,
        server_default=text("0"),
        comment="Counted when one begins.",
        info=_STATE,
    ),
    Column(
        "token",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="Fencing token: rises at each claim.",
        info=_STATE,
    ),
    Column("lease_until", DateTime(timezone=True), info=_STATE),
    Column("available_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_STATE),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_STATE),
    Column("finished_at", DateTime(timezone=True), info=_STATE),
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
    info=goes_with("webhook_events"),
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True, info=_STATE),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, info=OF_A_TENANT),
    Column("delivery_id", UUID, ForeignKey("webhook_deliveries.id", ondelete="CASCADE"), nullable=False, info=_STATE),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_STATE),
    Column("outcome", Text, nullable=False, comment="delivered, failed or interrupted.", info=_STATE),
    Column("status", SmallInteger, comment="HTTP status of the answer, if there was one.", info=_STATE),
    Column("duration_ms", Integer, info=_STATE),
    Column("reason", Text, comment="One of a few words; nothing that the receiver has said.", info=_STATE),
    Index("webhook_attempts_delivery_id_id_idx", "delivery_id", "id"),
    info=goes_with("webhook_deliveries"),
)
