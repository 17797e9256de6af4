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
    SmallInteger,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

from slipway.database.base import metadata
from slipway.inventory.declaration import (
    OF_A_TENANT,
    DataClass,
    Form,
    OnErasure,
    OnExport,
    held,
    nothing_personal,
    stays_until,
)
from slipway.inventory.purposes import Purpose


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the type's name in SQL."""
        return "xid8"


_ENTRY = nothing_personal(Purpose.ACCOUNTABILITY)
_RESOURCE = held(
    DataClass.PERSONAL,
    Purpose.ACCOUNTABILITY,
    Form.RANDOM,
    OnExport.EXPLAINED,
    OnErasure.KEPT,
    "In the audit log, the id of whom or what a change was about. That a person was erased has to be shown; the id "
    "then leads nowhere.",
)
_FOR_EVER = stays_until(
    "an operator deletes the tenant",
    "a chain whose beginning is missing cannot be told from one that was tampered with; it has ids, no names",
)
_DETAIL = nothing_personal(Purpose.ACCOUNTABILITY, "Counts, ids and words of fixed lists.")
_TRACE = nothing_personal(Purpose.OPERATING)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True, info=_ENTRY),
    Column("tenant_id", UUID, ForeignKey("tenants.id"), nullable=False, info=OF_A_TENANT),
    Column(
        "xid",
        Xid8,
        nullable=False,
        server_default=text("pg_current_xact_id()"),
        comment="What the sealer goes by.",
        info=_ENTRY,
    ),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_ENTRY),
    Column("actor", Text, nullable=False, comment="Public part of the API key, or `system`.", info=_ENTRY),
    Column("action", Text, nullable=False, info=_ENTRY),
    Column("resource", Text, nullable=False, info=_RESOURCE),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'"), info=_DETAIL),
    Column("trace_id", Text, info=_TRACE),
    Index("audit_log_tenant_id_xid_idx", "tenant_id", "xid"),
    info=_FOR_EVER,
)

audit_seals = Table(
    "audit_seals",
    metadata,
    Column("tenant_id", UUID, ForeignKey("tenants.id"), primary_key=True, info=OF_A_TENANT),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False, info=_ENTRY),
    Column(
        "upto_xid",
        Xid8,
        nullable=False,
        comment="Covers the rows from the previous seal's, up to below this.",
        info=_ENTRY,
    ),
    Column("entries", Integer, nullable=False, info=_ENTRY),
    Column(
        "digest",
        LargeBinary,
        nullable=False,
        comment="SHA-256 over the previous digest and the covered rows.",
        info=_ENTRY,
    ),
    Column(
        "signature", LargeBinary, nullable=False, comment="Ed25519 over all of the above and `sealed_at`.", info=_ENTRY
    ),
    Column("key_id", Text, nullable=False, info=_ENTRY),
    Column("sealed_at", DateTime(timezone=True), nullable=False, info=_ENTRY),
    Column(
        "format",
        SmallInteger,
        nullable=False,
        server_default=text("1"),
        comment="Of the digest and of what is signed.",
        info=_ENTRY,
    ),
    Column("checkpoint", BigInteger, comment="Number of the newest checkpoint that the sealer knew.", info=_ENTRY),
    Column("checkpoint_digest", LargeBinary, comment="Digest of that checkpoint's line.", info=_ENTRY),
    info=_FOR_EVER,
)
