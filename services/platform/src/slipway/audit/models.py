"""Tables of the audit log and its seals."""

from sqlalchemy import (
    UUID,
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

from slipway.database.base import metadata


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the type's name in SQL."""
        return "xid8"


audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("tenant_id", UUID, ForeignKey("tenants.id"), nullable=False),
    Column(
        "xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()"), comment="What the sealer goes by."
    ),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("actor", Text, nullable=False, comment="Public part of the API key, or `system`."),
    Column("action", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'")),
    Column("trace_id", Text),
    Index("audit_log_tenant_id_xid_idx", "tenant_id", "xid"),
)

audit_seals = Table(
    "audit_seals",
    metadata,
    Column("tenant_id", UUID, ForeignKey("tenants.id"), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("upto_xid", Xid8, nullable=False, comment="Covers the rows from the previous seal's, up to below this."),
    Column("entries", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 over the previous digest and the covered rows."),
    Column("signature", LargeBinary, nullable=False, comment="Ed25519 over all of the above and `sealed_at`."),
    Column("key_id", Text, nullable=False),
    Column("sealed_at", DateTime(timezone=True), nullable=False),
)
