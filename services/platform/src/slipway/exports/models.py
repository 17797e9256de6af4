"""Tables of the exports. What they hold is a copy: it goes after days, and with the person whom it is about."""

from sqlalchemy import UUID, BigInteger, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from slipway.database.base import metadata
from slipway.inventory.declaration import OF_A_TENANT, DataClass, Form, OnErasure, OnExport, goes_with, held, kept
from slipway.inventory.purposes import Purpose

_COPY_NOTE = "Copies of what an export gives, for as long as they may be fetched; only who asked for one can open it."
_ID = held(DataClass.PERSONAL, Purpose.RIGHTS, Form.RANDOM, OnExport.EXPLAINED, OnErasure.DELETED, _COPY_NOTE)
_MEASURE = held(DataClass.PERSONAL, Purpose.RIGHTS, Form.PLAIN, OnExport.EXPLAINED, OnErasure.DELETED, _COPY_NOTE)
_COPY = held(DataClass.PERSONAL, Purpose.RIGHTS, Form.SEALED, OnExport.EXPLAINED, OnErasure.DESTROYED, _COPY_NOTE)
_RECIPIENT = held(
    DataClass.PERSONAL,
    Purpose.RIGHTS,
    Form.SEALED,
    OnExport.EXPLAINED,
    OnErasure.DESTROYED,
    "The public key of who asked for an export, to which it is encrypted.",
)

subject_exports = Table(
    "subject_exports",
    metadata,
    Column("id", UUID, ForeignKey("subject_requests.id", ondelete="CASCADE"), primary_key=True, info=_ID),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, info=OF_A_TENANT),
    Column("subject_id", UUID, ForeignKey("subjects.id", ondelete="CASCADE"), nullable=False, index=True, info=_ID),
    Column(
        "recipient",
        LargeBinary,
        nullable=False,
        comment="X25519 public key, sealed by the subject's key.",
        info=_RECIPIENT,
    ),
    Column("position", JSONB, comment="How far the making has come: a source, and the key of its last row.", info=_ID),
    Column(
        "parts",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="Parts with data that there are; until the end without the first and the last.",
        info=_MEASURE,
    ),
    Column("records", BigInteger, nullable=False, server_default=text("0"), info=_MEASURE),
    Column("data_bytes", BigInteger, nullable=False, server_default=text("0"), info=_MEASURE),
    Column("finished_at", DateTime(timezone=True), comment="From then on it may be fetched.", info=_MEASURE),
    Index("subject_exports_finished_at_idx", "finished_at"),
    info=kept(
        "finished_at", "who asked for it has to fetch it; a copy is kept no longer", setting="export_retention_days"
    ),
)

subject_export_parts = Table(
    "subject_export_parts",
    metadata,
    Column("export_id", UUID, ForeignKey("subject_exports.id", ondelete="CASCADE"), primary_key=True, info=_ID),
    Column("number", Integer, primary_key=True, autoincrement=False, info=_MEASURE),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, info=OF_A_TENANT),
    # No foreign key: a part goes with its export, and to add one waits for nobody who erases the person.
    Column("subject_id", UUID, nullable=False, index=True, info=_ID),
    Column(
        "content",
        LargeBinary,
        nullable=False,
        comment="Encrypted to the requester, and sealed by the subject's key.",
        info=_COPY,
    ),
    info=goes_with("subject_exports"),
)
