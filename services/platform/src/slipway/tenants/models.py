"""Tables of the tenants and their API keys."""

from sqlalchemy import ARRAY, UUID, Column, DateTime, ForeignKey, LargeBinary, Table, Text, func

from slipway.database.base import metadata
from slipway.inventory.declaration import OF_A_TENANT, DataClass, Form, held, kept, nothing_personal, stays_until
from slipway.inventory.purposes import Purpose

_ACCOUNT = nothing_personal(Purpose.ACCESS)
_NAME = nothing_personal(
    Purpose.ACCESS, "An operator's name for an organisation or a program. The name of a person does not belong here."
)
_SECRET = held(DataClass.SECRET, Purpose.ACCESS, Form.HASHED, note="Nothing can be called with the hash.")

tenants = Table(
    "tenants",
    metadata,
    Column("id", UUID, primary_key=True, info=_ACCOUNT),
    Column("name", Text, nullable=False, unique=True, info=_NAME),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_ACCOUNT),
    info=stays_until("an operator deletes the tenant", "without it nobody can be told whose the rest is"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True, comment="The public part of the key.", info=_ACCOUNT),
    Column(
        "tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, index=True, info=OF_A_TENANT
    ),
    Column("name", Text, nullable=False, info=_NAME),
    Column(
        "hash",
        LargeBinary,
        nullable=False,
        comment="SHA-256 of the secret part, which has 256 random bits.",
        info=_SECRET,
    ),
    Column("scopes", ARRAY(Text), nullable=False, info=_ACCOUNT),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_ACCOUNT),
    Column("expires_at", DateTime(timezone=True), info=_ACCOUNT),
    Column("revoked_at", DateTime(timezone=True), info=_ACCOUNT),
    Column("last_used_at", DateTime(timezone=True), info=_ACCOUNT),
    info=kept(
        ("revoked_at", "expires_at"),
        "the audit log names keys by their ids, for as long as questions about their use are likely",
        setting="api_key_retention_days",
    ),
)
