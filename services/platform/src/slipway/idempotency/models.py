"""Table of the idempotency keys."""

from sqlalchemy import UUID, Column, DateTime, ForeignKey, LargeBinary, Table, func

from slipway.database.base import metadata
from slipway.inventory.declaration import (
    OF_A_TENANT,
    DataClass,
    Form,
    OnErasure,
    OnExport,
    held,
    kept,
    nothing_personal,
)
from slipway.inventory.purposes import Purpose

_STATE = nothing_personal(Purpose.QUEUEING)
_HASH = held(
    DataClass.PERSONAL,
    Purpose.QUEUEING,
    Form.HASHED,
    OnExport.EXPLAINED,
    OnErasure.KEPT,
    "A keyed hash of a request, so that it is not done twice. It cannot be read and names no person; and as long as it "
    "stays, a repeated request cannot bring back what was erased.",
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, info=OF_A_TENANT),
    Column("key", LargeBinary, primary_key=True, comment="Keyed hash of the route and the client's key.", info=_HASH),
    Column("owner", UUID, nullable=False, comment="The request that runs under the key.", info=_STATE),
    Column("fingerprint", LargeBinary, comment="Keyed hash of what was asked, once it is done.", info=_HASH),
    Column("resource", UUID, comment="The job that came of it; null while the first request runs.", info=_STATE),
    Column("locked_until", DateTime(timezone=True), nullable=False, info=_STATE),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True, info=_STATE),
    info=kept("created_at", "a client repeats a request within a day, or not at all", setting="idempotency_seconds"),
)
