"""Tables of the wrapped keys. The key that opens them is never in the database."""

from sqlalchemy import UUID, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, func, text

from slipway.database.base import metadata
from slipway.inventory.declaration import (
    OF_A_TENANT,
    DataClass,
    Form,
    OnErasure,
    OnExport,
    goes_with,
    held,
    nothing_personal,
    stays_until,
)
from slipway.inventory.purposes import Purpose

_VERSION = nothing_personal(Purpose.PROTECTION)
_TENANT_KEY = held(DataClass.SECRET, Purpose.PROTECTION, Form.SEALED)
_OF_SUBJECT = held(
    DataClass.PERSONAL,
    Purpose.PROTECTION,
    Form.PLAIN,
    OnExport.EXPLAINED,
    OnErasure.DELETED,
    "When the person's key was made, and its version.",
)
_SUBJECT = held(DataClass.PERSONAL, Purpose.PROTECTION, Form.RANDOM, OnExport.EXPLAINED, OnErasure.DELETED)
_SUBJECT_KEY = held(
    DataClass.SECRET,
    Purpose.PROTECTION,
    Form.SEALED,
    OnExport.EXPLAINED,
    OnErasure.DESTROYED,
    "Opens what is about one person, and nothing else.",
)

tenant_keys = Table(
    "tenant_keys",
    metadata,
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, info=OF_A_TENANT),
    Column("version", Integer, primary_key=True, autoincrement=False, info=_VERSION),
    Column("provider", Text, nullable=False, info=_VERSION),
    Column(
        "wrapped",
        LargeBinary,
        nullable=False,
        comment="The tenant's key, sealed by the key provider; then empty.",
        info=_TENANT_KEY,
    ),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_VERSION),
    Column(
        "retired_at",
        DateTime(timezone=True),
        comment="From then on it opens, and wraps nothing any more.",
        info=_VERSION,
    ),
    Column(
        "emptied_at",
        DateTime(timezone=True),
        comment="Nothing here needed it any more, and it was deleted here.",
        info=_VERSION,
    ),
    Column(
        "destroyed_at",
        DateTime(timezone=True),
        comment="From then on it opens nothing, in no backup either.",
        info=_VERSION,
    ),
    Column(
        "rewrapped_at",
        DateTime(timezone=True),
        comment="By this server's clock: nothing here needs it any more.",
        info=_VERSION,
    ),
    Column(
        "backed_up_at",
        DateTime(timezone=True),
        comment="Moment, by this server's clock, of the newest backup.",
        info=_VERSION,
    ),
    info=stays_until("the tenant is deleted", "what the key has sealed needs it"),
)

tenant_index_keys = Table(
    "tenant_index_keys",
    metadata,
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, info=OF_A_TENANT),
    Column("wrapped_by", Integer, nullable=False, comment="Version of the tenant's key.", info=_VERSION),
    Column(
        "wrapped",
        LargeBinary,
        nullable=False,
        comment="The key of the pseudonyms, sealed by the tenant's key.",
        info=_TENANT_KEY,
    ),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_VERSION),
    info=stays_until("the tenant is deleted", "every pseudonym of the tenant needs it"),
)

subject_keys = Table(
    "subject_keys",
    metadata,
    Column("subject_id", UUID, ForeignKey("subjects.id", ondelete="CASCADE"), primary_key=True, info=_SUBJECT),
    Column("version", Integer, primary_key=True, autoincrement=False, info=_OF_SUBJECT),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, info=OF_A_TENANT),
    Column(
        "wrapped",
        LargeBinary,
        nullable=False,
        comment="The subject's key, sealed by the tenant's key.",
        info=_SUBJECT_KEY,
    ),
    Column(
        "wrapped_by",
        Integer,
        nullable=False,
        server_default=text("1"),
        comment="Version of the tenant's key.",
        info=_OF_SUBJECT,
    ),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_OF_SUBJECT),
    Index("subject_keys_wrapped_by_idx", "tenant_id", "wrapped_by", "subject_id"),
    info=goes_with("subjects", "a key without its person opens nothing"),
)
